"""The nearest items of every query with their grades: what a part of a database says of its ranking.

Parts add up, where counts by distance would not do: for distances that are no whole numbers, and for
rules of ties that ask for places.

Q = queries, n = entries of a query, L = highest grade.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hashbench.errors import DataError
from hashbench.ranking import entries as ranked
from hashbench.ranking.blocks import Blocks
from hashbench.ranking.distances import Distances
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.relevance import Relevance

# Places are kept in 32 bits, the last of which stands for none.
MOST_ITEMS = (1 << 32) - 1


@dataclass(frozen=True)
class Nearest:
    """The nearest items of a part of a database, or of all of it.

    Attributes:
        entries: uint64 (Q, n), sorted, padded; see `hashbench.ranking.entries`. Places are those in the
            whole database.
        grades: uint8 (Q, n), the grade of each.
        total: int64 (Q, L), items of each grade, near or not.
        items: Number of items, near or not.
    """

    entries: np.ndarray
    grades: np.ndarray
    total: np.ndarray
    items: int

    @classmethod
    def of(
        cls,
        distances: Distances,
        relevance: Relevance,
        kernel: NumpyKernel,
        k: int,
        *,
        first: int = 0,
        whole_blocks: bool = True,
    ) -> Nearest:
        """Rank a part of a database.

        Args:
            distances: From the queries to the part's items.
            relevance: Of these items to the queries.
            kernel: What ranks.
            k: How many items.
            first: Place of the part's first item in the database.
            whole_blocks: Whether what is as far as the k-th is kept, too, as the rules of ties ask for
                that know no order.

        Raises:
            DataError: The database is larger than places can tell.
        """
        if first + distances.items > MOST_ITEMS:
            raise DataError(f"a database of more than {MOST_ITEMS:,} items cannot be ranked by place.")
        found, grades, total = [], [], []
        for part in kernel.tiles(distances, min(k, distances.items)):
            entries = kernel.nearest(distances, part, k, whole_blocks=whole_blocks)
            table = relevance.grades(part)
            found += [*entries]
            grades += [*ranked.graded(entries, table, relevance.group)]
            total.append(relevance.totals(table))
        entries = ranked.padded(found, ranked.PADDING)
        moved = np.where(entries == ranked.PADDING, entries, entries + np.uint64(first))
        return cls(moved, ranked.padded(grades, 0), np.concatenate(total), distances.items)

    def blocks(self, *, tied: bool) -> Blocks:
        """The rankings, equal distances together or in the order of places."""
        return ranked.graded_blocks(self.entries, self.grades, self.total, self.items, tied=tied)


def merge_nearest(parts: Sequence[Nearest], k: int, *, whole_blocks: bool = True) -> Nearest:
    """The nearest of a database from those of its parts, to the bit.

    Raises:
        DataError: There is no part, or they differ in queries or grades.
    """
    if len({part.total.shape for part in parts}) != 1:
        raise DataError(f"{len(parts)} parts of different queries. Expected at least one, all alike.")
    entries = np.concatenate([part.entries for part in parts], axis=1)
    grades = np.concatenate([part.grades for part in parts], axis=1)
    order = np.argsort(entries, axis=1, kind="stable")
    entries, grades = (np.take_along_axis(side, order, axis=1) for side in (entries, grades))
    width = _width(entries, k, whole_blocks=whole_blocks)
    last = entries[:, min(k, entries.shape[1]) - 1, None] | ranked.POSITION
    beyond = entries[:, :width] > last
    return Nearest(
        np.where(beyond, ranked.PADDING, entries[:, :width]),
        np.where(beyond, np.uint8(0), grades[:, :width]),
        sum(part.total for part in parts),  # type: ignore[arg-type]
        sum(part.items for part in parts),
    )


def _width(entries: np.ndarray, k: int, *, whole_blocks: bool) -> int:
    """The most entries that a query keeps of sorted ones."""
    many = min(k, entries.shape[1])
    if not whole_blocks:
        return many
    last = entries[:, many - 1, None] | ranked.POSITION
    return max(many, int((entries <= last).sum(axis=1).max()))
