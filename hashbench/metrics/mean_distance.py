"""Mean code distance of the first k items: how far a search has to reach.

Q = queries, b = bits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hashbench.metrics.ratio import ratio
from hashbench.ranking.counts import DistanceCounts


def mean_distance(counts: DistanceCounts, ranks: Sequence[int]) -> np.ndarray:
    """Mean Hamming distance of each query's first k items, for each k; ties play no part.

    Args:
        counts: Items of each grade at each distance.
        ranks: Each k; where the database holds fewer items, all of them.

    Returns:
        float64 (Q, number of ranks).

    >>> import numpy as np
    >>> mean_distance(DistanceCounts(np.array([[[1, 0], [0, 2]]])), [1, 2]).tolist()
    [[0.0, 0.5]]
    """
    return _mean(counts.size, ranks)


def mean_distance_of_hits(counts: DistanceCounts, ranks: Sequence[int]) -> np.ndarray:
    """Mean Hamming distance of each query's nearest k relevant items; NaN where it has none."""
    return _mean(counts.hits, ranks)


def _mean(size: np.ndarray, ranks: Sequence[int]) -> np.ndarray:
    start = np.cumsum(size, axis=1) - size
    distance = np.arange(size.shape[1])
    columns = []
    for k in ranks:
        shown = np.clip(k - start, 0, size)
        total = shown.sum(axis=1)
        columns.append(ratio(shown @ distance, total))
    return np.stack(columns, axis=1)
