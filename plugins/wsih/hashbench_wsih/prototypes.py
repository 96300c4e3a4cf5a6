"""Stage 1 of WSIH: the encoder learns concepts from web images, and prototypes of them are kept.

W = web images, F = feature dimensions, C = concepts, L1 = width of the encoder's first layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from hashbench.methods.method import Context
from hashbench.training.loop import Schedule, train
from hashbench.training.seeding import torch_generator
from hashbench_wsih.config import WSIHConfig
from hashbench_wsih.losses import prototype_loss
from hashbench_wsih.network import Encoder


@dataclass(frozen=True)
class Prototypes:
    """What each concept looks like, on the average of its web images.

    Attributes:
        features: (C, L1), mean outputs of the first layer: what target images attend to.
        codes: (C, bits), signs of the mean outputs of the hash layer.
    """

    features: torch.Tensor
    codes: torch.Tensor


def learn_prototypes(
    features: torch.Tensor,
    concepts: torch.Tensor,
    encoder: Encoder,
    classifier: nn.Linear,
    *,
    config: WSIHConfig,
    context: Context,
) -> Prototypes:
    """Train encoder and classifier on web images, and average what the images became.

    Args:
        features: (W, F).
        concepts: int64 (W,), what each image was searched for; every concept has an image.
        encoder: Is trained, all of it.
        classifier: Is trained; maps outputs (B, bits) to scores (B, C).
        config: The settings.
        context: Seed and progress.
    """

    def loss(batch: torch.Tensor) -> torch.Tensor:
        chosen = batch.to(features.device)
        codes = encoder(features[chosen])
        return prototype_loss(codes, classifier(codes), concepts[chosen], config)

    count = len(features)
    encoder.train()
    train(
        [{"params": [*encoder.parameters(), *classifier.parameters()]}],
        loss,
        Schedule.of_epochs(config.web_epochs, count, config.web_batch or count, config.learning_rate),
        count=count,
        generator=torch_generator(context.seed, "web batches"),
        progress=context.progress,
        title="stage 1, prototypes: gradient steps",
    )
    encoder.eval()
    with torch.inference_mode():
        first, codes = encoder.layer1(features), encoder(features)
        found = Prototypes(_means(first, concepts), _means(codes, concepts).sign())
        share = ((codes @ found.codes.T).argmax(dim=1) == concepts).float().mean().item()
    context.progress.note(
        f"{len(found.codes)} prototypes of {count} web images; {share:.0%} of these are nearest their own "
        "concept's code"
    )
    return found


def _means(values: torch.Tensor, concepts: torch.Tensor) -> torch.Tensor:
    """Mean of the rows of each concept, (C, D)."""
    member = functional.one_hot(concepts).to(values.dtype)
    return member.T @ values / member.sum(dim=0)[:, None]
