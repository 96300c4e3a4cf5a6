"""Rankings as blocks of ties: the one thing that every rank metric is computed from.

Items at the same distance have no order of their own. A ranking is therefore a sequence of blocks;
a metric is its exact mean over all orders within the blocks. Every other rule of ties splits the
blocks, down to one item each, so that no metric has to know the rule. Blocks without a relevant item
may be left out, since each block knows where it starts.

Q = queries, B = blocks, L = highest grade; rank i counts from 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np


class Ties(StrEnum):
    """What to do with items at the same distance."""

    EXPECTED = "expected"
    OPTIMISTIC = "optimistic"
    PESSIMISTIC = "pessimistic"
    WHOLE_BLOCK = "whole_block"
    DATABASE_ORDER = "db_order"
    ID_DESCENDING = "id_descending"
    RANDOM = "random"

    @property
    def needs_order(self) -> bool:
        """Whether the rule depends on where items stand in the database, not on distances alone."""
        return self in (Ties.DATABASE_ORDER, Ties.ID_DESCENDING, Ties.RANDOM)


@dataclass(frozen=True)
class Blocks:
    """The blocks of some queries' rankings, nearest first; rows are padded with empty blocks.

    Attributes:
        start: Integers (Q, B), number of items ranked before the block.
        size: Integers (Q, B), number of items in it.
        grades: Integers (Q, B, L), how many of them have each grade from 1 to L.
        total: int64 (Q, L), items of each grade in the whole database.
        items: Number of database items.
        untied: Whether every block is known to be a single item, and needs no expectation.
    """

    start: np.ndarray
    size: np.ndarray
    grades: np.ndarray
    total: np.ndarray
    items: int
    untied: bool = False

    def __len__(self) -> int:
        return len(self.start)

    @cached_property
    def hits(self) -> np.ndarray:
        """Relevant items in each block, integers (Q, B)."""
        return self.grades[:, :, 0] if self.grades.shape[2] == 1 else self.grades.sum(axis=2)

    @cached_property
    def before(self) -> np.ndarray:
        """Relevant items ranked before each block, int64 (Q, B)."""
        reached: np.ndarray = np.cumsum(self.hits, axis=1, dtype=np.int64)
        reached -= self.hits
        return reached

    @cached_property
    def relevant(self) -> np.ndarray:
        """Relevant items of each query in the whole database, int64 (Q,)."""
        return self.total.sum(axis=1)

    def cut(self, k: int | None) -> int:
        """The rank to stop at: k, but at most the number of items; None means all."""
        return self.items if k is None else min(k, self.items)

    def shown(self, k: np.ndarray | int) -> np.ndarray:
        """How many items of each block are among the first k, integers (Q, B).

        Args:
            k: One rank, or one for each query (Q,).
        """
        left = np.asarray(k, dtype=self.start.dtype).reshape(-1, 1) - self.start
        return np.clip(left, 0, self.size, out=left)

    def expected_hits(self, k: np.ndarray | int) -> np.ndarray:
        """Relevant items among the first k, in expectation over ties, float64 (Q,)."""
        return self.expected(self.hits, k)

    def expected(self, gained: np.ndarray, k: np.ndarray | int) -> np.ndarray:
        """Sum over the first k items, in expectation over ties, of what each block gains (Q, B)."""
        return row_sums(gained / np.maximum(self.size, 1) * self.shown(k))

    def weighted(self, gain: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Sum of a gain over each block's items, float64 (Q, B).

        Args:
            gain: Maps grades, float64 (L,), to gains; a grade of 0 gains nothing.
        """
        gains = gain(np.arange(1.0, self.grades.shape[2] + 1))
        summed: np.ndarray = self.grades @ gains
        return summed

    def under(self, ties: Ties) -> Blocks:
        """The blocks after `optimistic` or `pessimistic` has ordered the items inside each by grade.

        The rules that need an order are settled when items are ranked; the others change nothing.

        >>> one = np.array([[0]]), np.array([[3]]), np.array([[[1]]])
        >>> blocks = Blocks(*one, total=np.array([[1]]), items=3)
        >>> blocks.under(Ties.PESSIMISTIC).start.tolist(), blocks.under(Ties.PESSIMISTIC).size.tolist()
        ([[2]], [[1]])
        """
        if ties not in (Ties.OPTIMISTIC, Ties.PESSIMISTIC):
            return self
        levels = self.grades.shape[2]
        best_first = ties is Ties.OPTIMISTIC
        size = self.grades[:, :, ::-1] if best_first else self.grades
        inside = np.cumsum(size, axis=2) - size
        first = self.start if best_first else self.start + self.size - self.hits
        one = np.eye(levels, dtype=size.dtype)[:: -1 if best_first else 1]
        flat = (len(self), -1)
        return Blocks(
            start=(first[:, :, None] + inside).reshape(flat),
            size=size.reshape(flat),
            grades=(size[..., None] * one).reshape(*flat[:1], -1, levels),
            total=self.total,
            items=self.items,
        )


def one_block(total: np.ndarray, items: int) -> Blocks:
    """The ranking that knows nothing: every item tied. Its expected metrics are the chance level.

    Args:
        total: int64 (Q, L), items of each grade.
        items: Number of database items.
    """
    start = np.zeros((len(total), 1), dtype=np.int64)
    return Blocks(start, np.full_like(start, items), total[:, None, :], total, items)


def row_sums(values: np.ndarray) -> np.ndarray:
    """Sums over the blocks (Q, B), term by term from the left, float64 (Q,).

    So neither padding nor the queries that share a tile change a bit, as they would where NumPy's
    `sum` adds in pairs.

    >>> row_sums(np.array([[1, 2], [3, 0]])).tolist()
    [3.0, 3.0]
    """
    if not values.shape[1]:
        return np.zeros(len(values))
    return np.cumsum(values, axis=1, dtype=np.float64)[:, -1]
