"""A backbone for small pictures, so that methods which see pixels can be tested in no time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hashbench.errors import WeightsError
from hashbench.features.backbone import Backbone

if TYPE_CHECKING:
    from torch import nn


class Mosaic(Backbone):
    """Random filters, averaged over the sixteen parts of a picture; it needs no file."""

    PLUGIN_NAME = "mosaic"
    DESCRIPTION = "random filters, for tests"
    DIM = 64
    SIDE = 32
    CROP = 24
    MEAN = (0.5, 0.5, 0.5)
    STD = (0.5, 0.5, 0.5)

    def own_weights(self) -> Path:
        """There is no such file.

        Raises:
            WeightsError: Always.
        """
        raise WeightsError("backbone 'mosaic' draws its weights. Expected nobody to ask for a file.")

    def build(self, state: dict[str, Any]) -> nn.Module:
        """Filters with these weights."""
        from torch import nn  # noqa: PLC0415 - start-up stays fast without it

        filters = nn.Conv2d(3, 4, 3, stride=2)
        body = nn.Sequential(filters, nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten())
        if state:
            body.load_state_dict(state)
        return body

    def network(self) -> nn.Module:
        """The network with weights of one fixed seed; the caller's random state stays as it was."""
        import torch  # noqa: PLC0415

        from hashbench.features.network import Normalised  # noqa: PLC0415

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return Normalised(self.build({}), self.MEAN, self.STD)
