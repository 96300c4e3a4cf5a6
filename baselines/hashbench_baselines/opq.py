"""Optimized product quantization (Ge, He, Ke, Sun, CVPR 2013), trained by FAISS.

N = images, F = feature dimensions, D = dimensions that are coded, M = codebooks.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from hashbench_baselines.shared.blocks import by_blocks
from hashbench_baselines.shared.product import ProductConfig, ProductQuantizer
from hashbench_baselines.shared.quantizer import ProjectedConfig, ProjectedQuantizer
from hashbench_baselines.shared.rotation import random_rotation


class OPQConfig(ProductConfig, ProjectedConfig):
    """Settings of OPQ.

    Attributes:
        rotations: Alternations between rotation and codebooks (FAISS's default).
    """

    rotations: int = Field(default=50, ge=1)


class OPQ(ProductQuantizer, ProjectedQuantizer):
    """PCA and the rotation under which slices quantize best, then PQ."""

    PLUGIN_NAME = "opq"
    DESCRIPTION = "PQ after the rotation that suits it best (Ge et al., 2013)"
    Config = OPQConfig

    def choose_projection(self, vectors: np.ndarray) -> np.ndarray:
        """PCA directions times the learnt rotation, (F, D)."""
        directions = super().choose_projection(vectors)
        return directions @ self._rotate(by_blocks(vectors, lambda part: part @ directions))

    def _rotate(self, projected: np.ndarray) -> np.ndarray:
        """The best rotation (D, D) that is found from a random one, which follows the seed."""
        import faiss  # noqa: PLC0415

        width = projected.shape[1]
        learner = faiss.OPQMatrix(width, self.books)
        learner.niter = self.config.rotations
        quantizer = self.faiss_quantizer(width)
        learner.pq = quantizer
        start = random_rotation(width, self.context.seed, "opq")
        faiss.copy_array_to_vector(start.astype(np.float32).ravel(), learner.A)
        learner.train(projected.astype(np.float32))
        return faiss.vector_to_array(learner.A).reshape(width, width).T
