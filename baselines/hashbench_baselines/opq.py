"""Optimized product quantization (Ge, He, Ke, Sun, CVPR 2013), trained by FAISS."""

from __future__ import annotations

import faiss
import numpy as np

from hashbench.training.seeding import numpy_generator
from hashbench_baselines.pca import principal_directions
from hashbench_baselines.product import (
    BITS_PER_BOOK,
    WORDS,
    ProductConfig,
    ProductQuantizer,
    at_least,
)


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

    def choose_rotation(self, vectors: np.ndarray) -> np.ndarray:
        """PCA directions times the learnt rotation."""
        books = self.context.bits // BITS_PER_BOOK
        width = min(self.config.dimensions or vectors.shape[1], vectors.shape[1])
        reduced = max(books, width // books * books)
        directions = principal_directions(vectors - vectors.mean(axis=0), reduced)
        return (directions @ self._learn(vectors @ directions, reduced, books)).astype(np.float32)

    def _learn(self, projected: np.ndarray, reduced: int, books: int) -> np.ndarray:
        """The rotation (reduced, reduced), from a random one that follows the seed."""
        turn = faiss.OPQMatrix(reduced, books)
        turn.niter = self.config.rotations
        quantizer = self._quantizer(books, WORDS, reduced // books)
        turn.pq = quantizer
        generator = numpy_generator(self.context.seed, "opq")
        start, _ = np.linalg.qr(generator.standard_normal((reduced, reduced)))
        faiss.copy_array_to_vector(start.astype(np.float32).ravel(), turn.A)
        turn.train(at_least(np.ascontiguousarray(projected, dtype=np.float32), WORDS))
        learnt: np.ndarray = faiss.vector_to_array(turn.A).reshape(reduced, reduced).T
        return learnt
