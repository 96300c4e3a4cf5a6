"""Control: image features beside predicted tag embeddings, then PQ (Jegou, Douze, Schmid, TPAMI 2011).

N = images, F = feature dimensions, T = dimensions of word vectors, D = dimensions that are coded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hashbench.data.supervision import Supervision
from hashbench.data.views import TrainView
from hashbench.tags.embeddings import BUNDLED, embeddings_fingerprint
from hashbench.tags.table import TagTable
from hashbench_baselines.shared.blocks import by_blocks
from hashbench_baselines.shared.moments import Moments
from hashbench_baselines.shared.product import ProductConfig, ProductQuantizer
from hashbench_baselines.shared.quantizer import ProjectedConfig, ProjectedQuantizer
from hashbench_baselines.shared.ridge import ridge_regression
from hashbench_baselines.shared.tag_targets import tag_means
from hashbench_baselines.shared.unit import unit_length

if TYPE_CHECKING:
    from torch import nn


class FusedPQConfig(ProductConfig, ProjectedConfig):
    """Settings of Fused-PQ.

    Attributes:
        embeddings: Word vectors of the tags: the bundled ones, or a word2vec or GloVe file.
        ridge: Of the regression, times the features' total variance.
        weight: Length of the predicted tag embedding, where the image features' is 1.
    """

    embeddings: str = BUNDLED
    ridge: float = Field(default=0.5, gt=0)
    weight: float = Field(default=2.0, ge=0)


class FusedPQ(ProductQuantizer, ProjectedQuantizer):
    """What an image looks like and what its tags would say, by weight, in one code."""

    PLUGIN_NAME = "fused-pq"
    DESCRIPTION = "control: PQ of image features beside predicted tag embeddings"
    SUPERVISION = Supervision.TAGS
    Config = FusedPQConfig
    mean: np.ndarray
    regression: np.ndarray

    def sources(self) -> dict[str, str]:
        """The word vectors' content."""
        return {"embeddings": embeddings_fingerprint(self.config.embeddings)}

    def fit(self, view: TrainView[TagTable]) -> None:
        """Learn to predict tag embeddings, then to code both.

        Raises:
            DataError: Fewer than two images have a tag with a word vector.
        """
        means, tagged = tag_means(view.tags, self.config.embeddings)
        vectors = self.scaled(view.images.features)
        weights = ridge_regression(Moments.of(vectors, means, tagged), self.config.ridge)
        self.mean, self.regression = vectors.mean(axis=0), weights.astype(np.float32)
        del vectors
        super().fit(view)

    def choose_projection(self, vectors: np.ndarray) -> np.ndarray:
        """Principal directions of fused vectors, (F + T, D)."""
        return super().choose_projection(by_blocks(vectors, self._fuse))

    def project(self, vectors: np.ndarray) -> np.ndarray:
        """Fuse, then project."""
        return super().project(self._fuse(vectors))

    def after_scaling(self) -> list[nn.Module]:
        """The prediction beside the features, then the projection."""
        from torch import nn  # noqa: PLC0415 - torch loads slowly

        from hashbench_baselines.shared.modules import Affine, Beside, UnitLength  # noqa: PLC0415

        predicted = nn.Sequential(Affine(self.regression, self.mean), UnitLength())
        return [Beside(predicted, self.config.weight), *super().after_scaling()]

    def state(self) -> dict[str, np.ndarray]:
        """Mean (F,), regression (F, T), and the quantizer's."""
        return {"mean": self.mean, "regression": self.regression, **super().state()}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take all back."""
        super().load_state(state)
        self.mean, self.regression = state["mean"], state["regression"]

    def _fuse(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors (N, F) with the predictions beside them, float32 (N, F + T)."""
        predicted = unit_length((vectors - self.mean) @ self.regression)
        return np.hstack([vectors, self.config.weight * predicted])
