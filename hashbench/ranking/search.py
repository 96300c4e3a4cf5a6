"""The nearest database items of every query.

Q = queries, N = database items.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from hashbench.ranking.distances import Distances
from hashbench.ranking.entries import merge, positions
from hashbench.ranking.kernels.choice import resolve_kernel
from hashbench.ranking.kernels.plain import NumpyKernel


def nearest(distances: Distances, k: int, kernel: NumpyKernel | None = None) -> np.ndarray:
    """Positions of the k nearest items, nearest first; ties are in database order.

    Args:
        distances: What queries rank items by.
        k: How many items.
        kernel: What ranks; by default the fastest that this machine has.

    Returns:
        int64 (Q, min(k, N)).
    """
    kernel = kernel or resolve_kernel()
    return positions(nearest_in_parts([(0, distances)], k, kernel))


def nearest_in_parts(
    parts: Iterable[tuple[int, Distances]], k: int, kernel: NumpyKernel | None = None
) -> np.ndarray:
    """The nearest items of a database in parts, of which one is looked at at a time.

    Args:
        parts: Place of each part's first item in the database, ascending, and what queries rank its items
            by; one part at least.
        k: How many items.
        kernel: What ranks; by default the fastest that this machine has.

    Returns:
        uint64 (Q, min(k, N)), entries as in `hashbench.ranking.entries`; ties are in database order.
    """
    kernel = kernel or resolve_kernel()
    best: np.ndarray | None = None
    for first, distances in parts:
        tiles = kernel.tiles(distances, min(k, distances.items))
        found = np.concatenate([kernel.nearest(distances, tile, k) for tile in tiles])
        # Later parts come later in the database: of equal distances, the first k are those to keep.
        shards, offsets = ([found], [first]) if best is None else ([best, found], [0, first])
        best = merge(shards, offsets, k)[:, :k]
    assert best is not None  # noqa: S101 - there is a part
    return best
