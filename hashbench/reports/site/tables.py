"""A comparison as the table of a page: its text, and what sorting, filtering and linking need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hashbench.metrics.presets import MetricPreset
from hashbench.reports.comparison import NAMES, TEACHER, Comparison
from hashbench.reports.faces.layout import main_heading
from hashbench.reports.marks import Mark
from hashbench.reports.site.render import file_name

_METHOD, _BITS, _SEEDS, _RUNS = "method", "bits", "seeds", "runs"
# What a narrow screen shows of the table at first, besides the score that rows are ranked by.
_FEW = {_METHOD, TEACHER, _BITS}


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        heading: What stands above it.
        css: The classes of its cells: `number` where it holds numbers, `minor` where a narrow screen leaves
            it out until it is asked for.
        sort: How the reader can sort by it: as `number` or as `text`; empty for not at all.
        main: Whether it is what rows are ranked by.
    """

    heading: str
    css: str
    sort: str
    main: bool


@dataclass(frozen=True)
class Run:
    """A link to one of the runs of a row."""

    page: str
    seed: int


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        method: The method's name.
        page: The file name of its page.
        supervision: What it learns from.
        bits: Bits an item.
        mark: `best`, `tied` or nothing.
        texts: A text a column.
        runs: The runs that were folded.
        first: Whether what it learns from differs from the row above.
    """

    method: str
    page: str
    supervision: str
    bits: int
    mark: str
    texts: tuple[str, ...]
    runs: tuple[Run, ...]
    first: bool


@dataclass(frozen=True)
class Table:
    """Columns and rows."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def table(
    comparison: Comparison, preset: MetricPreset, seeds: Mapping[str, int], method: str | None = None
) -> Table:
    """The table of a comparison.

    Args:
        comparison: What is shown.
        preset: How it was scored.
        seeds: The seed of each run, by its id.
        method: Show the rows of this method alone.
    """
    main = main_heading(preset)
    body = comparison.body
    order = [_METHOD, *(name for name in body.columns if name != _METHOD)]
    columns = tuple(_column(str(name), main) for name in order)
    rows: list[Row] = []
    marked = zip(comparison.rows.iterrows(), body[order].values.tolist(), comparison.marks, strict=True)
    for (_, row), texts, mark in marked:
        if method in (None, row["method"]):
            above = rows[-1].supervision if rows else None
            rows.append(_row(row, texts, mark, seeds, above))
    return Table(columns, tuple(rows))


def _column(name: str, main: str) -> Column:
    numeric = name == _BITS or name not in NAMES
    minor = name not in _FEW and name != main
    css = " ".join(word for word, applies in (("number", numeric), ("minor", minor)) if applies)
    if name == _SEEDS:
        return Column(_RUNS, css, "", main=False)
    return Column(name, css, "number" if numeric else "text", name == main)


def _row(
    row: pd.Series[Any], texts: Sequence[str], mark: Mark, seeds: Mapping[str, int], above: str | None
) -> Row:
    runs = sorted(row["run_ids"], key=lambda run_id: (seeds[run_id], run_id))
    return Row(
        method=row["method"],
        page=file_name(row["method"]),
        supervision=str(row["supervision"]),
        bits=int(row["bits"]),
        mark=mark.value,
        texts=tuple(texts),
        runs=tuple(Run(file_name(run_id), seeds[run_id]) for run_id in runs),
        first=above not in (None, str(row["supervision"])),
    )
