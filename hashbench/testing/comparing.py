"""Whether two sets of codes are the same, and how far from it they are.

N = items.
"""

from __future__ import annotations

import numpy as np

from hashbench.codes.binary import BinaryCodes
from hashbench.codes.storage import Codes

# Floats that are computed in another order round otherwise: how far, of the largest number.
_ROUNDING = 1e-3


def equal(one: Codes, other: Codes) -> bool:
    """Whether they are the same to the last bit, codebooks included."""
    arrays, others = one.arrays(), other.arrays()
    return arrays.keys() == others.keys() and all(
        np.array_equal(array, others[name]) for name, array in arrays.items()
    )


def meaning(codes: Codes) -> np.ndarray:
    """What codes stand for, a row an item: bits, or the vectors that are compared with queries.

    Where several codewords are equally near, as where an item is coded exactly before the last one, one
    is as good as the other.
    """
    return codes.signs() if isinstance(codes, BinaryCodes) else codes.reconstruct()


def share_differing(one: np.ndarray, other: np.ndarray) -> float:
    """Which share of the numbers that codes stand for differ by more than rounding."""
    if one.shape != other.shape:
        return 1.0
    scale = float(np.abs(other).max(initial=0.0))
    return float((np.abs(one - other) > _ROUNDING * scale).mean()) if one.size else 0.0
