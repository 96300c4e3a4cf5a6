"""The nearest database items of every query.

Q = queries, N = database items.
"""

from __future__ import annotations

import numpy as np

from hashbench.ranking.distances import Distances


def nearest(distances: Distances, k: int) -> np.ndarray:
    """Positions of the k nearest items, nearest first; ties are in database order.

    Returns:
        int64 (Q, min(k, N)).
    """
    found = [_smallest(tile, min(k, distances.items)) for _, tile in distances.tiles()]
    return np.concatenate(found)


def _smallest(tile: np.ndarray, k: int) -> np.ndarray:
    """Columns of the k smallest entries of each row, in order of value, then of column."""
    if k == tile.shape[1]:
        return np.argsort(tile, axis=1, kind="stable")
    bound = np.partition(tile, k - 1, axis=1)[:, k - 1]
    return np.stack([_ordered(row, limit, k) for row, limit in zip(tile, bound, strict=True)])


def _ordered(row: np.ndarray, limit: float, k: int) -> np.ndarray:
    """The k smallest of one row, given the k-th smallest value."""
    candidates = np.flatnonzero(row <= limit)
    order = np.argsort(row[candidates], kind="stable")
    best: np.ndarray = candidates[order[:k]]
    return best
