"""Which rows are the best of their kind, and which cannot be told from it.

Q = queries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pandas as pd

from hashbench.data.supervision import Supervision
from hashbench.errors import StoreError
from hashbench.metrics.presets import MetricPreset
from hashbench.reports.leaderboard import main_metric
from hashbench.reports.statistics import LEVEL, Seeds, sign_flip_p, welch_interval
from hashbench.runs.folder import column, per_query

# Rows that learn from the same and have as many bits compete; bytes tell scores of codes from those of
# the floats that they stand for.
_KIND = ["supervision", "web", "web content", "bits", "bytes/image"]


class Mark(StrEnum):
    """What a row is among the rows of its kind."""

    BEST = "best"
    TIED = "tied"
    NONE = ""


@dataclass(frozen=True)
class _Pair:
    """A row and the best of its kind.

    Attributes:
        place: Of the row.
        queries: (Q,) by id, its scores less those of the best, each averaged over seeds.
        seeds: What its seeds reached.
        best: What those of the best reached.
    """

    place: int
    queries: pd.Series[float]
    seeds: Seeds
    best: Seeds


def marked(rows: pd.DataFrame, preset: MetricPreset) -> tuple[list[Mark], list[str]]:
    """A mark for each row of a comparison, and what is to be said of the marks.

    Within each kind the best by the main metric is marked, and each row that cannot be told from it: by a
    permutation test over queries or, where both have several seeds, by Welch's interval over seeds. A row
    that is alone of its kind is not marked: it has beaten nobody. Nor are rows that learn from labels: they
    are a ceiling, and no competitors. Codes that have a size of their own answer to no budget.

    Args:
        rows: Those of the board, numbered from 0.
        preset: The way they are scored.
    """
    marks, said, pairs = [Mark.NONE] * len(rows), list[str](), list[_Pair]()
    listed = rows.to_dict("records")
    for places in rows.groupby(_KIND, observed=True, sort=False).indices.values():
        kind = {int(place): listed[place] for place in places}
        kind = {place: row for place, row in kind.items() if not row["own size"]}
        if len(kind) < 2 or Supervision.LABELS in {row["supervision"] for row in kind.values()}:
            continue
        found = {place: query_scores(row, preset) for place, row in kind.items()}
        scores = {place: table for place, table in found.items() if table is not None}
        if lacking := dict.fromkeys(kind[place]["method"] for place in kind if place not in scores):
            said.append(
                f"nothing is marked beside {', '.join(lacking)}: no scores of single queries are kept."
            )
            continue
        best = max(kind, key=lambda place: kind[place][main_metric(preset)])
        marks[best] = Mark.BEST
        seeds = {place: seeds_of(kind[place], scores[place]) for place in kind}
        means = {place: table.mean(axis=1) for place, table in scores.items()}
        pairs += [
            _Pair(place, means[place].sub(means[best]), seeds[place], seeds[best])
            for place in kind
            if place != best
        ]
        said += _of_seeds({row["seeds"] for row in kind.values() if row["random"]})
    for place in _tied(pairs):
        marks[place] = Mark.TIED
    return marks, said


def query_scores(row: Mapping[Any, Any], preset: MetricPreset) -> pd.DataFrame | None:
    """The main metric of every query (Q,), by its id, a column a run; None where a run does not hold it."""
    name = column(row["distance"], main_metric(preset), preset.name)
    try:
        return pd.DataFrame({number: _column(folder, name) for number, folder in enumerate(row["folders"])})
    except StoreError:
        return None


def _column(folder: Path, name: str) -> pd.Series[float]:
    return per_query(folder, ["query", name]).set_index("query")[name]


def seeds_of(row: Mapping[Any, Any], scores: pd.DataFrame) -> Seeds:
    """What each seed of a row reached, from its `query_scores`."""
    return Seeds(scores.mean().tolist(), row["random"])


def _of_seeds(numbers: set[int]) -> list[str]:
    if len(numbers) <= 1:
        return []
    return [
        f"rows have from {min(numbers)} to {max(numbers)} seeds; each is compared on those that it has."
    ]


def _tied(pairs: list[_Pair]) -> list[int]:
    """The places of the rows that cannot be told from the best."""
    if not pairs:
        return []
    # A query that a run does not have is NaN, which does not count.
    chances = sign_flip_p(pd.DataFrame([pair.queries for pair in pairs]).to_numpy())
    return [
        pair.place
        for pair, p in zip(pairs, chances, strict=True)
        if p >= 1 - LEVEL or _holds_zero(welch_interval(pair.seeds, pair.best))
    ]


def _holds_zero(interval: tuple[float, float] | None) -> bool:
    return interval is not None and interval[0] <= 0 <= interval[1]
