"""Which database items are relevant to a query, and how much, from multi-label ground truth.

Items that carry the same set of labels are relevant to the same queries. So the database is kept as
its distinct label sets, packed into bits, and the number of the set that each item has: a query's
relevance is worked out once a set, and never is there a query x database array.

Q = queries, N = database items, C = labels, G = distinct label sets, L = highest grade.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np

from hashbench.errors import ConfigError, DataError

_WORD = 64
_CHUNK = 65_536
_HIGHEST = 255


class Match(StrEnum):
    """What two label sets are compared by."""

    SHARED = "shared"
    JACCARD = "jaccard"
    SAME = "same"


@dataclass(frozen=True)
class RelevanceRule:
    """When an item is relevant to a query.

    Attributes:
        match: `shared` counts the labels in common, `jaccard` divides them by the labels in either,
            `same` asks for equal sets.
        threshold: The least that counts as relevant; not used by `same`.
    """

    match: Match = Match.SHARED
    threshold: float = 1

    def __str__(self) -> str:
        return self.match if self.match is Match.SAME else f"{self.match}>={self.threshold}"

    @classmethod
    def parse(cls, text: str) -> RelevanceRule:
        """The rule of that name.

        Raises:
            ConfigError: It is none of `shared`, `shared>=n`, `jaccard>=t` and `same`.

        >>> str(RelevanceRule.parse("shared")), str(RelevanceRule.parse("jaccard>=0.5"))
        ('shared>=1', 'jaccard>=0.5')
        """
        found = re.fullmatch(r"(shared|jaccard|same)(?:>=(\d{1,9}(?:\.\d+)?))?", text.replace(" ", ""))
        if found:
            match, least = Match(found[1]), float(found[2] or 1)
            if match is Match.SHARED and least >= 1 and least == int(least):
                return cls(match, int(least))
            if match is Match.JACCARD and found[2] and 0 < least <= 1:
                return cls(match, least)
            if match is Match.SAME and not found[2]:
                return cls(match)
        raise ConfigError(
            f"relevance {text!r}. Expected shared, shared>=n (n whole, 1 or more), jaccard>=t "
            "(t above 0, at most 1) or same."
        )


@dataclass(frozen=True)
class Relevance:
    """Ground truth of a split, packed.

    A relevant item's grade is the number of labels that it shares with the query (255 at most) where
    `graded`, and 1 otherwise; an item that is not relevant has grade 0.

    Attributes:
        queries: uint64 (Q, W), each query's labels as bits.
        sets: uint64 (G, W), the database's distinct label sets.
        group: int32 (N,), which of them each item has.
        rule: When an item is relevant.
        graded: Whether grades go beyond 1.
    """

    queries: np.ndarray
    sets: np.ndarray
    group: np.ndarray
    rule: RelevanceRule = RelevanceRule()
    graded: bool = False

    @classmethod
    def of(
        cls,
        query_labels: Any,
        database_labels: Any,
        rule: RelevanceRule | None = None,
        *,
        graded: bool = False,
    ) -> Relevance:
        """Pack labels.

        Args:
            query_labels: bool or 0/1 (Q, C), an array or a SciPy sparse matrix; not changed.
            database_labels: The same, (N, C).
            rule: When an item is relevant; by default where it shares a label.
            graded: Whether grades are numbers of shared labels.

        Raises:
            DataError: There is no query or no item, the numbers of labels differ, or an entry is
                neither 0 nor 1.

        >>> truth = Relevance.of(np.array([[1, 0]]), np.array([[1, 1], [0, 1], [1, 1]]))
        >>> truth.of_items(slice(0, 1)).tolist()
        [[1, 0, 1]]
        """
        if query_labels.shape[1:] != database_labels.shape[1:]:
            raise DataError(
                f"query labels have shape {query_labels.shape}, database labels {database_labels.shape}. "
                "Expected as many labels (columns) in both."
            )
        queries, items = pack(query_labels, "query"), pack(database_labels, "database")
        # Rows of one word are numbers, which sort much faster than rows do.
        rows, axis = (items[:, 0], None) if items.shape[1] == 1 else (items, 0)
        sets, group = np.unique(rows, axis=axis, return_inverse=True)
        packed = sets.reshape(-1, items.shape[1])
        return cls(queries, packed, group.reshape(-1).astype(np.int32), rule or RelevanceRule(), graded)

    @cached_property
    def levels(self) -> int:
        """L: the most labels that any query has, which no grade can exceed; 1 where not graded."""
        if not self.graded:
            return 1
        most = int(np.bitwise_count(self.queries).sum(axis=1, dtype=np.int64).max())
        return min(max(1, most), _HIGHEST)

    @cached_property
    def words(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Labels of queries (Q,) and items (N,) in one machine word each; None where they take more."""
        if self.sets.shape[1] > 1:
            return None
        small = max(int(self.sets.max()), int(self.queries.max())) < 2**32
        kind = np.uint32 if small else np.uint64
        return self.queries[:, 0].astype(kind), self.sets[:, 0].astype(kind)[self.group]

    @cached_property
    def set_sizes(self) -> np.ndarray:
        """Database items with each label set, int64 (G,)."""
        return np.bincount(self.group, minlength=len(self.sets))

    def grades(self, part: slice) -> np.ndarray:
        """Grade of each label set to some queries, uint8 (q, G)."""
        rows = [self._grades(query) for query in self.queries[part]]
        return np.stack(rows)

    def of_items(self, part: slice) -> np.ndarray:
        """Grade of each item to some queries, uint8 (q, N)."""
        return self.grades(part)[:, self.group]

    def totals(self, grades: np.ndarray) -> np.ndarray:
        """Items of each grade from 1 to L, int64 (q, L), given the grades (q, G) of some queries."""
        rows = [np.bincount(row, self.set_sizes, self.levels + 1)[1:] for row in grades]
        return np.stack(rows).astype(np.int64)

    def relevant(self, part: slice) -> np.ndarray:
        """Relevant items of some queries, int64 (q,)."""
        return self.totals(self.grades(part)).sum(axis=1)

    def take(self, items: slice | np.ndarray) -> Relevance:
        """The same queries against some items, in that order."""
        return replace(self, group=self.group[items])

    def _grades(self, query: np.ndarray) -> np.ndarray:
        shared = np.bitwise_count(self.sets & query).sum(axis=1, dtype=np.int64)
        if self.rule.match is Match.SAME:
            relevant = (self.sets == query).all(axis=1) & (shared > 0)
        elif self.rule.match is Match.JACCARD:
            either = np.bitwise_count(self.sets | query).sum(axis=1, dtype=np.int64)
            relevant = (shared >= 1) & (shared / np.maximum(either, 1) >= self.rule.threshold)
        else:
            relevant = shared >= self.rule.threshold
        grade = np.minimum(shared, _HIGHEST) if self.graded else 1
        return np.where(relevant, grade, 0).astype(np.uint8)


def pack(labels: Any, part: str) -> np.ndarray:
    """0/1 labels (n, C), dense or sparse, as bits: uint64 (n, W).

    Raises:
        DataError: There is no row or no column, or an entry is neither 0 nor 1.
    """
    if len(labels.shape) != 2 or 0 in labels.shape:
        raise DataError(
            f"{part} labels have shape {labels.shape}. Expected (items, labels), at least one of each."
        )
    width = -(-labels.shape[1] // _WORD) * _WORD // 8
    packed = np.zeros((labels.shape[0], width), dtype=np.uint8)
    sparse = not isinstance(labels, np.ndarray)
    rows = labels.tocsr() if sparse else labels
    for start in range(0, len(packed), _CHUNK):
        some = rows[start : start + _CHUNK]
        dense = some.toarray() if sparse else some
        if dense.dtype != np.bool_ and not np.isin(dense, (0, 1)).all():
            raise DataError(f"{part} labels hold other values than 0 and 1.")
        bits = np.packbits(dense.astype(np.bool_), axis=1)
        packed[start : start + _CHUNK, : bits.shape[1]] = bits
    return packed.view(np.uint64)
