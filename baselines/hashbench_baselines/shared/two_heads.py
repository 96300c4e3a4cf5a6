"""A network that says two things of an image in training, and one of them afterwards.

B = batch, F = feature dimensions, b = bits, D = dimensions of the second output.
"""

from __future__ import annotations

import torch
from torch import nn


class TwoHeads(nn.Module):
    """Outputs of some layers, and of another last one beside theirs, which ends with training."""

    def __init__(self, layers: nn.Module, width: int) -> None:
        super().__init__()
        *below, self.first = layers.children()
        self.below = nn.Sequential(*below)
        # A layer's first parameter is its weight, (b, width of what is below).
        self.second = nn.Linear(next(self.first.parameters()).shape[1], width)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Both outputs of features (B, F), side by side, (B, b + D)."""
        hidden = self.below(features)
        return torch.cat([self.first(hidden), self.second(hidden)], dim=1)
