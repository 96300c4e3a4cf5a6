"""What a reader asks first of a comparison: for so many bits, and so much help, which method is best?"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

import pandas as pd

from hashbench.data.supervision import Supervision
from hashbench.metrics.presets import MetricPreset
from hashbench.reports.comparison import TEACHER, Comparison
from hashbench.reports.faces.layout import main_heading
from hashbench.reports.leaderboard import main_metric
from hashbench.reports.marks import Mark


@dataclass(frozen=True)
class Cell:
    """The best for so many bits.

    Attributes:
        method: What it is called.
        score: What it reaches, with its interval.
        tied: Those that cannot be told from it.
        alone: Whether there is no other to be better than.
        filters: What the filters are set to for the rows behind this, as an address says it.
    """

    method: str
    score: str
    tied: tuple[str, ...]
    alone: bool
    filters: str


@dataclass(frozen=True)
class Line:
    """What one kind of supervision brings.

    Attributes:
        supervision: The kind.
        words: The same as the table says it.
        cells: One a budget; None where there is no row.
    """

    supervision: str
    words: str
    cells: tuple[Cell | None, ...]

    @property
    def ceiling(self) -> bool:
        """Whether it competes with no other."""
        return self.supervision == Supervision.LABELS


@dataclass(frozen=True)
class Summary:
    """The best of each kind for each budget; codes that have a size of their own are in none."""

    budgets: tuple[int, ...]
    lines: tuple[Line, ...]


def summary(comparison: Comparison, preset: MetricPreset) -> Summary:
    """The summary of a comparison.

    Args:
        comparison: What is summed up.
        preset: How it was scored.
    """
    rows = comparison.rows.assign(
        words=comparison.body[TEACHER],
        shown=comparison.body["method"],
        score=comparison.body[main_heading(preset)],
        mark=[mark.value for mark in comparison.marks],
    )
    rows = rows[~rows["own size"]]
    budgets = tuple(sorted(int(bits) for bits in rows["bits"].unique()))
    lines = []
    for words, kind in rows.groupby("words", sort=False):
        found = [_cell(kind[kind["bits"] == bits], main_metric(preset)) for bits in budgets]
        lines.append(Line(str(kind["supervision"].iloc[0]), str(words), tuple(found)))
    return Summary(budgets, tuple(lines))


def _cell(rows: pd.DataFrame, metric: str) -> Cell | None:
    """The best of the rows of one kind and budget."""
    if rows.empty:
        return None
    best = rows.sort_values(metric, ascending=False, kind="stable").iloc[0]
    filters = {name: best[name] for name in ("dataset", "protocol", "supervision", "bits")}
    tied = rows["shown"][rows["mark"] == Mark.TIED]
    return Cell(best["shown"], best["score"], tuple(tied), len(rows) == 1, urlencode(filters))
