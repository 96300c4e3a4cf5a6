"""Ranking in plain NumPy: what runs everywhere, and what every faster kernel has to equal.

Q = queries, N = database items, b = bits, L = highest grade, G = distinct label sets.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hashbench.ranking import entries as ranked
from hashbench.ranking.blocks import Blocks
from hashbench.ranking.counts import DistanceCounts
from hashbench.ranking.distances import Distances, Hamming
from hashbench.ranking.relevance import Relevance

# About this many distances are held at once.
_TILE_ENTRIES = 1_000_000


class NumpyKernel:
    """Ranks some queries at a time on one thread."""

    name = "numpy"

    def tiles(self, distances: Distances, width: int = 1) -> Iterator[slice]:
        """Groups of queries small enough to be ranked at once in bounded memory.

        Args:
            distances: What is compared.
            width: Numbers that the caller holds for each query of a group.
        """
        step = self._step(distances, width)
        for start in range(0, distances.queries, step):
            yield slice(start, min(start + step, distances.queries))

    def counts(self, distances: Hamming, relevance: Relevance, part: slice) -> DistanceCounts:
        """Items of each grade at each distance from some queries."""
        levels = relevance.levels + 1
        cells = distances.tile(part).astype(np.int64) * levels + relevance.of_items(part)
        bins = (distances.bits + 1) * levels
        rows = [np.bincount(row, minlength=bins) for row in cells]
        return DistanceCounts(np.stack(rows).reshape(len(rows), -1, levels))

    def nearest(
        self, distances: Distances, part: slice, k: int, *, whole_blocks: bool = False
    ) -> np.ndarray:
        """The k nearest items of some queries as sorted entries; ties are in database order.

        Args:
            distances: What is compared.
            part: Which queries.
            k: How many items.
            whole_blocks: Also give, beyond k, what is at the same distance as the k-th.

        Returns:
            uint64 (q, at least min(k, N)), see `hashbench.ranking.entries`.
        """
        found = ranked.pack(distances.tile(part))
        return ranked.smallest(found, k, whole_blocks=whole_blocks)

    def tied(self, distances: Distances, relevance: Relevance, part: slice, k: int | None) -> Blocks:
        """The rankings of some queries down to rank k with equal distances as blocks."""
        if isinstance(distances, Hamming):
            return self.counts(distances, relevance, part).blocks()
        return self._ranked(distances, relevance, part, k, tied=True)

    def ordered(self, distances: Distances, relevance: Relevance, part: slice, k: int | None) -> Blocks:
        """The rankings of some queries down to rank k, ties in database order: blocks of one item."""
        return self._ranked(distances, relevance, part, k, tied=False)

    def _step(self, distances: Distances, width: int) -> int:
        """How many queries a group has."""
        return max(1, _TILE_ENTRIES // max(distances.items, width))

    def _ranked(
        self, distances: Distances, relevance: Relevance, part: slice, k: int | None, *, tied: bool
    ) -> Blocks:
        many = distances.items if k is None else min(k, distances.items)
        found = self.nearest(distances, part, many, whole_blocks=tied)
        grades = relevance.grades(part)
        return ranked.to_blocks(found, grades, relevance.group, relevance.totals(grades), tied=tied)
