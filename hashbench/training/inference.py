"""What a network makes of images as they are.

N = images, D = dimensions of outputs.
"""

from __future__ import annotations

import torch
from torch import nn

from hashbench.data.views import ImageView
from hashbench.training.machine import Machine
from hashbench.training.source import Source


class Applied(nn.Module):
    """A network on images as they are: the mean over crops, if any, float32 (B, D)."""

    def __init__(self, network: nn.Module, source: Source) -> None:
        super().__init__()
        self.network, self.source = network, source
        # A backbone that is frozen is a part of this, too.
        self.frozen = source.frozen if source.reads_pixels and not source.finetunes else None

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Outputs for rows of the cache: features (B, F), or pixels uint8 (B, S, S, 3)."""
        crops = [self.network(inputs).float() for inputs in self.source.evaluation(rows)]
        return torch.stack(crops).mean(dim=0) if len(crops) > 1 else crops[0]


# Products of matrices round by their shape: every image goes through in a batch of this many, so that
# what becomes of it does not depend on the images beside it.
_BATCH = 64


@torch.no_grad()
def outputs(network: nn.Module, images: ImageView, source: Source, machine: Machine) -> torch.Tensor:
    """Outputs float32 (N, D) on the device, without dropout or gradients; the mean over crops, if any."""
    was_training = network.training
    applied = Applied(network.eval(), source)
    parts = [torch.empty((0, 1), device=machine.device)]
    for start in range(0, len(images), _BATCH):
        rows = source.read(images, slice(start, start + _BATCH))
        batch = rows.new_zeros((_BATCH, *rows.shape[1:]))
        batch[: len(rows)] = rows
        with machine.autocast():
            parts.append(applied(batch.to(machine.device))[: len(rows)])
    network.train(was_training)
    return torch.cat(parts[1:] or parts)
