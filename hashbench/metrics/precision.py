"""Precision at k: the share of relevant items among the first k.

Q = queries, N = database items.
"""

from __future__ import annotations

import numpy as np

from hashbench.metrics.ranked import Ranked


def precision(ranked: Ranked, k: int) -> np.ndarray:
    """Precision@k of each query, in expectation over tied items.

    The divisor is k also where the database holds fewer items.

    Returns:
        float64 (Q,).

    >>> from hashbench.metrics.ranked import rank
    >>> ranked = rank(np.array([[1, 2, 3]]), np.array([[True, False, True]]))
    >>> precision(ranked, 2).tolist()
    [0.5]
    """
    values: np.ndarray = ranked.chance_of_relevance[:, :k].sum(axis=1) / k
    return values
