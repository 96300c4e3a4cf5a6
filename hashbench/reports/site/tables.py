"""A comparison as the table of a page: its text, and what sorting, filtering and linking need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from hashbench.data.supervision import Supervision
from hashbench.metrics.presets import MetricPreset
from hashbench.metrics.score import CHANCE
from hashbench.reports.comparison import NAMES, TEACHER, Comparison
from hashbench.reports.faces.layout import main_heading
from hashbench.reports.leaderboard import COSTS, main_metric
from hashbench.reports.marks import Mark
from hashbench.reports.site.render import file_name

_METHOD, _BITS, _DISTANCE, _SEEDS, _RUNS = "method", "bits", "distance", "seeds", "runs"
_CODE = f"{_BITS} · {_DISTANCE}"
# What a narrow screen shows at first, besides the score that rows are ranked by.
_FEW = {_METHOD, TEACHER, _CODE}
# What any screen leaves out at first.
_REST = {"trained params", "train MiB", "encode img/s"}
# Of these more is better; of the other costs, less.
_MORE = {"encode img/s"}
# Where the page on how to read this explains a column; the others are explained with the scores.
_EXPLAINED = {
    _METHOD: "method",
    TEACHER: "sees",
    "backbone": "backbone",
    _CODE: "distances",
    "tie band": "ties",
    _RUNS: "sure",
} | dict.fromkeys(COSTS, "costs")


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        heading: What stands above it.
        css: The classes of its cells: `number` where it holds numbers, `minor` where a narrow screen leaves
            it out until it is asked for, `rest` where any screen does.
        sort: How the reader can sort by it: as `number` or as `text`; empty for not at all.
        first: Which way it is sorted at first, `ascending` or `descending`.
        about: The place that explains it.
        main: Whether it is what rows are ranked by.
    """

    heading: str
    css: str
    sort: str
    first: str
    about: str
    main: bool


@dataclass(frozen=True)
class Run:
    """A link to one of the runs of a row."""

    page: str
    name: str
    seed: int


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        method: The method's name.
        page: The file name of its page.
        supervision: What it learns from.
        bits: Bits an item.
        own: Whether its codes have a size of their own, whatever budget is asked for.
        score: What it is ranked by.
        mark: `best`, `tied` or nothing.
        texts: A text a column.
        runs: The runs that were folded.
        first: Whether what it learns from differs from the row above.
    """

    method: str
    page: str
    supervision: str
    bits: int
    own: bool
    score: float
    mark: str
    texts: tuple[str, ...]
    runs: tuple[Run, ...]
    first: bool = False


@dataclass(frozen=True)
class Table:
    """Columns and rows.

    Attributes:
        columns: From left to right.
        rows: Those that compete.
        ceiling: Those that were shown labels: they stand last, whatever the others are sorted by.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    ceiling: tuple[Row, ...]


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
    body = _compact(comparison.body)
    columns = tuple(_column(str(name), main_heading(preset)) for name in body.columns)
    rows: list[Row] = []
    marked = zip(comparison.rows.iterrows(), body.values.tolist(), comparison.marks, strict=True)
    for (_, row), texts, mark in marked:
        if method in (None, row["method"]):
            one = _row(row, texts, mark, seeds, main_metric(preset))
            rows.append(replace(one, first=bool(rows) and rows[-1].supervision != one.supervision))
    ceiling = [row for row in rows if row.supervision == Supervision.LABELS]
    return Table(columns, tuple(row for row in rows if row not in ceiling), tuple(ceiling))


def _compact(body: pd.DataFrame) -> pd.DataFrame:
    """Bits and distance as one column, the links to runs last, and without what all rows share."""
    code = body[_BITS] + " · " + body[_DISTANCE]
    named = [name for name in body.columns if name in NAMES and name not in (_METHOD, _BITS, _DISTANCE)]
    last = [name for name in body.columns if name in _REST]
    other = [name for name in body.columns if name not in {*NAMES, *last, CHANCE, _SEEDS}]
    ordered = body.assign(**{_CODE: code, _RUNS: body[_SEEDS]})
    return ordered[[_METHOD, *named, _CODE, *other, *last, _RUNS]]


def _column(name: str, main: str) -> Column:
    numeric = name not in {*NAMES, _RUNS}
    classes = {
        "number": numeric and name != _CODE,
        "minor": name not in {*_FEW, main},
        "rest": name in _REST,
        _RUNS: name == _RUNS,
    }
    less = not numeric or name == _CODE or name in {*COSTS} - _MORE
    return Column(
        heading=name,
        css=" ".join(word for word, applies in classes.items() if applies),
        sort="" if name == _RUNS else "number" if numeric else "text",
        first="ascending" if less else "descending",
        about=_EXPLAINED.get(name, "map"),
        main=name == main,
    )


def _row(
    row: pd.Series[Any], texts: Sequence[str], mark: Mark, seeds: Mapping[str, int], metric: str
) -> Row:
    runs = sorted(row["run_ids"], key=lambda run_id: (seeds[run_id], run_id))
    bits = int(row["bits"])
    return Row(
        method=row["method"],
        page=file_name(row["method"]),
        supervision=str(row["supervision"]),
        bits=bits,
        own=bool(row["own size"]),
        score=float(row[metric]),
        mark=mark.value,
        texts=tuple(texts),
        runs=tuple(
            Run(file_name(run_id), f"{texts[0]}, {bits:,} bits, run of seed {seeds[run_id]}", seeds[run_id])
            for run_id in runs
        ),
    )
