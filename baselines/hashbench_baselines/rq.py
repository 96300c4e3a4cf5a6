"""Residual quantization (Chen, Guan, Wang, Sensors 2010), codes by beam search; FAISS trains.

N = images, D = dimensions that are coded, M = codebooks of K codewords.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hashbench_baselines.shared.quantizer import BITS_PER_BOOK, WORDS, ProjectedConfig, ProjectedQuantizer

if TYPE_CHECKING:
    import faiss

# Bytes of partial sums that FAISS may hold at once; its own limit is 5 GB.
_BEAM_BYTES = 1 << 28


class RQConfig(ProjectedConfig):
    """Settings of residual quantization.

    Attributes:
        beam: Partial sums that are kept for an image after each codebook; 1 is the paper's greedy rule.
            Codebooks are always trained by that rule.
        iterations: k-means iterations for each number of dimensions (FAISS's default).
    """

    beam: int = Field(default=5, ge=1, le=256)
    iterations: int = Field(default=10, ge=1)


class RQ(ProjectedQuantizer):
    """Each codebook quantizes what the ones before it left over."""

    PLUGIN_NAME = "rq"
    VERSION = 2
    DESCRIPTION = "residual quantization, beam search (Chen et al., 2010)"
    Config = RQConfig

    def learn_codebooks(self, vectors: np.ndarray) -> np.ndarray:
        """k-means on the residuals, one codebook after the other."""
        return self.train_residual(vectors, self.books)

    def find_codes(self, vectors: np.ndarray) -> np.ndarray:
        """The best sum that the beam search finds."""
        return beam_search(vectors, self.codebooks, self.config.beam)

    def train_residual(self, vectors: np.ndarray, books: int) -> np.ndarray:
        """Codebooks float32 (books, K, D) for vectors (N, D), N at least K.

        k-means starts in the leading principal direction of the residuals and adds dimensions step by
        step (Liu, Lu, Shao, 2015), which leaves a smaller error than starting in all at once.
        """
        import faiss  # noqa: PLC0415

        # FAISS would train on all partial sums of a wider beam, which errs more.
        quantizer = residual_quantizer(vectors.shape[1], books, beam=1)
        quantizer.train_type = faiss.ResidualQuantizer.Train_progressive_dim
        quantizer.cp.niter = self.config.iterations
        quantizer.cp.seed = self.faiss_seed("residual quantizer")
        # As in product.py: no warnings about small collections.
        quantizer.cp.min_points_per_centroid = 1
        with one_thread():
            quantizer.train(vectors)
        return faiss.vector_to_array(quantizer.codebooks).reshape(books, WORDS, -1)


def beam_search(vectors: np.ndarray, codebooks: np.ndarray, beam: int) -> np.ndarray:
    """Codewords whose sum is near each vector, codebook by codebook.

    Args:
        vectors: float32 (N, D).
        codebooks: float32 (M, K, D), any additive ones, in the order in which they are searched.
        beam: Partial sums kept after each codebook.

    Returns:
        uint8 (N, M).
    """
    import faiss  # noqa: PLC0415

    quantizer = residual_quantizer(vectors.shape[1], len(codebooks), beam)
    faiss.copy_array_to_vector(codebooks.ravel(), quantizer.codebooks)
    quantizer.is_trained = True
    # Eight bits a codebook: FAISS's packed codes are the codewords' numbers.
    return quantizer.compute_codes(vectors)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let FAISS sum in one order, on every processor: on some, several threads give other sums."""
    import faiss  # noqa: PLC0415

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def residual_quantizer(width: int, books: int, beam: int) -> faiss.ResidualQuantizer:
    """FAISS's quantizer of vectors of that width, untrained."""
    import faiss  # noqa: PLC0415

    quantizer = faiss.ResidualQuantizer(width, books, BITS_PER_BOOK)
    quantizer.max_beam_size = beam
    quantizer.max_mem_distances = _BEAM_BYTES
    return quantizer
