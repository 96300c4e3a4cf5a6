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
    """Features (B, F) to outputs h in (-1, 1), (B, bits); their signs are the code.

    Attributes:
        prototypes: What each concept looks like: mean outputs of the first layer, (C, L1); C is 0 without
            a web stage.
        prototype_codes: Signs of the mean outputs of the hash layer, (C, bits).
        attends: Whether images attend to the prototypes.
    """

    prototypes: torch.Tensor
    prototype_codes: torch.Tensor

    def __init__(self, features: int, bits: int, concepts: int, config: WSIHConfig) -> None:
        super().__init__()
        self.attends = False
        self.register_buffer("prototypes", torch.zeros(concepts, config.layer1))
        self.register_buffer("prototype_codes", torch.zeros(concepts, bits))
        self.layer1 = _layer(features, config.layer1, nn.ReLU())
        self.layer2 = nn.Sequential(
            *_layer(config.layer1, config.layer2, nn.ReLU()), nn.Dropout(config.dropout)
        )
        self.layer3 = _layer(config.layer2, config.layer3, nn.ReLU())
        self.hash = _layer(config.layer3, bits, nn.Tanh())

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Outputs h (B, bits)."""
        first = self.layer1(features)
        if self.attends:
            first = attend(first, self.prototypes)
        codes: torch.Tensor = self.hash(self.layer3(self.layer2(first)))
        return codes


class Beside(nn.Module):
    """Outputs h of an encoder, and what another network makes of them, side by side, (B, bits + D)."""

    def __init__(self, encoder: Encoder, other: nn.Module) -> None:
        super().__init__()
        self.encoder, self.other = encoder, other

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Both for features (B, F)."""
        codes = self.encoder(features)
        return torch.cat([codes, self.other(codes)], dim=1)


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
