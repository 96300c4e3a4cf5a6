"""Items of each grade at each Hamming distance: the statistic that adds up over shards.

It is all that the metrics by radius need, and all that rank metrics need under every rule of ties
that does not ask where items stand in the database.

Q = queries, b = bits, L = highest grade.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hashbench.errors import DataError
from hashbench.ranking.blocks import Blocks


@dataclass(frozen=True)
class DistanceCounts:
    """Integer counts, so that merging shards equals one pass to the bit.

    Attributes:
        at: int64 (Q, b + 1, L + 1), items of each grade (0: not relevant) at each distance.

    >>> one = DistanceCounts(np.array([[[1, 0], [0, 2]]]))
    >>> merge_items([one, one]).at.tolist()
    [[[2, 0], [0, 4]]]
    """

    at: np.ndarray

    def __len__(self) -> int:
        return len(self.at)

    @property
    def items(self) -> int:
        """Number of database items."""
        return int(self.at[0].sum())

    @property
    def size(self) -> np.ndarray:
        """Items at each distance, int64 (Q, b + 1)."""
        return self.at.sum(axis=2)

    @property
    def hits(self) -> np.ndarray:
        """Relevant items at each distance, int64 (Q, b + 1)."""
        return self.at[:, :, 1:].sum(axis=2)

    def blocks(self) -> Blocks:
        """The rankings: one block a distance."""
        size = self.size
        start = np.cumsum(size, axis=1) - size
        grades = self.at[:, :, 1:]
        return Blocks(start, size, grades, grades.sum(axis=1), self.items)


def merge_items(shards: Sequence[DistanceCounts]) -> DistanceCounts:
    """Statistics of the same queries against several parts of a database, as one.

    Raises:
        DataError: The shards differ in queries, bits or grades.
    """
    _check({shard.at.shape for shard in shards})
    total = shards[0].at.copy()
    for shard in shards[1:]:
        total += shard.at
    return DistanceCounts(total)


def merge_queries(shards: Sequence[DistanceCounts]) -> DistanceCounts:
    """Statistics of several groups of queries against the same database, as one.

    Raises:
        DataError: The shards differ in bits.
    """
    _check({shard.at.shape[1] for shard in shards})
    levels = max(shard.at.shape[2] for shard in shards)
    padded = [np.pad(s.at, ((0, 0), (0, 0), (0, levels - s.at.shape[2]))) for s in shards]
    return DistanceCounts(np.concatenate(padded))


def _check(shapes: set[object]) -> None:
    if len(shapes) != 1:
        raise DataError(f"shards of shapes {sorted(map(str, shapes))}. Expected at least one, all alike.")
