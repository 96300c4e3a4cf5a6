"""What PQ and OPQ share: vectors are cut into M slices, each with a codebook of its own; FAISS trains.

N = images, D = dimensions, M = codebooks of K codewords.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hashbench_baselines.shared.quantizer import BITS_PER_BOOK, WORDS, FeatureQuantizer
from hashbench_baselines.shared.scaled import ScaledConfig

if TYPE_CHECKING:
    import faiss


class ProductConfig(ScaledConfig):
    """Settings of product quantizers.

    Attributes:
        iterations: k-means iterations (FAISS's default).
    """

    iterations: int = Field(default=25, ge=1)


class ProductQuantizer(FeatureQuantizer):
    """As many slices as codebooks."""

    Config = ProductConfig

    @property
    def slices(self) -> int:
        """M."""
        return self.books

    def learn_codebooks(self, vectors: np.ndarray) -> np.ndarray:
        """k-means in each slice."""
        import faiss  # noqa: PLC0415

        quantizer = self.faiss_quantizer(vectors.shape[1])
        quantizer.train(vectors)
        return faiss.vector_to_array(quantizer.centroids).reshape(self.books, WORDS, -1)

    def find_codes(self, vectors: np.ndarray) -> np.ndarray:
        """The nearest codeword in each slice."""
        import faiss  # noqa: PLC0415

        quantizer = self.faiss_quantizer(vectors.shape[1])
        faiss.copy_array_to_vector(self.codebooks.ravel(), quantizer.centroids)
        return quantizer.compute_codes(vectors)

    def faiss_quantizer(self, width: int) -> faiss.ProductQuantizer:
        """FAISS's quantizer of vectors of that width, seeded and untrained."""
        import faiss  # noqa: PLC0415

        quantizer = faiss.ProductQuantizer(width, self.books, BITS_PER_BOOK)
        quantizer.cp.niter = self.config.iterations
        quantizer.cp.seed = self.faiss_seed("product quantizer")
        # Small collections have fewer than 39 images a codeword; FAISS would say so for every slice.
        quantizer.cp.min_points_per_centroid = 1
        return quantizer
