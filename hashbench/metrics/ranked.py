"""Rankings as blocks of ties: the one thing that every rank metric is computed from.

Items at the same distance have no order of their own. A ranking is therefore a sequence of blocks;
under the rule `expected` a metric is its exact mean over all orders within the blocks, and every
other rule picks one order, after which each block holds a single item.

Q = queries, N = database items; rank i counts from 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np


class Ties(StrEnum):
    """What to do with items at the same distance."""

    EXPECTED = "expected"
    DATABASE_ORDER = "db_order"
    OPTIMISTIC = "optimistic"
    PESSIMISTIC = "pessimistic"


@dataclass(frozen=True)
class Ranked:
    """Relevance in ranked order, with the tie block that each rank belongs to.

    Attributes:
        relevant: bool (Q, N), relevance of the item at each rank.
        start: int64 (Q, N), number of items ranked before the block of each rank.
        size: int64 (Q, N), number of items in that block.
    """

    relevant: np.ndarray
    start: np.ndarray
    size: np.ndarray

    @property
    def items(self) -> int:
        """N."""
        return int(self.relevant.shape[1])

    @cached_property
    def total(self) -> np.ndarray:
        """Relevant items of each query, int64 (Q,)."""
        return self.relevant.sum(axis=1)

    @cached_property
    def relevant_before(self) -> np.ndarray:
        """Relevant items ranked before the block of each rank, int64 (Q, N)."""
        return np.take_along_axis(self._cumulative, self.start, axis=1)

    @cached_property
    def relevant_inside(self) -> np.ndarray:
        """Relevant items in the block of each rank, int64 (Q, N)."""
        after = np.take_along_axis(self._cumulative, self.start + self.size, axis=1)
        return after - self.relevant_before

    @property
    def chance_of_relevance(self) -> np.ndarray:
        """Probability that the item at each rank is relevant, float64 (Q, N)."""
        return self.relevant_inside / self.size

    @cached_property
    def _cumulative(self) -> np.ndarray:
        """Relevant items among the first i, int64 (Q, N + 1)."""
        before_first = np.zeros((len(self.relevant), 1), dtype=np.int64)
        return np.concatenate([before_first, np.cumsum(self.relevant, axis=1)], axis=1)


def rank(distances: np.ndarray, relevant: np.ndarray, ties: Ties = Ties.EXPECTED) -> Ranked:
    """Order database items by distance.

    Args:
        distances: (Q, N), smaller is nearer; not changed.
        relevant: bool (Q, N).
        ties: The rule for equal distances.

    >>> ranked = rank(np.array([[2, 1, 1]]), np.array([[True, False, True]]))
    >>> ranked.chance_of_relevance.tolist()
    [[0.5, 0.5, 1.0]]
    """
    if ties in (Ties.OPTIMISTIC, Ties.PESSIMISTIC):
        second = relevant != (ties is Ties.OPTIMISTIC)
        order = np.lexsort((second, distances), axis=1)
    else:
        order = np.argsort(distances, axis=1, kind="stable")
    relevance = np.take_along_axis(relevant, order, axis=1)
    if ties is not Ties.EXPECTED:
        start = np.broadcast_to(np.arange(relevance.shape[1]), relevance.shape)
        return Ranked(relevance, start, np.ones_like(start))
    start, size = _blocks(np.take_along_axis(distances, order, axis=1))
    return Ranked(relevance, start, size)


def one_block(relevant: np.ndarray) -> Ranked:
    """The ranking that knows nothing: every item tied. Its expected metrics are the chance level."""
    start = np.zeros(relevant.shape, dtype=np.int64)
    return Ranked(relevant, start, np.full_like(start, relevant.shape[1]))


def _blocks(ordered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Start and size of the run of equal values that each entry of sorted rows belongs to."""
    items = ordered.shape[1]
    position = np.arange(items)
    opens = np.ones(ordered.shape, dtype=np.bool_)
    opens[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    start = np.maximum.accumulate(np.where(opens, position, 0), axis=1)
    closes = np.ones(ordered.shape, dtype=np.bool_)
    closes[:, :-1] = opens[:, 1:]
    ends = np.where(closes, position + 1, items)
    end = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    return start, end - start
