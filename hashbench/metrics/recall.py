"""Recall at k: the share of a query's relevant items that are among the first k.

Q = queries, N = database items.
"""

from __future__ import annotations

import numpy as np

from hashbench.metrics.ranked import Ranked


def recall(ranked: Ranked, k: int) -> np.ndarray:
    """Recall@k of each query, in expectation over tied items.

    Returns:
        float64 (Q,), NaN for a query without any relevant item.

    >>> from hashbench.metrics.ranked import rank
    >>> ranked = rank(np.array([[1, 2, 3]]), np.array([[True, False, True]]))
    >>> recall(ranked, 2).tolist()
    [0.5]
    """
    found = ranked.chance_of_relevance[:, :k].sum(axis=1)
    return np.divide(found, ranked.total, out=np.full(len(found), np.nan), where=ranked.total > 0)
