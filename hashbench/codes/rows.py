"""Some rows of codes, and codes put together: what does not load all that there are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hashbench.codes.storage import Codes, codes_of


def take(codes: Codes, rows: slice | np.ndarray) -> Codes:
    """The codes of some items, in that order; what all items share stays.

    >>> from hashbench.codes.binary import BinaryCodes
    >>> take(BinaryCodes(np.array([[1], [2], [3]], dtype=np.uint8)), slice(1, 3)).packed.tolist()
    [[2], [3]]
    """
    own = {name: array[rows] for name, array in _own(codes).items()}
    return codes_of(codes.KIND, codes.arrays() | own)


def joined(parts: Sequence[Codes]) -> Codes:
    """The codes of several parts of one set, one part after the other.

    >>> from hashbench.codes.binary import BinaryCodes
    >>> part = BinaryCodes(np.array([[1], [2]], dtype=np.uint8))
    >>> len(joined([part, part]))
    4
    """
    own = [_own(part) for part in parts]
    together = {name: np.concatenate([each[name] for each in own]) for name in own[0]}
    return codes_of(parts[0].KIND, parts[0].arrays() | together)


def _own(codes: Codes) -> dict[str, np.ndarray]:
    """The arrays with a row an item."""
    return {name: array for name, array in codes.arrays().items() if name in codes.BY_ITEM}
