"""Stage 1 of WSIH: the encoder learns concepts from web images, and prototypes of them are kept.

W = web images, F = feature dimensions, C = concepts, L1 = width of the encoder's first layer.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from hashbench.data.views import WebView
from hashbench.training.objective import Batch, Objective, Stage
from hashbench.training.schedule import Schedule
from hashbench_wsih.config import WSIHConfig
from hashbench_wsih.losses import prototype_loss
from hashbench_wsih.network import Beside, Encoder


def prototype_stage(web: WebView, encoder: Encoder, bits: int, config: WSIHConfig) -> Stage:
    """Train encoder and a classifier of its outputs on web images.

    Args:
        web: W images, and what each was searched for; every concept has an image.
        encoder: Is trained, all of it.
        bits: Of the encoder's outputs.
        config: The settings.
    """

    def loss(batch: Batch) -> torch.Tensor:
        codes, scores = batch.output[:, :bits], batch.output[:, bits:]
        return prototype_loss(codes, scores, batch.targets["concepts"], config)

    count = len(web.images)
    schedule = Schedule.of_epochs(config.web_epochs, count, config.web_batch or count, config.learning_rate)
    head = Beside(encoder, nn.Linear(bits, len(web.names)))
    objective = Objective(loss, targets={"concepts": web.concepts}, head=head)
    return Stage(web.images, objective, schedule, "stage 1, prototypes: gradient steps")


def keep_prototypes(
    encoder: Encoder, first: torch.Tensor, codes: torch.Tensor, concepts: torch.Tensor
) -> float:
    """Keep in the encoder what each concept looks like, on the average of its web images.

    Args:
        encoder: Is given the prototypes.
        first: What its first layer made of the web images, (W, L1).
        codes: What it made of them, (W, bits).
        concepts: int64 (W,).

    Returns:
        The share of these images that are nearest their own concept's code.
    """
    encoder.prototypes, encoder.prototype_codes = _means(first, concepts), _means(codes, concepts).sign()
    nearest = (codes @ encoder.prototype_codes.T).argmax(dim=1)
    return (nearest == concepts).float().mean().item()


def _means(values: torch.Tensor, concepts: torch.Tensor) -> torch.Tensor:
    """Mean of the rows of each concept, (C, D)."""
    member = functional.one_hot(concepts).type_as(values)
    return member.T @ values / member.sum(dim=0)[:, None]
