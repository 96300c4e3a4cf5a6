"""Normalized discounted cumulative gain, for relevance in degrees (Jarvelin and Kekalainen, 2002).

Q = queries, L = highest grade.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from hashbench.metrics.ratio import ratio
from hashbench.ranking.blocks import Blocks, Ties, one_block, row_sums


class Gain(StrEnum):
    """What an item of grade r gains: 2^r - 1, or r; the grade is the number of shared labels."""

    EXPONENTIAL = "exponential"
    LINEAR = "linear"

    def of(self, grades: np.ndarray) -> np.ndarray:
        """Gains of grades.

        >>> Gain.EXPONENTIAL.of(np.array([1.0, 3.0])).tolist()
        [1.0, 7.0]
        """
        return np.exp2(grades) - 1 if self is Gain.EXPONENTIAL else grades


def ndcg(blocks: Blocks, k: int | None, gain: Gain = Gain.EXPONENTIAL) -> np.ndarray:
    """NDCG@k of each query, in expectation over tied items; the discount is 1 / log2(rank + 1).

    Args:
        blocks: The rankings with graded relevance, down to rank k or farther.
        k: Cut-off; None for all items.
        gain: What an item of each grade gains.

    Returns:
        float64 (Q,), NaN for a query without any relevant item.

    >>> import numpy as np
    >>> start, size = np.array([[1]]), np.array([[1]])
    >>> blocks = Blocks(start, size, size[:, :, None], total=np.array([[1]]), items=2)
    >>> ndcg(blocks, 2).round(4).tolist()
    [0.6309]
    """
    ideal = one_block(blocks.total, blocks.items).under(Ties.OPTIMISTIC)
    return ratio(_dcg(blocks, k, gain), _dcg(ideal, k, gain))


def _dcg(blocks: Blocks, k: int | None, gain: Gain) -> np.ndarray:
    """Sum over the first k ranks of the expected gain times the discount, float64 (Q,)."""
    cut = blocks.cut(k)
    summed = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, cut + 2)))])
    start = np.minimum(blocks.start, cut)
    discounts = summed[start + blocks.shown(cut)] - summed[start]
    gains = blocks.weighted(gain.of) / np.maximum(blocks.size, 1)
    return row_sums(gains * discounts)
