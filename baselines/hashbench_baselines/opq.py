"""Optimized product quantization (Ge, He, Ke, Sun, CVPR 2013), trained by FAISS."""

from __future__ import annotations

from collections.abc import Mapping

import faiss
import numpy as np

from hashbench.training.seeding import numpy_generator
from hashbench_baselines.pca import principal_directions
from hashbench_baselines.product import WORDS, ProductConfig, ProductQuantizer, at_least


class OPQConfig(ProductConfig):
    """Settings of OPQ.

    Attributes:
        dimensions: PCA reduces to this many dimensions, or to the nearest smaller multiple of M;
            the rotation is learnt in there. 0 keeps all.
        rotations: Alternations between rotation and codebooks (FAISS's default).
    """

    dimensions: int = 128
    rotations: int = 50


class OPQ(ProductQuantizer):
    """PCA and the rotation under which slices quantize best, then PQ."""

    PLUGIN_NAME = "opq"
    DESCRIPTION = "PQ after the rotation that suits it best (Ge et al., 2013)"
    Config = OPQConfig

    rotation: np.ndarray

    def learn_turn(self, vectors: np.ndarray) -> None:
        """PCA directions times the learnt rotation."""
        width = min(self.config.dimensions or vectors.shape[1], vectors.shape[1])
        reduced = max(self.books, width // self.books * self.books)
        directions = principal_directions(vectors - vectors.mean(axis=0), reduced)
        self.rotation = (directions @ self._rotate(vectors @ directions)).astype(np.float32)

    def turn(self, vectors: np.ndarray) -> np.ndarray:
        """Reduce and rotate."""
        return vectors @ self.rotation

    def state(self) -> dict[str, np.ndarray]:
        """Rotation (F, F') and codebooks (M, K, F' / M)."""
        return {"rotation": self.rotation, **super().state()}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take both back."""
        super().load_state(state)
        self.rotation = state["rotation"]

    def _rotate(self, projected: np.ndarray) -> np.ndarray:
        """The best rotation (F', F') that is found from a random one, which follows the seed."""
        width = projected.shape[1]
        learner = faiss.OPQMatrix(width, self.books)
        learner.niter = self.config.rotations
        quantizer = self.quantizer(width)
        learner.pq = quantizer
        generator = numpy_generator(self.context.seed, "opq")
        start, _ = np.linalg.qr(generator.standard_normal((width, width)))
        faiss.copy_array_to_vector(start.astype(np.float32).ravel(), learner.A)
        learner.train(at_least(projected, WORDS))
        return faiss.vector_to_array(learner.A).reshape(width, width).T
