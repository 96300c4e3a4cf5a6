"""What the linear hash functions share: bits are the signs of an affine projection.

N = images, F = feature dimensions, b = bits.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from hashbench.codes.binary import BinaryCodes
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.methods.method import Method
from hashbench.tags.table import TagTable
from hashbench_baselines.shared.blocks import by_blocks

if TYPE_CHECKING:
    from torch import nn


class LinearHash(Method):
    """Subclasses say how to choose the projection of centred features."""

    SUPERVISION = Supervision.NONE
    mean: np.ndarray
    projection: np.ndarray

    @abstractmethod
    def choose_projection(self, centred: np.ndarray, view: TrainView[TagTable]) -> np.ndarray:
        """A projection (F, b) for centred training features float32 (N, F) and what else is to be seen."""

    def fit(self, view: TrainView[TagTable]) -> None:
        """Centre, then choose the projection."""
        features = view.images.features
        self.mean = features.mean(axis=0)
        self.projection = self.choose_projection(features - self.mean, view).astype(np.float32)

    def embed(self, images: ImageView) -> np.ndarray:
        """Projections, float32 (N, b)."""
        return by_blocks(images.features, lambda part: (part - self.mean) @ self.projection)

    def module(self) -> nn.Module:
        """The affine projection."""
        from hashbench_baselines.shared.modules import Affine  # noqa: PLC0415 - torch loads slowly

        return Affine(self.projection, self.mean)

    def quantize(self, embeddings: np.ndarray) -> BinaryCodes:
        """Their signs."""
        return BinaryCodes.from_signs(embeddings)

    def state(self) -> dict[str, np.ndarray]:
        """Mean (F,) and projection (F, b)."""
        return {"mean": self.mean, "projection": self.projection}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take both back."""
        self.mean, self.projection = state["mean"], state["projection"]
