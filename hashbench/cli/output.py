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
# Wider than any table of words.
_MOST = 10_000


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

    # Rich writes styles to a terminal that knows them.
    styled = stdout().color_system is not None
    console = stdout(needed(parts, preset, styled=styled) if all_columns else None)
    console.print(terminal(parts, preset, failures, console.width, styled=styled))


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


def print_rows(headers: Iterable[str], rows: Iterable[Sequence[str]], *, whole: bool = False) -> None:
    """Print a plain table of words.

    Args:
        headers: The columns' headings.
        rows: The cells.
        whole: Whether columns of single words, as ids, are never broken, however narrow the terminal is.
    """
    table, listed = Table(header_style="bold"), list(rows)
    for place, header in enumerate(headers):
        single = not any(" " in row[place] for row in listed)
        table.add_column(header, overflow="fold", no_wrap=whole and single)
    for row in listed:
        table.add_row(*row)
    least = stdout(_MOST).measure(table).minimum if whole else None
    stdout(least).print(table)
