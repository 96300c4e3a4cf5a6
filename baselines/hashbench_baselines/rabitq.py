"""RaBitQ (Gao and Long, SIGMOD 2024): one bit a dimension, and two numbers an item that make it unbiased.

N = images, F = feature dimensions, D = dimensions that are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hashbench.codes.additive import Similarity
from hashbench.codes.scalar import ScalarCodes
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import ConfigError
from hashbench.tags.table import TagTable
from hashbench_baselines.shared.blocks import by_blocks
from hashbench_baselines.shared.pca import principal_directions
from hashbench_baselines.shared.rotation import random_rotation
from hashbench_baselines.shared.scaled import ScaledConfig, ScaledFeatures

if TYPE_CHECKING:
    from torch import nn

# Two float32 numbers an item.
_FACTOR_BITS = 64


class RaBitQConfig(ScaledConfig):
    """Settings of RaBitQ.

    Attributes:
        dimensions: PCA reduces to this many dimensions first; 0 keeps all, as the paper does.
    """

    dimensions: int = Field(default=0, ge=0, multiple_of=8)


class RaBitQ(ScaledFeatures):
    """Signs of randomly turned features, scaled so that inner products are right on average."""

    PLUGIN_NAME = "rabitq"
    DESCRIPTION = "one bit a dimension and two factors an item (Gao and Long, 2024)"
    Config = RaBitQConfig
    mean: np.ndarray
    rotation: np.ndarray

    def bits_for(self, width: int) -> int:
        """D bits, filled up to whole bytes, and the factors' 64."""
        return -(-(self.config.dimensions or width) // 8) * 8 + _FACTOR_BITS

    def fit(self, view: TrainView[TagTable]) -> None:
        """Centre, and draw the rotation."""
        vectors = self.scaled(view.images.features)
        width = vectors.shape[1]
        kept = self.config.dimensions or width
        if kept > width:
            raise ConfigError(f"rabitq setting dimensions={kept}: features have {width}.")
        self.mean = vectors.mean(axis=0)
        turn = random_rotation(kept, self.context.seed, "rabitq")
        if kept < width:
            turn = principal_directions(vectors - self.mean, kept) @ turn
        self.rotation = turn.astype(np.float32)

    def embed(self, images: ImageView) -> np.ndarray:
        """Centred and turned features, float32 (N, D)."""
        return by_blocks(images.features, lambda part: (self.scaled(part) - self.mean) @ self.rotation)

    def after_scaling(self) -> list[nn.Module]:
        """Centring and the rotation."""
        from hashbench_baselines.shared.modules import Affine  # noqa: PLC0415 - torch loads slowly

        return [Affine(self.rotation, self.mean)]

    def quantize(self, embeddings: np.ndarray) -> ScalarCodes:
        """Signs of items x, scaled to give |x|^2 with x, and with a query q <x, q> on average.

        That is the paper's unbiased estimator (theorem 3.2) with the item's norm multiplied in. FAISS's
        `IndexRaBitQ` has the same distances; its bytes are laid out for its own use.
        """
        lengths = np.einsum("nd,nd->n", embeddings, embeddings)
        spread = np.maximum(np.abs(embeddings).sum(axis=1), np.finfo(np.float32).tiny)
        offset, step = np.array([-1], dtype=np.float32), np.array([2], dtype=np.float32)
        return ScalarCodes(
            np.packbits(embeddings > 0, axis=1),
            offset,
            step,
            embeddings.shape[1],
            np.stack([lengths / spread, lengths], axis=1),
            Similarity.SQUARED_L2,
        )

    @property
    def trained_parameters(self) -> int:
        """The mean, and principal directions where there are fewer than all: the rotation is drawn."""
        return self.mean.size + (self.rotation.size if self.config.dimensions else 0)

    def state(self) -> dict[str, np.ndarray]:
        """Mean (F,) and rotation (F, D)."""
        return {"mean": self.mean, "rotation": self.rotation}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take both back."""
        self.mean, self.rotation = state["mean"], state["rotation"]
