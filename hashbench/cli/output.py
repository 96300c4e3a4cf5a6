"""Results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from hashbench.metrics.presets import MetricPreset
    from hashbench.reports.comparison import Comparison
    from hashbench.runs.failure import Failure
    from hashbench.runs.record import RunRecord

# Where no terminal tells a width, tables are as wide as they need to be.
_WIDE = 240


class Format(StrEnum):
    """What `run` prints when all is done."""

    TABLE = "table"
    JSON = "json"


def stdout(width: int | None = None) -> Console:
    """A console for results, at least as wide as is asked for."""
    console = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDE)
    return Console(width=max(width, console.width)) if width else console


def print_board(
    parts: Sequence[Comparison],
    preset: MetricPreset,
    failures: Sequence[Failure] = (),
    *,
    all_columns: bool = False,
) -> None:
    """Print tables that fit the terminal, or, with all columns, that are as wide as it takes."""
    from hashbench.reports.faces.terminal import needed, terminal

    console = stdout(needed(parts) if all_columns else None)
    console.print(terminal(parts, preset, failures, console.width))


def print_records(records: list[RunRecord], output: Format) -> None:
    """Print runs as a table or as JSON."""
    from hashbench.metrics.presets import SUITE

    if output is Format.JSON:
        summaries = [record.summary(SUITE.name) for record in records]
        sys.stdout.write(json.dumps(summaries, indent=2) + "\n")
        return
    from hashbench.reports.comparison import comparisons
    from hashbench.reports.leaderboard import leaderboard, run_frame

    board = leaderboard(run_frame(records, SUITE), SUITE, all_distances=len(records) == 1)
    print_board(list(comparisons(board, SUITE)), SUITE)


def print_rows(headers: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a plain table of words."""
    table = Table(header_style="bold")
    for header in headers:
        table.add_column(header, overflow="fold")
    for row in rows:
        table.add_row(*row)
    stdout().print(table)
