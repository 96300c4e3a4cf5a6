"""All of a run's numbers: each tile of queries is ranked once for all presets that order ties alike.

Q = queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from hashbench.errors import DataError
from hashbench.metrics.acg import acg
from hashbench.metrics.average_precision import average_precision
from hashbench.metrics.hit_rate import hit_rate
from hashbench.metrics.named import NamedMetric
from hashbench.metrics.ndcg import ndcg
from hashbench.metrics.precision import precision
from hashbench.metrics.presets import MetricPreset
from hashbench.metrics.r_precision import r_precision
from hashbench.metrics.radius import precision_within, recall_within
from hashbench.metrics.recall import recall
from hashbench.metrics.wap import wap
from hashbench.ranking.blocks import Blocks, Ties, one_block
from hashbench.ranking.counts import DistanceCounts, merge_queries
from hashbench.ranking.distances import Distances, Hamming
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.relevance import Relevance

CHANCE = "chance"


@dataclass(frozen=True)
class Scores:
    """Every metric of every query, under one preset.

    Attributes:
        preset: The preset's name.
        per_query: float64 (Q,) by metric; NaN where the preset skips the query.
    """

    preset: str
    per_query: dict[str, np.ndarray]

    def means(self) -> dict[str, float]:
        """Mean of each metric over the queries that count; zero where none does."""
        return {
            name: float(np.nanmean(values)) if np.isfinite(values).any() else 0.0
            for name, values in self.per_query.items()
        }


# How each metric is computed from rankings that tell no more about ties.
_BY_RANK: dict[str, Callable[[Blocks, NamedMetric, MetricPreset], np.ndarray]] = {
    "map": lambda blocks, metric, preset: average_precision(
        blocks, metric.k, preset.denominator, whole_blocks=preset.ties is Ties.WHOLE_BLOCK
    ),
    "precision": lambda blocks, metric, _: precision(blocks, metric.k or 1),
    "recall": lambda blocks, metric, _: recall(blocks, metric.k or 1),
    "hit_rate": lambda blocks, metric, _: hit_rate(blocks, metric.k or 1),
    "r_precision": lambda blocks, _, __: r_precision(blocks),
    "ndcg": lambda blocks, metric, preset: ndcg(blocks, metric.k, preset.gain),
    "acg": lambda blocks, metric, _: acg(blocks, metric.k or 1),
    "wap": lambda blocks, metric, preset: wap(blocks, metric.k, preset.denominator),
}
_BY_RADIUS: dict[str, Callable[[DistanceCounts, NamedMetric, MetricPreset], np.ndarray]] = {
    "precision_within": lambda counts, metric, preset: precision_within(
        counts, metric.k or 0, preset.empty_ball
    ),
    "recall_within": lambda counts, metric, _: recall_within(counts, metric.k or 0),
}


def score(
    distances: Distances, relevance: Relevance, presets: Iterable[MetricPreset], kernel: NumpyKernel
) -> dict[str, Scores]:
    """Score a ranking of every query against ground truth.

    Args:
        distances: What queries rank items by.
        relevance: The ground truth of the same queries and items.
        presets: The ways to score.
        kernel: What ranks.

    Returns:
        Scores by preset, in the presets' order.

    Raises:
        DataError: Numbers of queries or items differ, or a query has nothing to find and a preset
            refuses that.
    """
    sizes = (distances.queries, distances.items), (len(relevance.queries), len(relevance.group))
    if sizes[0] != sizes[1]:
        raise DataError(
            "codes of {} queries and {} items".format(*sizes[0])
            + ", labels of {} and {}. Expected equal numbers.".format(*sizes[1])
        )
    wanted = list({preset.name: preset for preset in presets}.values())
    if any(preset.no_relevant == "error" for preset in wanted):
        relevant = np.concatenate([relevance.relevant(part) for part in kernel.tiles(distances)])
        for preset in wanted:
            preset.refuse(relevant)
    found: dict[str, Scores] = {}
    for _, alike in groupby(sorted(wanted, key=_order), key=_order):
        found |= _score_alike(distances, relevance, list(alike), kernel)
    return {preset.name: found[preset.name] for preset in wanted}


def per_query(blocks: Blocks, counts: DistanceCounts | None, preset: MetricPreset) -> dict[str, np.ndarray]:
    """Every metric of a preset, float64 (Q,) by name, from rankings or from merged statistics.

    Args:
        blocks: The rankings in the preset's order of ties; `DistanceCounts.blocks` gives them where
            the rule needs no order.
        counts: What metrics by radius come from; without it they are left out.
        preset: The way to score.

    Raises:
        DataError: A query has nothing to find, and the preset refuses that.
    """
    preset.refuse(blocks.relevant)
    values: dict[str, np.ndarray] = {}
    rules = [preset.ties, *((Ties.PESSIMISTIC, Ties.OPTIMISTIC) if preset.band else ())]
    for rule in rules:
        ordered = blocks.under(rule)
        for metric in preset.named():
            as_stated = rule is preset.ties
            if not as_stated and not preset.has_band(str(metric)):
                continue
            if not metric.by_radius:
                found = _BY_RANK[metric.kind](ordered, metric, preset)
            elif counts:
                found = _BY_RADIUS[metric.kind](counts, metric, preset)
            else:
                continue
            name = str(metric) if as_stated else f"{metric}/{rule}"
            values[name] = preset.settle(metric, found, blocks.relevant)
    everything = NamedMetric("map", None)
    chance = average_precision(one_block(blocks.total, blocks.items), None, preset.denominator)
    values[CHANCE] = preset.settle(everything, chance, blocks.relevant)
    return values


def merge_tiles(distances: Hamming, relevance: Relevance, kernel: NumpyKernel) -> DistanceCounts:
    """Items of each grade at each distance from every query: the statistic that shards add up.

    With `per_query` it gives every metric by radius, and every metric by rank under the rules of ties
    that need no order: `expected`, `optimistic`, `pessimistic` and `whole_block`.
    """
    parts = kernel.tiles(distances, _width(distances, relevance, None, ordered=False))
    return merge_queries([kernel.counts(distances, relevance, part) for part in parts])


def _order(preset: MetricPreset) -> tuple[str, int]:
    """Presets with the same order share a ranking; the rules that need none share one, too."""
    return (preset.ties.value, preset.seed) if preset.ties.needs_order else ("", 0)


def _score_alike(
    distances: Distances, relevance: Relevance, presets: list[MetricPreset], kernel: NumpyKernel
) -> dict[str, Scores]:
    """Score presets that order ties alike, from one ranking."""
    ties = presets[0].ties
    graded = any(preset.graded for preset in presets)
    if graded != relevance.graded:
        relevance = replace(relevance, graded=graded)
    if (order := permutation(presets[0], distances.items)) is not None:
        distances, relevance = distances.take(order), relevance.take(order)
    named = [metric for preset in presets for metric in preset.named()]
    k = last_rank(named)
    radius = any(metric.by_radius for metric in named)
    parts: dict[str, list[dict[str, np.ndarray]]] = {preset.name: [] for preset in presets}
    for part in kernel.tiles(distances, _width(distances, relevance, k, ordered=ties.needs_order)):
        counts = None
        if radius and isinstance(distances, Hamming):
            counts = kernel.counts(distances, relevance, part)
        if ties.needs_order:
            blocks = kernel.ordered(distances, relevance, part, k)
        else:
            blocks = counts.blocks() if counts else kernel.tied(distances, relevance, part, k)
        for preset in presets:
            parts[preset.name].append(per_query(blocks, counts, preset))
    return {
        name: Scores(name, {key: np.concatenate([p[key] for p in found]) for key in found[0]})
        for name, found in parts.items()
    }


def permutation(preset: MetricPreset, items: int) -> np.ndarray | None:
    """The order of the database that ties are resolved by, int64 (N,); None for its own."""
    if preset.ties is Ties.ID_DESCENDING:
        return np.arange(items)[::-1]
    if preset.ties is Ties.RANDOM:
        return np.random.default_rng(preset.seed).permutation(items)
    return None


def last_rank(metrics: list[NamedMetric]) -> int | None:
    """The last rank that any of the metrics looks at; None for all items."""
    ranks = [metric.k for metric in metrics if not metric.by_radius]
    known = [k for k in ranks if k is not None]
    return max(known, default=1) if len(known) == len(ranks) else None


def _width(distances: Distances, relevance: Relevance, k: int | None, *, ordered: bool) -> int:
    """About how many numbers a query's blocks and their metrics take."""
    if isinstance(distances, Hamming) and not ordered:
        return 8 * (distances.bits + 1) * (relevance.levels + 1)
    return distances.items if k is None else min(k, distances.items)
