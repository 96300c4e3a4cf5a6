"""Metrics by Hamming radius: what a look-up of all codes within a distance returns.

Ties play no part, since a radius takes all items at a distance or none.

Q = queries, b = bits.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from hashbench.metrics.ratio import ratio
from hashbench.ranking.counts import DistanceCounts


class EmptyBall(StrEnum):
    """What a query counts that has no item within the radius."""

    ZERO = "zero"
    SKIP = "skip"

    @property
    def precision(self) -> float:
        """The precision that counts for it; NaN where a mean leaves it out."""
        return 0.0 if self is EmptyBall.ZERO else float("nan")


def precision_within(counts: DistanceCounts, radius: int, empty: EmptyBall) -> np.ndarray:
    """Share of relevant items among those within a Hamming distance, float64 (Q,).

    Args:
        counts: Items of each grade at each distance.
        radius: The distance, included.
        empty: What a query counts whose ball is empty; `skip` gives NaN.

    >>> import numpy as np
    >>> counts = DistanceCounts(np.array([[[1, 1], [2, 0]], [[0, 0], [3, 0]]]))
    >>> precision_within(counts, 0, EmptyBall.ZERO).tolist()
    [0.5, 0.0]
    """
    inside, hits = inside_and_hits(counts)
    return _shares(hits[:, : radius + 1][:, -1], inside[:, : radius + 1][:, -1], empty)


def recall_within(counts: DistanceCounts, radius: int) -> np.ndarray:
    """Share of the relevant items that are within a Hamming distance, float64 (Q,).

    NaN for a query without any relevant item.
    """
    _, hits = inside_and_hits(counts)
    return _shares(hits[:, : radius + 1][:, -1], hits[:, -1], EmptyBall.SKIP)


def inside_and_hits(counts: DistanceCounts) -> tuple[np.ndarray, np.ndarray]:
    """All items and relevant items within each distance, int64 (Q, b + 1)."""
    return np.cumsum(counts.size, axis=1), np.cumsum(counts.hits, axis=1)


def _shares(hits: np.ndarray, of: np.ndarray, empty: EmptyBall) -> np.ndarray:
    return ratio(hits, of, empty.precision)
