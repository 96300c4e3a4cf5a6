"""The backbone's features as they are: what every code of them is measured against.

N = images, F = feature dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hashbench.codes.additive import Similarity
from hashbench.codes.floats import FloatCodes
from hashbench.data.views import TrainView
from hashbench.tags.table import TagTable
from hashbench_baselines.shared.scaled import ScaledFeatures


class Float32(ScaledFeatures):
    """No code at all. Learns nothing, has no randomness, and takes 32 bits a dimension."""

    PLUGIN_NAME = "float32"
    DESCRIPTION = "features without compression, 32 bits a dimension"
    RANDOM = False

    def bits_for(self, width: int) -> int:
        """32 F."""
        return 32 * width

    def fit(self, view: TrainView[TagTable]) -> None:
        """Nothing is learnt."""

    def quantize(self, embeddings: np.ndarray) -> FloatCodes:
        """The embeddings themselves."""
        return FloatCodes(embeddings, Similarity.SQUARED_L2)

    def state(self) -> dict[str, np.ndarray]:
        """Nothing."""
        return {}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """There is nothing to take back."""
