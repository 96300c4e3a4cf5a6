"""All of a run's numbers: rank each tile of queries once for a preset, and average over queries.

Q = queries, N = database items, C = labels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hashbench.metrics.average_precision import average_precision
from hashbench.metrics.precision import precision
from hashbench.metrics.presets import MetricPreset
from hashbench.metrics.ranked import Ranked, one_block, rank
from hashbench.metrics.recall import recall

MAP_CUT = 5000
SHOWN = 100
NAMES = (f"map@{MAP_CUT}", "map@all", f"precision@{SHOWN}", f"recall@{SHOWN}")
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


def relevance(query_labels: np.ndarray, database_labels: np.ndarray) -> np.ndarray:
    """Whether query and item share a label.

    Args:
        query_labels: bool (Q, C).
        database_labels: bool (N, C).

    Returns:
        bool (Q, N).

    >>> relevance(np.array([[True, False]]), np.array([[True, True], [False, True]])).tolist()
    [[True, False]]
    """
    shared: np.ndarray = query_labels.astype(np.float32) @ database_labels.T.astype(np.float32) > 0
    return shared


def score(
    tiles: Iterable[tuple[slice, np.ndarray]],
    query_labels: np.ndarray,
    database_labels: np.ndarray,
    preset: MetricPreset,
) -> Scores:
    """Score tiles of distances against ground truth.

    Args:
        tiles: Slices of queries with their distances (q, N).
        query_labels: bool (Q, C).
        database_labels: bool (N, C).
        preset: The definition of mAP.
    """
    parts = []
    for part, distances in tiles:
        relevant = relevance(query_labels[part], database_labels)
        values = _values(rank(distances, relevant, preset.ties), preset)
        chance = average_precision(one_block(relevant), None, preset.denominator)
        values[CHANCE] = preset.settle(chance, relevant.sum(axis=1))
        parts.append(values)
    return Scores(preset.name, {name: np.concatenate([p[name] for p in parts]) for name in parts[0]})


def _values(ranked: Ranked, preset: MetricPreset) -> dict[str, np.ndarray]:
    """The metrics of one tile, by name."""
    values = (
        average_precision(ranked, MAP_CUT, preset.denominator),
        average_precision(ranked, None, preset.denominator),
        precision(ranked, SHOWN),
        recall(ranked, SHOWN),
    )
    return {name: preset.settle(v, ranked.total) for name, v in zip(NAMES, values, strict=True)}
