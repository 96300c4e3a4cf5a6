"""What is exported: codes of a finished run, and the queries that it was scored by.

Q = queries, N = items, D = dimensions, k = neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from hashbench import fingerprint
from hashbench.codes.additive import Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.code_set import CodeSet, Shard
from hashbench.codes.floats import FloatCodes
from hashbench.codes.rows import joined, take
from hashbench.codes.storage import Codes, load_codes
from hashbench.errors import DataError
from hashbench.ranking.distances import Distances, suited
from hashbench.ranking.entries import positions
from hashbench.ranking.search import nearest_in_parts
from hashbench.runs.folder import CODES, SPLIT, per_query, read_json, read_run
from hashbench.runs.record import RunRecord

# Items of a run that are one part.
_ROWS = 1 << 16


@dataclass(frozen=True)
class Part:
    """Some items of the database, one after the other.

    Attributes:
        first: Place of the first of them in the database.
        items: How many.
        codes: Gives their codes.
        names: Gives what each is called.
    """

    first: int
    items: int
    codes: Callable[[], Codes] = field(repr=False)
    names: Callable[[], list[str]] = field(repr=False)


@dataclass(frozen=True)
class Source:
    """A database of codes in parts, and queries to try it with.

    Attributes:
        record: The run.
        query: Codes of Q queries.
        embeddings: float32 (Q, D), where codes are neither binary nor floats.
        query_names: What each query is called.
        parts: The database.
        where: Where its codes are from, in words.
    """

    record: RunRecord
    query: Codes
    embeddings: np.ndarray | None
    query_names: list[str]
    parts: tuple[Part, ...]
    where: str

    def __len__(self) -> int:
        return sum(part.items for part in self.parts)

    @property
    def run_id(self) -> str:
        """The run's."""
        return self.record.spec.run_id()

    @cached_property
    def alike(self) -> Codes:
        """No item: the kind of the codes, and what all of them share."""
        return take(self.query, slice(0, 0))

    @property
    def metric(self) -> str:
        """What queries and items are compared by: hamming, inner_product or squared_l2."""
        return "hamming" if isinstance(self.alike, BinaryCodes) else self.alike.similarity.value

    @property
    def vectors(self) -> np.ndarray:
        """What queries are searched with where codes are not binary, float32 (Q, D)."""
        if isinstance(self.query, FloatCodes):
            return self.query.values
        if self.embeddings is None:
            raise DataError(f"run {self.run_id!r} holds no embeddings of its queries. Expected them.")
        return np.ascontiguousarray(self.embeddings, dtype=np.float32)

    def nearest(self, k: int) -> np.ndarray:
        """Places of the k nearest items of every query, nearest first, int64 (Q, min(k, N))."""
        parts = ((part.first, self._distances(part.codes())) for part in self.parts)
        return positions(nearest_in_parts(parts, k))

    def distances_at(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The suite's distances of every query to some items, and how far rounding may move them.

        Args:
            places: int64 (Q, n), the items of each query.

        Returns:
            float64 (Q, n), and float64 (Q, 1), which is 0 where distances are whole numbers.
        """
        used, rows = np.unique(places, return_inverse=True)
        rows = rows.reshape(places.shape)
        codes = self.at(used)
        distances = self._distances(codes)
        measured = np.empty(places.shape)
        for query in range(len(places)):
            one = slice(query, query + 1)
            measured[query] = distances.take(rows[query]).tile(one)[0]
        return measured, self._rounding(codes)

    def at(self, places: np.ndarray) -> Codes:
        """The codes at some places of the database, which ascend."""
        ends = np.searchsorted(places, [part.first + part.items for part in self.parts])
        starts = [0, *ends[:-1]]
        found = [
            take(part.codes(), places[start:end] - part.first)
            for part, start, end in zip(self.parts, starts, ends, strict=True)
            if start < end
        ]
        return joined(found)

    def _distances(self, database: Codes) -> Distances:
        """The distance that methods are ranked by."""
        return suited(self.query, database, self.embeddings)[0]

    def _rounding(self, codes: Codes) -> np.ndarray:
        """What float32 sums of products may differ by in another order, (Q, 1)."""
        if isinstance(codes, BinaryCodes):
            return np.zeros((len(self.query), 1))
        longest = np.linalg.norm(codes.reconstruct(), axis=1).max(initial=0)
        lengths = np.linalg.norm(self.vectors, axis=1, keepdims=True).astype(np.float64)
        own = longest**2 if codes.similarity is Similarity.SQUARED_L2 else 0.0
        return _ROUNDING * (lengths * longest + own)


# Of the terms of a distance: far above what float32 rounds by, far below what tells items apart.
_ROUNDING = 1e-5


def source_of(folder: Path, codes: Path | None = None) -> Source:
    """What a run holds: its own database, or in its place a set that its method encoded.

    Args:
        folder: The run's.
        codes: The folder of such a set.

    Raises:
        StoreError: The run is damaged or of another version.
        DataError: The set is damaged, or is none of this run's.
    """
    record = read_run(folder)
    query, database, embeddings = load_codes(folder / CODES)
    names = [str(name) for name in per_query(folder, ["query"])["query"]]
    if codes is not None:
        parts = _parts_of_set(codes, database, record)
        return Source(record, query, embeddings, names, parts, f"set {str(codes)!r}")
    hashes = read_json(folder, SPLIT)["database"]
    if len(hashes) != len(database):
        raise DataError(
            f"run {folder.name!r} has {len(database):,} codes of {len(hashes):,} items. Expected one each."
        )
    parts = tuple(_part_of_run(database, hashes, first) for first in range(0, len(database), _ROWS))
    return Source(record, query, embeddings, names, parts, "the run's database")


def _part_of_run(database: Codes, hashes: list[str], first: int) -> Part:
    rows = slice(first, first + _ROWS)
    some = take(database, rows)
    return Part(first, len(some), lambda: some, lambda: hashes[rows])


def _parts_of_set(folder: Path, own: Codes, record: RunRecord) -> tuple[Part, ...]:
    """The shards of a set, which has to be of the run.

    Raises:
        DataError: It is not, or holds nothing.
    """
    found = CodeSet.open(folder)
    run_id = record.spec.run_id()
    if not len(found):
        raise DataError(f"set {str(folder)!r} holds no codes. Expected some.")
    if found.about.get("run", run_id) != run_id:
        raise DataError(
            f"set {str(folder)!r} was made by run {found.about['run']!r}. Expected one of run {run_id!r}."
        )
    alike = take(found.shards[0].codes(), slice(0, 0))
    if (found.kind, found.bits) != (own.KIND, own.bits) or not _share(alike, own):
        raise DataError(
            f"set {str(folder)!r} holds other codes ({found.kind}, {found.bits} bits) than run {run_id!r} "
            f"({own.KIND}, {own.bits} bits). Expected codes of the same method and state."
        )
    return tuple(_part_of_set(shard) for shard in found.shards if shard.items)


def _part_of_set(shard: Shard) -> Part:
    return Part(
        shard.first, shard.items, shard.codes, lambda: [shard.name(row) for row in range(shard.items)]
    )


def _share(one: Codes, other: Codes) -> bool:
    """Whether codes share the same codebooks and levels."""
    mine, theirs = (
        {name: array for name, array in codes.arrays().items() if name not in codes.BY_ITEM}
        for codes in (one, other)
    )
    return mine.keys() == theirs.keys() and all(
        fingerprint.of_array(mine[name]) == fingerprint.of_array(theirs[name]) for name in mine
    )
