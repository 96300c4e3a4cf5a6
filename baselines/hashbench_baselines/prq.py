"""Product-residual quantization: residual quantization in each half of the dimensions, as in FAISS.

N = images, D = dimensions that are coded, M = codebooks of K codewords.
"""

from __future__ import annotations

import numpy as np

from hashbench_baselines.rq import RQ, beam_search


class PRQ(RQ):
    """A product of two residual quantizers; of one where M is odd."""

    PLUGIN_NAME = "prq"
    VERSION = 2
    DESCRIPTION = "residual quantization in each half of the dimensions (FAISS)"

    @property
    def slices(self) -> int:
        """2 where M is even, else 1."""
        return 1 if self.books % 2 else 2

    def learn_codebooks(self, vectors: np.ndarray) -> np.ndarray:
        """Residual codebooks (M, K, D / slices), those of the first half first."""
        books = self.books // self.slices
        return np.concatenate([self.train_residual(half, books) for half in self._halves(vectors)])

    def find_codes(self, vectors: np.ndarray) -> np.ndarray:
        """The best sum that the beam search finds in each half."""
        codebooks = np.split(self.codebooks, self.slices)
        halves = zip(self._halves(vectors), codebooks, strict=True)
        return np.hstack([beam_search(half, books, self.config.beam) for half, books in halves])

    def _halves(self, vectors: np.ndarray) -> list[np.ndarray]:
        return [np.ascontiguousarray(half) for half in np.split(vectors, self.slices, axis=1)]
