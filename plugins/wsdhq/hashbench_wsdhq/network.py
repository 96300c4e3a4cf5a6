"""The fusion layer on top of the backbone: what maps images to the tags' space.

B = batch, F = feature dimensions, D = dimensions of the tag embeddings.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from hashbench_wsdhq.config import WSDHQConfig


class Head(nn.Module):
    """An optional hidden layer, then the fusion layer with tanh; features (B, F) to (B, D)."""

    def __init__(self, features: int, dimensions: int, config: WSDHQConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = features
        if config.hidden:
            layers += [nn.Dropout(config.dropout), nn.Linear(width, config.hidden), nn.ReLU()]
            width = config.hidden
        self.hidden = nn.Sequential(*layers)
        self.fusion = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(width, dimensions))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Embeddings r (B, D)."""
        return torch.tanh(self.fusion(self.hidden(features)))


def parameter_groups(network: nn.Module, config: WSDHQConfig) -> list[dict[str, Any]]:
    """Parameters with the factors on their learning rate.

    The fusion layer learns `fusion_multiplier` times as fast as the rest, biases `bias_multiplier`
    times as fast as weights: 10, 20 and 2 in the authors' code.
    """
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        factor = config.fusion_multiplier if "fusion." in name else 1.0
        factor *= config.bias_multiplier if name.endswith("bias") else 1.0
        groups.setdefault(factor, []).append(parameter)
    return [{"params": params, "multiplier": factor} for factor, params in groups.items()]
