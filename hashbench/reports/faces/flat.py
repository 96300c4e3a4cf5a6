"""The leaderboard for programs: a line a row, every coordinate and every number in full."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from hashbench.metrics.presets import MetricPreset
from hashbench.metrics.score import CHANCE
from hashbench.reports.comparison import Comparison
from hashbench.reports.leaderboard import BAND, COSTS, GROUP

MARK = "mark"
_ROW = ["supervision", "web", "web content", "method", "variant", "backbone", "backbone content", "bits"]
_SIZES = ["queries", "database", "train"]
_RUNS = ["seeds", "random", "run_ids", "machines", "at once"]


def flat(parts: Sequence[Comparison], preset: MetricPreset) -> pd.DataFrame:
    """The rows of all comparisons, one below the other, with their marks."""
    metrics = [
        name
        for metric in preset.metrics
        for name in (metric, f"{metric} sd", f"{metric} ci", *_band(metric, preset))
    ]
    columns = [*GROUP, *_ROW, "own size", "distance", MARK, *metrics, CHANCE, *COSTS, *_SIZES, *_RUNS]
    marked = [part.rows.assign(mark=[mark.value for mark in part.marks]) for part in parts]
    return pd.concat(marked, ignore_index=True)[columns].astype({"supervision": str})


def _band(metric: str, preset: MetricPreset) -> list[str]:
    return [f"{metric}/{end}" for end in BAND] if preset.has_band(metric) else []
