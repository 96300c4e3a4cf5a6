"""Scores from what the parts of a database say, without all of it ever being ranked in one place.

Under rules of ties that need no order, the items of each grade at each Hamming distance say all; other
distances, and ties in database order, need the nearest items, down to the last rank that is looked at.

Q = queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hashbench.errors import ConfigError
from hashbench.metrics.presets import MetricPreset
from hashbench.metrics.score import Scores, last_rank, merge_tiles, per_query
from hashbench.ranking.blocks import Ties
from hashbench.ranking.counts import DistanceCounts, merge_items
from hashbench.ranking.distances import Distances, Hamming
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.nearest import Nearest, merge_nearest
from hashbench.ranking.relevance import Relevance


@dataclass(frozen=True)
class Statistics:
    """What a part of a database, or all of it, says of every query.

    Attributes:
        counts: Items of each grade at each Hamming distance, where they are needed.
        nearest: The nearest items with their grades, where they are.
    """

    counts: DistanceCounts | None
    nearest: Nearest | None


@dataclass(frozen=True)
class Wanted:
    """Presets that are scored from the same statistics.

    Attributes:
        presets: The presets.
        counts: Whether items are counted by Hamming distance.
        k: How many of the nearest are needed; None where counts tell all.
        tied: Whether equal distances are put together; else they are in database order.
    """

    presets: tuple[MetricPreset, ...]
    counts: bool
    k: int | None
    tied: bool

    def of(self, distances: Distances, relevance: Relevance, kernel: NumpyKernel, first: int) -> Statistics:
        """What a part of the database says; `first` is the place of its first item."""
        relevance = replace(relevance, graded=any(preset.graded for preset in self.presets))
        counts, nearest = None, None
        if self.counts and isinstance(distances, Hamming):
            counts = merge_tiles(distances, relevance, kernel)
        if self.k is not None:
            nearest = Nearest.of(distances, relevance, kernel, self.k, first=first, whole_blocks=self.tied)
        return Statistics(counts, nearest)

    def merge(self, one: Statistics, other: Statistics) -> Statistics:
        """What two parts of a database say together."""
        counts, nearest = None, None
        if one.counts and other.counts:
            counts = merge_items([one.counts, other.counts])
        if one.nearest and other.nearest and self.k is not None:
            nearest = merge_nearest([one.nearest, other.nearest], self.k, whole_blocks=self.tied)
        return Statistics(counts, nearest)

    def scores(self, whole: Statistics) -> dict[str, Scores]:
        """Scores by preset, from what all parts say together.

        Raises:
            DataError: A query has nothing to find, and a preset refuses that.
        """
        if whole.nearest:
            blocks = whole.nearest.blocks(tied=self.tied)
        else:
            assert whole.counts  # noqa: S101 - one of the two is there
            blocks = whole.counts.blocks()
        return {one.name: Scores(one.name, per_query(blocks, whole.counts, one)) for one in self.presets}


def wanted(presets: Sequence[MetricPreset], *, hamming: bool) -> list[Wanted]:
    """What it takes to score presets, those together that share it.

    Args:
        presets: The presets, each name once.
        hamming: Whether codes are compared by Hamming distance.

    Raises:
        ConfigError: A preset needs all items in order, which no part of a database can tell in bounded
            memory.
    """
    for one in presets:
        if one.ties.needs_order and one.ties is not Ties.DATABASE_ORDER:
            raise ConfigError(
                f"metric preset {one.name!r} orders ties by a rule, {one.ties.value}, that asks for the "
                "whole database at once. Expected another preset for codes in shards."
            )
    found = []
    for ordered in (False, True):
        alike = tuple(one for one in presets if one.ties.needs_order is ordered)
        if alike:
            k = _last(alike) if ordered or not hamming else None
            found.append(Wanted(alike, hamming, k, tied=not ordered))
    return found


def _last(presets: Sequence[MetricPreset]) -> int:
    """The last rank that any of the presets looks at.

    Raises:
        ConfigError: One looks at all.
    """
    for preset in presets:
        for metric in preset.named():
            if last_rank([metric]) is None:
                raise ConfigError(
                    f"metric {str(metric)!r} of preset {preset.name!r} needs all items in order, which "
                    "codes in shards do not tell by this distance and rule of ties. Expected metrics "
                    "with a last rank, such as --metric map@1000."
                )
    return last_rank([metric for preset in presets for metric in preset.named()]) or 1
