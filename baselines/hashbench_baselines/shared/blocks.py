"""Rows of large arrays, so many at a time: a copy of all of them would take as much memory again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

# With fewer rows there is one block, and nothing changes.
_ROWS = 1 << 14


def blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    """The rows of an array (N, F), in order, some at a time."""
    for start in range(0, len(rows), _ROWS):
        yield rows[start : start + _ROWS]


def by_blocks(rows: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """What `change` makes of the rows, one for each, put together again.

    >>> by_blocks(np.array([[1, 2], [3, 4]]), lambda part: part.sum(axis=1)).tolist()
    [3, 7]
    """
    first = change(rows[:_ROWS])
    if len(rows) <= _ROWS:
        return first
    # Parts that are kept until all are there would take the result's memory twice.
    whole = np.empty((len(rows), *first.shape[1:]), dtype=first.dtype)
    whole[:_ROWS] = first
    for start in range(_ROWS, len(rows), _ROWS):
        whole[start : start + _ROWS] = change(rows[start : start + _ROWS])
    return whole


def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """L'R of two arrays (N, F) and (N, G), in float64: (F, G).

    >>> product(np.array([[1, 2], [3, 4]]), np.array([[1], [1]])).tolist()
    [[4.0], [6.0]]
    """
    total = np.zeros((left.shape[1], right.shape[1]))
    for part, other in zip(blocks(left), blocks(right), strict=True):
        exact = part.astype(np.float64)
        total += exact.T @ (exact if left is right else other)
    return total
