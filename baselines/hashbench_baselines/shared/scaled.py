"""What codes of features share that compare them by their angles: features at unit length.

N = images, F = feature dimensions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView
from hashbench.methods.config import MethodConfig
from hashbench.methods.method import Method
from hashbench_baselines.shared.unit import unit_length

if TYPE_CHECKING:
    from torch import nn


class ScaledConfig(MethodConfig):
    """Settings of codes of features.

    Attributes:
        normalize: Scale features to unit length first, so that nearest means most similar by cosine.
    """

    normalize: bool = True


class ScaledFeatures(Method):
    """An unsupervised method whose embeddings are the features themselves, if it does not say otherwise."""

    SUPERVISION = Supervision.NONE
    Config = ScaledConfig

    def embed(self, images: ImageView) -> np.ndarray:
        """Features, float32 (N, F)."""
        return self.scaled(images.features)

    def scaled(self, features: np.ndarray) -> np.ndarray:
        """Features (N, F) at the length at which they are compared."""
        return unit_length(features) if self.config.normalize else features

    def module(self) -> nn.Module:
        """The scaling, and `after_scaling`."""
        from torch import nn  # noqa: PLC0415 - torch loads slowly

        from hashbench_baselines.shared.modules import UnitLength  # noqa: PLC0415

        scaling = UnitLength() if self.config.normalize else nn.Identity()
        return nn.Sequential(scaling, *self.after_scaling())

    def after_scaling(self) -> list[nn.Module]:
        """What embeddings are made of scaled features by, as modules: nothing, unless overridden."""
        return []
