"""Stage 1 of WSIH: the encoder learns concepts from web images, and prototypes of them are kept.

W = web images, F = feature dimensions, C = concepts, L1 = width of the encoder's first layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from hashbench.methods.method import Context
from hashbench.training.loop import Schedule, train
from hashbench.training.seeding import torch_generator
from hashbench_wsih.config import WSIHConfig
from hashbench_wsih.losses import cosines, prototype_loss
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
    """Train encoder and classifier on web images, and average what they became.

    Args:
        features: (W, F).
        concepts: int64 (W,), what each image was searched for; every concept has an image.
        encoder: Is trained, all of it.
        classifier: Is trained; maps outputs (B, bits) to scores (B, C).
        config: The settings.
        context: Seed and progress.
    """
    size = min(config.web_batch or len(features), len(features))

    def loss(batch: torch.Tensor) -> torch.Tensor:
        chosen = batch.to(features.device)
        codes = encoder(features[chosen])
        return prototype_loss(codes, classifier(codes), concepts[chosen], config)

    encoder.train()
    train(
        [{"params": [*encoder.parameters(), *classifier.parameters()]}],
        loss,
        Schedule(
            iterations=config.web_epochs * (len(features) // size),
            batch_size=size,
            learning_rate=config.learning_rate,
        ),
        count=len(features),
        generator=torch_generator(context.seed, "web batches"),
        progress=context.progress,
    )
    encoder.eval()
    with torch.inference_mode():
        first, codes = encoder.layer1(features), encoder(features)
        count = int(concepts.max()) + 1
        found = Prototypes(_means(first, concepts, count), _means(codes, concepts, count).sign())
        nearest = cosines(torch.cat([codes, found.codes]))[: len(codes), len(codes) :].argmax(dim=1)
    share = float((nearest == concepts).float().mean())
    context.progress.note(
        f"{count} prototypes of {len(features)} web images, {share:.0%} of these nearest the code of the "
        "prototype of their concept"
    )
    return found


def _means(values: torch.Tensor, groups: torch.Tensor, count: int) -> torch.Tensor:
    """Mean of the rows of each group, (count, D)."""
    sums = values.new_zeros((count, values.shape[1])).index_add_(0, groups, values)
    return sums / torch.bincount(groups, minlength=count)[:, None]
