"""What the unsupervised quantizers share: features are scaled and projected, then coded by codewords.

N = images, F = feature dimensions, D = dimensions that are coded, M = codebooks of K codewords.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import ConfigError
from hashbench.tags.table import TagTable
from hashbench.training.seeding import derive
from hashbench_baselines.shared.blocks import by_blocks
from hashbench_baselines.shared.pca import principal_directions
from hashbench_baselines.shared.scaled import ScaledConfig, ScaledFeatures

if TYPE_CHECKING:
    from torch import nn

BITS_PER_BOOK = 8
WORDS = 2**BITS_PER_BOOK


class FeatureQuantizer(ScaledFeatures):
    """Subclasses say how to project features, how to learn codebooks and how to find codes."""

    codebooks: np.ndarray

    @abstractmethod
    def learn_projection(self, vectors: np.ndarray) -> None:
        """Choose how vectors are projected, by training vectors float32 (N, F)."""

    @abstractmethod
    def project(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors (N, F) as float32 (N, D), D a multiple of `slices`."""

    @abstractmethod
    def learn_codebooks(self, vectors: np.ndarray) -> np.ndarray:
        """Codebooks float32 (M, K, D / slices) for projected training vectors (N, D), N at least K."""

    @abstractmethod
    def find_codes(self, vectors: np.ndarray) -> np.ndarray:
        """The codewords uint8 (N, M) of projected vectors (N, D)."""

    @property
    def books(self) -> int:
        """M."""
        return self.context.bits // BITS_PER_BOOK

    @property
    def slices(self) -> int:
        """Into how many slices the projected vectors are cut, each coded on its own."""
        return 1

    def prepare(self) -> None:
        """Import FAISS."""
        import faiss  # noqa: F401, PLC0415

    def fit(self, view: TrainView[TagTable]) -> None:
        """Choose the projection, then the codebooks."""
        vectors = at_least(self.scaled(view.images.features), WORDS)
        if vectors.shape[1] < self.slices:
            raise ConfigError(
                f"bits={self.context.bits}: {self.PLUGIN_NAME} cuts features into {self.slices} slices; "
                f"features have {vectors.shape[1]} dimensions."
            )
        self.learn_projection(vectors)
        self.codebooks = self.learn_codebooks(self._project(vectors))

    def embed(self, images: ImageView) -> np.ndarray:
        """Projected features, float32 (N, D)."""
        return by_blocks(images.features, lambda part: self._project(self.scaled(part)))

    def quantize(self, embeddings: np.ndarray) -> AdditiveCodes:
        """The codewords that were found for each."""
        vectors = np.ascontiguousarray(embeddings, dtype=np.float32)
        whole = spread(self.codebooks, self.slices)
        return AdditiveCodes(by_blocks(vectors, self.find_codes), whole, Similarity.SQUARED_L2)

    def state(self) -> dict[str, np.ndarray]:
        """Codebooks (M, K, D / slices)."""
        return {"codebooks": self.codebooks}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take them back."""
        self.codebooks = state["codebooks"]

    def faiss_seed(self, purpose: str) -> int:
        """A seed for one purpose, below 2³¹ as FAISS wants it."""
        return derive(self.context.seed, purpose) % 2**31

    def _project(self, vectors: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(self.project(vectors), dtype=np.float32)


class ProjectedConfig(ScaledConfig):
    """Settings of quantizers that reduce features first.

    Attributes:
        dimensions: PCA reduces to this many dimensions, or to the nearest smaller multiple of the
            number of slices; codebooks are learnt and compared in there. 0 keeps all.
    """

    dimensions: int = Field(default=128, ge=0)


class ProjectedQuantizer(FeatureQuantizer):
    """A quantizer of features on their principal directions."""

    Config = ProjectedConfig
    projection: np.ndarray

    def choose_projection(self, vectors: np.ndarray) -> np.ndarray:
        """The leading principal directions (F, D) of vectors (N, F)."""
        features = vectors.shape[1]
        width = min(self.config.dimensions or features, features)
        reduced = max(self.slices, width // self.slices * self.slices)
        return principal_directions(vectors - vectors.mean(axis=0), reduced)

    def learn_projection(self, vectors: np.ndarray) -> None:
        """Choose it."""
        self.projection = self.choose_projection(vectors).astype(np.float32)

    def project(self, vectors: np.ndarray) -> np.ndarray:
        """Coordinates, not centred: a shift changes no distance."""
        return vectors @ self.projection

    def after_scaling(self) -> list[nn.Module]:
        """The projection."""
        from hashbench_baselines.shared.modules import Affine  # noqa: PLC0415 - torch loads slowly

        return [Affine(self.projection)]

    def state(self) -> dict[str, np.ndarray]:
        """Projection (F, D) and codebooks (M, K, D / slices)."""
        return {"projection": self.projection, **super().state()}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take both back."""
        super().load_state(state)
        self.projection = state["projection"]


def at_least(vectors: np.ndarray, count: int) -> np.ndarray:
    """Repeat training vectors where there are fewer than codewords; k-means needs one for each.

    >>> at_least(np.array([[1.0], [2.0]], dtype=np.float32), 3).ravel().tolist()
    [1.0, 2.0, 1.0]
    """
    enough = np.resize(vectors, (count, vectors.shape[1])) if len(vectors) < count else vectors
    return np.ascontiguousarray(enough, dtype=np.float32)


def spread(codebooks: np.ndarray, slices: int) -> np.ndarray:
    """Codebooks of slices as block-sparse codebooks of whole vectors.

    Args:
        codebooks: (M, K, d); each slice has as many, those of the first slice come first.
        slices: How many there are, a divisor of M.

    Returns:
        float32 (M, K, slices d).

    >>> spread(np.array([[[1.0]], [[2.0]]]), slices=2).tolist()
    [[[1.0, 0.0]], [[0.0, 2.0]]]
    """
    books, words, width = codebooks.shape
    whole = np.zeros((books, words, slices, width), dtype=np.float32)
    book = np.arange(books)
    whole[book, :, book * slices // books] = codebooks
    return whole.reshape(books, words, slices * width)
