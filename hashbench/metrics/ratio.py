"""Division that says what a share of nothing is."""

from __future__ import annotations

import numpy as np


def ratio(part: np.ndarray, whole: np.ndarray, nothing: float = np.nan) -> np.ndarray:
    """`part / whole`, and `nothing` where the whole is 0; the shape is `part`'s.

    >>> ratio(np.array([1, 0]), np.array([4, 0])).tolist()
    [0.25, nan]
    """
    whole = np.broadcast_to(whole, part.shape)
    return np.divide(part, whole, out=np.full(part.shape, nothing), where=whole > 0)
