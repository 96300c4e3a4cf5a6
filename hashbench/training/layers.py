"""What networks are made of.

B = batch, F = feature dimensions, D = embedding dimensions.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class Network(nn.Module):
    """What maps a method's inputs to embeddings: its head, after a backbone where that trains too.

    Attributes:
        width: F, a number: with it, the network can be built again from its state.
    """

    width: torch.Tensor

    def __init__(self, head: nn.Module, width: int, body: nn.Module | None = None) -> None:
        super().__init__()
        self.register_buffer("width", torch.tensor(width))
        self.body = body
        self.head = head

    def forward(self, inputs: torch.Tensor) -> Any:
        """What the head makes of features (B, F), or of pixels uint8 (B, 3, s, s) where there is a body."""
        return self.head(inputs if self.body is None else self.body(inputs))


def head(width: int, outputs: int, *, hidden: int = 0, dropout: float = 0.0) -> nn.Sequential:
    """A linear layer from (B, width) to (B, outputs), after a hidden one if its width is not 0."""
    layers: list[nn.Module] = []
    if hidden:
        layers += [nn.Dropout(dropout), nn.Linear(width, hidden), nn.ReLU()]
    return nn.Sequential(*layers, nn.Dropout(dropout), nn.Linear(hidden or width, outputs))


def straight_through(values: torch.Tensor, codes: torch.Tensor | None = None) -> torch.Tensor:
    """Codes of values, of the same shape, through which gradients pass as if they were the values.

    Args:
        values: Outputs of a network.
        codes: What they become; their signs, minus and plus one, if nothing else is given.
    """
    given = torch.where(values > 0, 1.0, -1.0).to(values.dtype) if codes is None else codes
    # In this order the result is a code to the last bit, whatever the values.
    return given.detach() + (values - values.detach())
