"""Reading weights, and a network that takes bytes: what every backbone shares.

B = batch, s = side of the crop, F = feature dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn


def read_state(path: Path) -> dict[str, Any]:
    """A state dict from a .safetensors file or from a PyTorch file, without running its code."""
    if path.suffix == ".safetensors":
        return load_file(path)
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


class Normalised(nn.Module):
    """Scale uint8 pixels and normalise them before the body, on whatever device they are."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, body: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.body = body
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Features (B, F) of uint8 pixels (B, 3, s, s)."""
        scaled = (pixels.to(self.mean.dtype) / 255 - self.mean) / self.std
        features: torch.Tensor = self.body(scaled)
        return features
