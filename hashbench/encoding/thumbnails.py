"""Thumbnails beside the codes of a shard: JPEG files one after the other in one array, and where each ends.

N = items of the shard.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from hashbench.codes.code_set import Shard
from hashbench.errors import DataError

# Names of the arrays: bytes of all thumbnails, and int64 (N,).
THUMBNAILS, ENDS = "thumbnails", "thumbnail_ends"


def packed(thumbnails: Sequence[bytes]) -> dict[str, np.ndarray]:
    """The arrays that hold N thumbnails, by name."""
    ends = np.fromiter(accumulate(map(len, thumbnails)), dtype=np.int64, count=len(thumbnails))
    return {THUMBNAILS: np.frombuffer(b"".join(thumbnails), dtype=np.uint8), ENDS: ends}


def thumbnail(shard: Shard, row: int) -> bytes:
    """The thumbnail of one of a shard's items; of the others nothing is read.

    Raises:
        DataError: The shard has none, or is damaged.
    """
    if ENDS not in shard.arrays:
        raise DataError(f"{str(shard.path)!r} holds no thumbnails. Expected a shard of an index.")
    ends = shard.arrays[ENDS]
    return shard.arrays[THUMBNAILS][ends[row - 1] if row else 0 : ends[row]].tobytes()
