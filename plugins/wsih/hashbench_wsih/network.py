"""The networks of WSIH: a hashing encoder with prototype attention, and what hangs on its codes.

B = batch, F = feature dimensions, C = concepts, L1 = width of the first layer.
"""

from __future__ import annotations

import torch
from torch import nn

from hashbench_wsih.config import WSIHConfig

# Below this sum of attention an image resembles no prototype, and none is added to it.
_NO_ATTENTION = 1e-12


class Encoder(nn.Module):
    """Features (B, F) to outputs h in (-1, 1), (B, bits); their signs are the code."""

    def __init__(self, features: int, bits: int, config: WSIHConfig) -> None:
        super().__init__()
        self.layer1 = _layer(features, config.layer1, nn.ReLU())
        self.layer2 = nn.Sequential(
            *_layer(config.layer1, config.layer2, nn.ReLU()), nn.Dropout(config.dropout)
        )
        self.layer3 = _layer(config.layer2, config.layer3, nn.ReLU())
        self.hash = _layer(config.layer3, bits, nn.Tanh())

    def forward(self, features: torch.Tensor, prototypes: torch.Tensor | None = None) -> torch.Tensor:
        """Outputs h (B, bits), attending to prototypes (C, L1) where there are any."""
        first = self.layer1(features)
        if prototypes is not None:
            first = attend(first, prototypes)
        codes: torch.Tensor = self.hash(self.layer3(self.layer2(first)))
        return codes


class Decoder(nn.Sequential):
    """Outputs h (B, bits) back to features (B, F)."""

    def __init__(self, features: int, bits: int, config: WSIHConfig) -> None:
        super().__init__(
            *_layer(bits, config.decoder, nn.ReLU()),
            nn.Linear(config.decoder, features),
            nn.BatchNorm1d(features),
        )


def attend(features: torch.Tensor, prototypes: torch.Tensor) -> torch.Tensor:
    """Half of it moves to the prototypes: f / 2 + (a P) / (2 sum(a)) with a = tanh(f P' / (2 L1)).

    Outputs of a ReLU, and prototypes that are means of such, give a >= 0. An image that shares no
    active unit with any prototype has a = 0: nothing is added, instead of dividing by zero.

    Args:
        features: f, (B, L1), not negative.
        prototypes: P, (C, L1), not negative.
    """
    weights = torch.tanh(features @ prototypes.T / (2 * prototypes.shape[1]))
    total = weights.sum(dim=1, keepdim=True).clamp(min=_NO_ATTENTION)
    return 0.5 * features + 0.5 * (weights @ prototypes) / total


def _layer(width: int, out: int, activation: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, out), nn.BatchNorm1d(out), activation)
