"""What WSDHQ minimises by gradient steps, and how it alternates with closed-form steps on the codes.

B = batch, N = training images, U = tags, D = dimensions.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from scipy import sparse
from torch import nn
from torch.nn import functional

from hashbench.training.objective import Batch, Objective
from hashbench_wsdhq.codebooks import Alternation
from hashbench_wsdhq.config import WSDHQConfig
from hashbench_wsdhq.losses import (
    margin_loss,
    quantization_loss,
    similarities,
    tag_margins,
    wdht_loss,
)
from hashbench_wsdhq.network import rate_multiplier


def placed(embeddings: torch.Tensor, config: WSDHQConfig) -> torch.Tensor:
    """Embeddings where they are quantized and compared: on the unit sphere, or as they come."""
    return functional.normalize(embeddings) if config.sphere else embeddings


class Placed(nn.Module):
    """The same, as the last layer of a network."""

    def __init__(self, config: WSDHQConfig) -> None:
        super().__init__()
        self.config = config

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Embeddings (B, D) where they are compared."""
        return placed(embeddings, self.config)


def objective(
    tags: torch.Tensor,
    positive: sparse.csr_array,
    alternation: Alternation,
    *,
    metric: torch.Tensor,
    config: WSDHQConfig,
    embed: Callable[[], torch.Tensor],
) -> Objective:
    """The total loss: semantic, plus lambda times quantization once there are codes.

    Args:
        tags: (U, D), the tags' semantic embeddings.
        positive: sparse bool (N, U), which tags each image carries.
        alternation: Codes and codebooks; they are updated every few epochs.
        metric: (D, D), see `quantizer.whitening`.
        config: The settings.
        embed: Gives the embeddings (N, D) of all training images as they are now, where they are compared.
    """
    margins, joint = tag_margins(tags, config.gamma), config.quantization == "joint"
    if config.margin == "fixed":
        margins = torch.full_like(margins, config.fixed_margin)

    def semantic(raw: torch.Tensor, carried: torch.Tensor) -> torch.Tensor:
        if config.loss == "wdht":
            return wdht_loss(raw, carried, tags, config.fixed_margin)
        similarity = similarities(raw, tags, normalize=config.normalize)
        return margin_loss(similarity, carried, margins, hardest=config.hardest)

    def total(batch: Batch) -> torch.Tensor:
        value = semantic(batch.output, batch.targets["tags"])
        aim = alternation.reconstructions(batch.indices) if joint else None
        if aim is not None:
            value = value + config.weight * quantization_loss(placed(batch.output, config), aim, metric)
        return value

    def alternate(epoch: int) -> None:
        if joint and epoch % config.update_every == 0:
            alternation.update(embed())

    return Objective(
        total,
        targets={"tags": positive},
        modules=[alternation],
        multiplier=lambda name: rate_multiplier(name, config),
        on_epoch_end=alternate,
    )
