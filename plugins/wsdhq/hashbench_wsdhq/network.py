"""The fusion layer on top of the backbone: what maps images to the tags' space.

B = batch, F = feature dimensions, D = dimensions of the tag embeddings.
"""

from __future__ import annotations

import torch
from torch import nn

from hashbench_wsdhq.codebooks import Codebooks
from hashbench_wsdhq.config import WSDHQConfig


class Head(nn.Module):
    """An optional hidden layer, then the fusion layer with tanh; features (B, F) to (B, D).

    Attributes:
        codebooks: What quantizes its outputs; no gradient reaches them.
        tag_mean: (D,), what tags' word vectors were centred by, and a search's words are.
    """

    tag_mean: torch.Tensor

    def __init__(self, features: int, dimensions: int, books: int, config: WSDHQConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = features
        if config.hidden:
            layers += [nn.Dropout(config.dropout), nn.Linear(width, config.hidden), nn.ReLU()]
            width = config.hidden
        self.hidden = nn.Sequential(*layers)
        self.fusion = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(width, dimensions))
        self.codebooks = Codebooks(books, dimensions, config.icm_sweeps)
        self.register_buffer("tag_mean", torch.zeros(dimensions))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Embeddings r (B, D)."""
        return torch.tanh(self.fusion(self.hidden(features)))


def rate_multiplier(name: str, config: WSDHQConfig) -> float:
    """The factor on the learning rate of a parameter of that name.

    The fusion layer learns `fusion_multiplier` times as fast as the rest, biases `bias_multiplier`
    times as fast as weights: 10, 20 and 2 in the authors' code.

    >>> config = WSDHQConfig(fusion_multiplier=10, bias_multiplier=2)
    >>> names = ("body.conv.weight", "body.conv.bias", "head.fusion.1.weight", "head.fusion.1.bias")
    >>> [rate_multiplier(name, config) for name in names]
    [1.0, 2.0, 10.0, 20.0]
    """
    fusion = config.fusion_multiplier if "fusion." in name else 1.0
    return fusion * (config.bias_multiplier if name.endswith("bias") else 1.0)
