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
    """What `change` makes of the rows, put together again.

    >>> by_blocks(np.array([[1, 2], [3, 4]]), lambda part: part.sum(axis=1)).tolist()
    [3, 7]
    """
    return np.concatenate([change(part) for part in blocks(rows)])
