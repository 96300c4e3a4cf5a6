"""Ranking by compiled loops on all cores; needs Numba.

Q = queries, N = database items, b = bits, L = highest grade, G = distinct label sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

from hashbench.ranking import entries as ranked
from hashbench.ranking.blocks import Blocks
from hashbench.ranking.counts import DistanceCounts
from hashbench.ranking.distances import Dense, Distances, Hamming, LookUp
from hashbench.ranking.kernels import loops
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.relevance import Match, Relevance
from hashbench.threads import cores

T = TypeVar("T")
# Queries that one thread takes at once; where each needs a row of N floats from a GEMM, fewer.
_CHUNK, _DENSE_CHUNK = 16, 2
# The grades that one thread holds at once, per item.
_GRADES_AN_ITEM = 4
# A group of queries holds this many numbers, or so many an item and thread where that is more: the
# metrics take some ten arrays of as many.
_HELD, _HELD_AN_ITEM = 200_000, 1 / 4
# Where more than this share of the items is wanted, sorting all is faster than finding a bound.
_SORT_ALL = 1 / 8
_SAMPLE = 4096
# Labels in common are counted in a byte: at most 255 of them, so at most three words of 64.
_MOST_WORDS = 3


class NumbaKernel(NumpyKernel):
    """Ranks queries on several threads with compiled loops."""

    name = "numba"

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or cores()
        self._pool = ThreadPoolExecutor(self.threads)
        self._blas = ThreadpoolController()

    def counts(self, distances: Hamming, relevance: Relevance, part: slice) -> DistanceCounts:
        """Items of each grade at each distance from some queries."""
        query, words = distances.words
        levels = relevance.levels + 1
        bins = (distances.bits + 1) * levels

        def count(chunk: slice) -> np.ndarray:
            queries = query[chunk]
            counts = np.zeros((len(queries), loops.COPIES, bins), dtype=np.uint32)
            loops.count_grades(queries, words, _truth(relevance, chunk), levels, counts)
            return counts.sum(axis=1, dtype=np.int64)

        counted = np.concatenate(self._each(count, part, _chunk(distances, relevance)))
        return DistanceCounts(counted.reshape(len(counted), -1, levels))

    def nearest(
        self, distances: Distances, part: slice, k: int, *, whole_blocks: bool = False
    ) -> np.ndarray:
        """The k nearest items of some queries as sorted entries; see `NumpyKernel.nearest`."""
        many = min(k, distances.items)
        if isinstance(distances, Hamming):
            if whole_blocks:
                return super().nearest(distances, part, k, whole_blocks=True)
            return np.concatenate(
                self._each(lambda chunk: _count_sorted(distances, chunk, many), part, _CHUNK)
            )

        def find(chunk: slice) -> list[np.ndarray]:
            found = _Reach(distances.items, many).entries(distances, chunk)
            return [_cut(np.sort(entries), many, whole_blocks=whole_blocks) for entries in found]

        found = self._each(find, part, _chunk(distances))
        return ranked.padded([row for rows in found for row in rows], ranked.PADDING)

    def ordered(self, distances: Distances, relevance: Relevance, part: slice, k: int | None) -> Blocks:
        """The rankings of some queries down to rank k, ties in database order: blocks of one item."""
        if not isinstance(distances, Hamming):
            return self._ranked(distances, relevance, part, k, tied=False)
        many = distances.items if k is None else min(k, distances.items)
        counts = self.counts(distances, relevance, part)
        hits = counts.hits
        before = np.cumsum(counts.size, axis=1) - counts.size
        found = np.cumsum(hits, axis=1) - hits
        width = int(np.minimum(np.where(before < many, hits, 0).sum(axis=1), many).max())
        start = np.zeros((len(hits), width), dtype=np.int32)
        grade = np.zeros((len(hits), width), dtype=np.uint8)
        query, words = distances.words

        def place(chunk: slice) -> None:
            rows = slice(chunk.start - part.start, chunk.stop - part.start)
            outcome = before[rows], found[rows], start[rows], grade[rows]
            loops.place_hits(query[chunk], words, _truth(relevance, chunk), many, *outcome)

        self._each(place, part, _chunk(distances, relevance))
        grades = grade[:, :, None] == np.arange(1, relevance.levels + 1, dtype=np.uint8)
        size = np.broadcast_to(np.int32(1), start.shape)
        total = counts.at[:, :, 1:].sum(axis=1)
        return Blocks(start, size, grades.view(np.uint8), total, counts.items, untied=True)

    def _ranked(
        self, distances: Distances, relevance: Relevance, part: slice, k: int | None, *, tied: bool
    ) -> Blocks:
        many = distances.items if k is None else min(k, distances.items)

        def rank(chunk: slice) -> list[tuple[np.ndarray, ...]]:
            tables = _grades(relevance, chunk)
            total = np.zeros((len(tables), relevance.levels), dtype=np.int64)
            loops.add_up(tables, relevance.set_sizes, total)
            found: list[tuple[np.ndarray, ...]] = []
            reach = _Reach(distances.items, many).entries(distances, chunk)
            for entries, table, most in zip(reach, tables, total, strict=True):
                if tied:  # nobody asks for the order inside a block
                    loops.put_grades(entries, relevance.group, table)
                entries.sort()
                nearest = _cut(entries, many, whole_blocks=tied)
                if not tied:
                    loops.put_grades(nearest, relevance.group, table)
                found.append((*_gather(nearest, most, tied=tied), most))
            return found

        rows = [row for rows in self._each(rank, part, _chunk(distances, relevance)) for row in rows]
        start, size, grades = (ranked.padded([row[i] for row in rows], 0) for i in range(3))
        total = np.stack([row[3] for row in rows])
        return Blocks(start, size, grades, total, distances.items, untied=not tied)

    def _step(self, distances: Distances, width: int) -> int:
        held = max(_HELD, _HELD_AN_ITEM * distances.items * self.threads)
        return max(self.threads, int(held) // width)

    def _each(self, work: Callable[[slice], T], part: slice, chunk: int) -> list[T]:
        """Work on a group of queries in chunks, on all threads; results are in order."""
        many = part.stop - part.start
        rounds = -(-many // (chunk * self.threads))
        step = -(-many // (rounds * self.threads))  # the same for every thread
        chunks = [
            slice(start, min(start + step, part.stop)) for start in range(part.start, part.stop, step)
        ]
        # A BLAS of several threads leaves them spinning for a while, on the cores that are needed here.
        with self._blas.limit(limits=1, user_api="blas"):
            return list(self._pool.map(work, chunks))


def _chunk(distances: Distances, relevance: Relevance | None = None) -> int:
    """How many queries a thread takes at once."""
    most = _DENSE_CHUNK if isinstance(distances, Dense) else _CHUNK
    sets = len(relevance.sets) if relevance else 1
    return max(1, min(most, _GRADES_AN_ITEM * distances.items // sets))


def _truth(relevance: Relevance, part: slice) -> tuple[Any, ...]:
    """Ground truth of some queries, as `loops.add_grades` takes it."""
    threshold, graded = np.uint32(relevance.rule.threshold), relevance.graded
    if relevance.words and relevance.rule.match is Match.SHARED:
        asked, labels = relevance.words
        return asked[part], labels, threshold, graded, np.empty((0, 0), np.uint8), relevance.group
    nothing = np.empty(0, dtype=np.uint32)
    return nothing, nothing, threshold, graded, _grades(relevance, part), relevance.group


def _grades(relevance: Relevance, part: slice) -> np.ndarray:
    """Grade of each label set to some queries, uint8 (q, G)."""
    queries, sets, rule = relevance.queries[part], relevance.sets, relevance.rule
    if rule.match is not Match.SHARED or sets.shape[1] > _MOST_WORDS:
        return relevance.grades(part)
    table = np.empty((len(queries), len(sets)), dtype=np.uint8)
    loops.shared_labels(queries, sets, int(rule.threshold), relevance.graded, table)
    return table


def _count_sorted(distances: Hamming, chunk: slice, k: int) -> np.ndarray:
    """The k nearest items as entries, uint64 (q, k)."""
    query, words = distances.words
    queries = query[chunk]
    counts = np.zeros((len(queries), loops.COPIES, distances.bits + 1), dtype=np.uint32)
    out = np.empty((len(queries), k), dtype=np.uint64)
    loops.place_items(queries, words, counts, out)
    return out


class _Reach:
    """Finds few items that hold the k nearest of a query; its memory serves one query after the other.

    A sample of the distances gives a bound that most probably lies a little beyond the k-th. Where it
    does not, or most items are wanted anyway, all items are given.
    """

    def __init__(self, items: int, k: int) -> None:
        self.k = k
        self._step = max(1, items // _SAMPLE)
        sampled = -(-items // self._step)
        wanted = sampled * k / items
        self._place = int(wanted + 4 * wanted**0.5 + 4)
        few = k <= _SORT_ALL * items and self._place < sampled
        # What the bound lets through is more than this in one of 100,000 cases: then all items are sorted.
        reached = max(2 * self._place, self._place + 8 * self._place**0.5) + 1
        most = int(reached * items / sampled) if few else 0
        self._places = np.empty(most, dtype=np.uint32)
        self._found = np.empty(most, dtype=np.uint64)
        # Where all items are wanted their entries take the place of the distances, in the first half.
        self._all = None if few else np.empty(items, dtype=np.uint64)
        self._row = np.empty(items, np.float32) if self._all is None else self._all.view(np.float32)[:items]

    def entries(self, distances: Distances, chunk: slice) -> Iterator[np.ndarray]:
        """For each query, unsorted entries of the k nearest with all ties; the next overwrite them."""
        if isinstance(distances, LookUp):
            for tables in distances.tables(chunk):
                loops.look_up(tables, distances.database.indices, distances.bias, self._row)
                yield self._within()
        else:
            for values in distances.tile(chunk):
                self._row[:] = values
                yield self._within()

    def _within(self) -> np.ndarray:
        if len(self._found):
            bound = np.partition(self._row[:: self._step], self._place)[self._place]
            many = loops.entries_within(self._row, bound, self._places, self._found)
            if self.k <= many < len(self._found):
                return self._found[:many]
        room = np.empty(len(self._row), dtype=np.uint64) if self._all is None else self._all
        loops.all_entries(self._row, room)
        return room


def _cut(entries: np.ndarray, k: int, *, whole_blocks: bool) -> np.ndarray:
    """The first k of sorted entries, and on demand what is at the same distance as the k-th."""
    last = entries[k - 1] | ranked.POSITION
    return entries[: int(np.searchsorted(entries, last, side="right")) if whole_blocks else k]


def _gather(
    entries: np.ndarray, total: np.ndarray, *, tied: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start, size and grades of the blocks that hold a relevant item, of entries with grades."""
    most = min(int(total.sum()), len(entries))
    start, size = (np.empty(most, dtype=np.int32) for _ in range(2))
    grades = np.zeros((most, len(total)), dtype=np.int32)
    many = loops.gather_blocks(entries, tied, start, size, grades)
    return start[:many], size[:many], grades[:many]
