"""Additive quantization (Babenko and Lempitsky, CVPR 2014).

N = images, D = dimensions that are coded, M = codebooks of K codewords.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field
from scipy.linalg import solve
from scipy.sparse import csr_array

from hashbench_baselines.rq import RQ, RQConfig, beam_search


class AQConfig(RQConfig):
    """Settings of additive quantization.

    Attributes:
        updates: Alternations between codebooks and codes.
        ridge: Weight of the squared change of codebooks in an update, in images; above 0, as least
            squares alone are not unique.
    """

    updates: int = Field(default=10, ge=0)
    ridge: float = Field(default=1.0, ge=1e-3)


class AQ(RQ):
    """Codebooks of a residual quantizer, refitted all at once to the codes they give."""

    PLUGIN_NAME = "aq"
    VERSION = 2
    DESCRIPTION = "additive quantization, codebooks by least squares (Babenko and Lempitsky, 2014)"
    Config = AQConfig

    def learn_codebooks(self, vectors: np.ndarray) -> np.ndarray:
        """Alternate codes and codebooks; those of the smallest training error are kept."""
        codebooks = best = super().learn_codebooks(vectors)
        codes = beam_search(vectors, codebooks, self.config.beam)
        lowest = squared_error(vectors, codes, codebooks)
        for _ in range(self.config.updates):
            codebooks = refit_codebooks(vectors, codes, codebooks, self.config.ridge)
            codes = beam_search(vectors, codebooks, self.config.beam)
            error = squared_error(vectors, codes, codebooks)
            if error < lowest:
                best, lowest = codebooks, error
        return best


def refit_codebooks(
    vectors: np.ndarray, codes: np.ndarray, codebooks: np.ndarray, ridge: float
) -> np.ndarray:
    """Minimise |X - B C|² + ridge |C - C'|² over codebooks C, near the given ones C', for fixed codes B.

    The minimum is C' + (B'B + ridge I)⁻¹ B'(X - B C'), so the error |X - B C|² never rises, and
    codewords that nobody uses stay where they are.

    Args:
        vectors: X, float32 (N, D).
        codes: The codewords of each, uint8 (N, M); B has a one for each of them.
        codebooks: C', float32 (M, K, D).
        ridge: Above 0.

    Returns:
        float32 (M, K, D).
    """
    chosen = _one_hot(codes, codebooks.shape[1])
    flat = codebooks.reshape(-1, codebooks.shape[2])
    together = (chosen.T @ chosen).toarray()
    together[np.diag_indices_from(together)] += ridge
    change = solve(together, chosen.T @ (vectors - chosen @ flat), assume_a="pos", overwrite_a=True)
    return (flat + change).astype(np.float32).reshape(codebooks.shape)


def squared_error(vectors: np.ndarray, codes: np.ndarray, codebooks: np.ndarray) -> float:
    """|X - B C|², of vectors (N, D), codes (N, M) and codebooks (M, K, D)."""
    sums = _one_hot(codes, codebooks.shape[1]) @ codebooks.reshape(-1, codebooks.shape[2])
    return float(np.square(vectors - sums).sum(dtype=np.float64))


def _one_hot(codes: np.ndarray, words: int) -> csr_array:
    """B, (N, M K): a one for each codeword of an image."""
    count, books = codes.shape
    columns = codes + np.arange(books) * words
    starts = np.arange(count + 1) * books
    return csr_array(
        (np.ones(columns.size, dtype=np.float32), columns.ravel(), starts), shape=(count, books * words)
    )
