"""What a network makes of images as they are.

N = images, D = dimensions of outputs.
"""

from __future__ import annotations

import torch
from torch import nn

from hashbench.data.views import ImageView
from hashbench.training.machine import Machine
from hashbench.training.source import Source

# Products of matrices round by their shape: every image goes through in a batch of this many, so that
# what becomes of it does not depend on the images beside it.
_BATCH = 64


@torch.no_grad()
def outputs(network: nn.Module, images: ImageView, source: Source, machine: Machine) -> torch.Tensor:
    """Outputs float32 (N, D) on the device, without dropout or gradients; the mean over crops, if any."""
    was_training = network.training
    network.eval()
    parts = [torch.empty((0, 1), device=machine.device)]
    for start in range(0, len(images), _BATCH):
        rows = source.read(images, slice(start, start + _BATCH))
        batch = rows.new_zeros((_BATCH, *rows.shape[1:]))
        batch[: len(rows)] = rows
        with machine.autocast():
            crops = [network(inputs).float() for inputs in source.evaluation(batch.to(machine.device))]
        mean = torch.stack(crops).mean(dim=0) if len(crops) > 1 else crops[0]
        parts.append(mean[: len(rows)])
    network.train(was_training)
    return torch.cat(parts[1:] or parts)
