"""Whether what was exported finds what the suite finds.

Q = queries, k = neighbours.
"""

from __future__ import annotations

import numpy as np

from hashbench.errors import DataError
from hashbench.export.source import Source

# As many neighbours of every query are compared, where there are as many items.
NEIGHBOURS = 100


def same_neighbours(source: Source, found: np.ndarray) -> str:
    """Refuse other neighbours than the suite's; among items at one distance either may be found.

    Args:
        source: What was exported.
        found: int64 (Q, k), places of the items that were found for each query, in any order.

    Returns:
        What was seen to, in words.

    Raises:
        DataError: An item is missing, found twice, or farther away than the k-th nearest.
    """
    k = found.shape[1]
    for query, row in enumerate(found):
        if len(np.unique(row)) < k or row.min() < 0 or row.max() >= len(source):
            raise _differs(source, query, f"it names {k} places that are not {k} items")
    expected = source.nearest(k)
    mine, rounding = source.distances_at(expected)
    theirs = np.sort(source.distances_at(found)[0], axis=1)
    off = np.abs(theirs - np.sort(mine, axis=1)) > rounding
    if off.any():
        query, rank = (int(place) for place in np.argwhere(off)[0])
        raise _differs(source, query, f"number {rank + 1} is at another distance")
    clear = mine < mine.max(axis=1, keepdims=True) - rounding
    for query, row in enumerate(expected):
        if not np.isin(row[clear[query]], found[query]).all():
            raise _differs(source, query, f"an item nearer than number {k} is missing")
    return f"the suite's {k} nearest of all {len(found):,} queries"


def recall(source: Source, found: np.ndarray) -> float:
    """Of the k nearest items, the share that was found: any that is as near as the k-th counts.

    Args:
        source: What was exported.
        found: int64 (Q, k), places of items; -1 where fewer were found.
    """
    k = found.shape[1]
    mine, rounding = source.distances_at(source.nearest(k))
    theirs = np.where(found < 0, np.inf, source.distances_at(np.maximum(found, 0))[0])
    near = theirs <= mine.max(axis=1, keepdims=True) + rounding
    return float(near.mean())


def _differs(source: Source, query: int, how: str) -> DataError:
    return DataError(
        f"the export finds other items than the suite for query {source.query_names[query]!r}: {how}. "
        "Nothing was kept. Expected the same neighbours, ties aside."
    )
