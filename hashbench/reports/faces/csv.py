"""The leaderboard as CSV, for spreadsheets and programs."""

from __future__ import annotations

from collections.abc import Sequence

from hashbench.metrics.presets import MetricPreset
from hashbench.reports.comparison import Comparison
from hashbench.reports.faces.flat import flat


def csv(parts: Sequence[Comparison], preset: MetricPreset) -> str:
    """A header and a line a row; run ids and machines are separated by semicolons, NaN is empty."""
    table = flat(parts, preset)
    for several in ("run_ids", "machines"):
        table[several] = table[several].map("; ".join)
    return table.to_csv(index=False, lineterminator="\n")
