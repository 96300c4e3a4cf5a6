"""The nearest database items of every query.

Q = queries, N = database items.
"""

from __future__ import annotations

import numpy as np

from hashbench.ranking.distances import Distances
from hashbench.ranking.entries import positions
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
    parts = kernel.tiles(distances, min(k, distances.items))
    return np.concatenate([positions(kernel.nearest(distances, part, k)) for part in parts])
