"""What the codes with a size of their own share: unit-length features, compared as they are.

N = images, F = feature dimensions.
"""

from __future__ import annotations

import numpy as np

from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView
from hashbench.methods.config import MethodConfig
from hashbench.methods.method import Method
from hashbench_baselines.shared.unit import unit_length


class UncompressedConfig(MethodConfig):
    """Settings of codes that keep every dimension.

    Attributes:
        normalize: Scale features to unit length first, so that nearest means most similar by cosine.
    """

    normalize: bool = True


class Uncompressed(Method):
    """Codes whose size follows from the features' width, whatever the budget."""

    SUPERVISION = Supervision.NONE
    Config = UncompressedConfig

    def embed(self, images: ImageView) -> np.ndarray:
        """Features, float32 (N, F)."""
        return self.scaled(images.features)

    def scaled(self, features: np.ndarray) -> np.ndarray:
        """Features (N, F) at the length at which they are compared."""
        return unit_length(features) if self.config.normalize else features
