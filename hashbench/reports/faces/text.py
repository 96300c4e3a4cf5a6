"""The faces of the leaderboard that are text, by name."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from hashbench.metrics.presets import MetricPreset
from hashbench.reports.comparison import comparisons
from hashbench.reports.faces.csv import csv
from hashbench.reports.faces.json import json
from hashbench.reports.faces.latex import latex
from hashbench.reports.faces.markdown import markdown
from hashbench.reports.leaderboard import leaderboard, run_frame
from hashbench.reports.selection import Selection
from hashbench.runs.failure import Failure
from hashbench.runs.record import RunRecord


class Face(StrEnum):
    """How the table is written."""

    MARKDOWN = "markdown"
    CSV = "csv"
    LATEX = "latex"
    JSON = "json"


def board_text(
    face: Face,
    records: Sequence[RunRecord],
    failures: Sequence[Failure],
    chosen: Selection,
    preset: MetricPreset,
    *,
    all_distances: bool = False,
    columns: Sequence[str] | None = None,
) -> str:
    """The leaderboard of a store as a text.

    Args:
        face: How it is written.
        records: The runs of a store.
        failures: Those that failed.
        chosen: Which of them are meant.
        preset: How they are scored.
        all_distances: Whether symmetric and unquantized scores are rows, too.
        columns: Of Markdown, the columns of one table in the place of two.

    Raises:
        StoreError: There is no such run.
    """
    frame = chosen.of(run_frame(records, preset))
    parts = list(comparisons(leaderboard(frame, preset, all_distances=all_distances), preset))
    match face:
        case Face.MARKDOWN:
            return markdown(parts, preset, failures, columns)
        case Face.JSON:
            return json(parts, preset, failures)
        case Face.CSV:
            return csv(parts, preset)
        case Face.LATEX:
            return latex(parts, preset)
