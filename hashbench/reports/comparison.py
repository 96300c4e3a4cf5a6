"""Rows that may be compared: their cells as text, the best of each kind, and what to know of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hashbench.data.collection import TruthKind
from hashbench.data.supervision import Supervision
from hashbench.errors import StoreError
from hashbench.metrics.presets import MetricPreset
from hashbench.metrics.score import CHANCE
from hashbench.reports.leaderboard import BAND, COSTS, GROUP, main_metric
from hashbench.reports.marks import Mark, marked
from hashbench.runs.folder import SPLIT, read_json

# Methods that are shown what the others have to do without, and what is to be said of them.
CEILING = "labels (ceiling)"
_OF_CEILING = (
    "methods that learn from labels saw the training images' ground truth: they are a ceiling, and compete "
    "with no other row."
)
TEACHER = "learns from"
# Columns that say which row it is; the others hold numbers.
NAMES = (TEACHER, "method", "backbone", "bits", "distance")
# The metrics that a table shows, by kind; the others are in the record.
_HEADINGS = {"map": "mAP@{}", "precision": "P@{}", "recall": "R@{}"}


@dataclass(frozen=True)
class Comparison:
    """Rows that may be compared.

    Attributes:
        title: What they have in common.
        sizes: How many images are searched with and through; see `sizes_in_words`.
        group: The same as the title, by the names of `GROUP`.
        rows: The board's rows, numbers.
        body: The same rows as text, under the tables' headings.
        marks: Of each row, whether it is the best of its kind by the main metric, or as good.
        notices: What everybody should know who reads them, a sentence each.
    """

    title: str
    sizes: str
    group: dict[str, str]
    rows: pd.DataFrame
    body: pd.DataFrame
    marks: list[Mark]
    notices: tuple[str, ...]


def comparisons(board: pd.DataFrame, preset: MetricPreset) -> Iterator[Comparison]:
    """Each comparable part of the board, with its cells, marks and notices."""
    for title, rows in comparable(board):
        group = {name: str(rows[name].iloc[0]) for name in GROUP}
        marks, of_marks = marked(rows, preset)
        notices = dict.fromkeys([*_notices(rows), *of_marks])
        body = cells(rows, preset)
        yield Comparison(title, sizes_in_words(rows), group, rows, body, marks, tuple(notices))


def comparable(board: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Title and rows of each part; those of one title are told apart by a hash of what they share."""
    parts = [part.reset_index(drop=True) for _, part in board.groupby(GROUP, sort=False)]
    titles = [_title(part) for part in parts]
    for title, rows in zip(titles, parts, strict=True):
        yield f"{title} [{rows['comparable'][0]}]" if titles.count(title) > 1 else title, rows


def sizes_in_words(rows: pd.DataFrame) -> str:
    """How many queries and database images the rows of a comparison have, and what is learnt from."""
    row = rows.iloc[0]
    said = f"{row['queries']:,} queries, {row['database']:,} database images"
    return f"{said}, all of them training images" if _all_learnt_from(row) else said


def _all_learnt_from(row: pd.Series[Any]) -> bool:
    """Whether the database and the training set are the same images, and not just as many."""
    if row["train"] != row["database"]:
        return False
    try:
        split = read_json(row["folders"][0], SPLIT)
    except StoreError:
        return False
    return sorted(split["train"]) == sorted(split["database"])


def cells(rows: pd.DataFrame, preset: MetricPreset) -> pd.DataFrame:
    """A table's body as text, with the columns' headings."""
    names = zip(rows["method"], rows["variant"], strict=True)
    columns = {
        TEACHER: _teachers(rows),
        "method": [label(name, variant) for name, variant in names],
        **_backbones(rows),
        "bits": rows["bits"].map("{:,}".format),
        "distance": rows["distance"],
        **_scores(rows, preset),
        **{cost: rows[cost].map(form.format) for cost, form in COSTS.items()},
    }
    return pd.DataFrame(columns)


def label(method: str, variant: str) -> str:
    """A method and how its settings differ from its usual ones."""
    return f"{method} ({variant})" if variant else method


def seeds_cell(seeds: int, random: bool) -> str:
    """How many seeds a row has; a method that draws nothing at random has none to repeat."""
    return str(seeds) if random else "–"


def heading(metric: str) -> str:
    """What a table calls a metric; empty for those that it does not show.

    >>> heading("map@all"), heading("ndcg@100")
    ('mAP@all', '')
    """
    kind, _, parameter = metric.partition("@")
    return _HEADINGS[kind].format(parameter) if kind in _HEADINGS else ""


def headings(preset: MetricPreset) -> list[str]:
    """Every heading that a table may have, whatever runs it is of."""
    reached = [heading(metric) for metric in preset.metrics if heading(metric)]
    return [*NAMES, *reached, "tie band", "chance", "seeds", *COSTS]


def same_as_main(rows: pd.DataFrame, preset: MetricPreset) -> list[str]:
    """Metrics that look farther than the database is large, as the main one does: one number twice."""
    largest = rows["database"].max()
    found = []
    for metric in preset.named():
        beyond = metric.kind == "map" and metric.k is not None and metric.k >= largest
        if beyond and str(metric) != main_metric(preset):
            found.append(str(metric))
    return found


def _teachers(rows: pd.DataFrame) -> list[str]:
    """What each method learns from; web sets of one name are told apart by their content."""
    said = rows["supervision"].astype(str).replace({Supervision.LABELS.value: CEILING})
    ambiguous = rows.groupby("web")["web content"].transform("nunique") > 1
    columns = zip(said, rows["web"], rows["web content"], ambiguous, strict=True)
    return [
        f"{kind} ({web}{f' {content}' if several else ''})" if web else kind
        for kind, web, content, several in columns
    ]


def _backbones(rows: pd.DataFrame) -> dict[str, list[str]]:
    """The column of backbones, where there are several; those of one name are told apart by content."""
    if rows["backbone content"].nunique() == 1:
        return {}
    ambiguous = rows.groupby("backbone")["backbone content"].transform("nunique") > 1
    columns = zip(rows["backbone"], rows["backbone content"], ambiguous, strict=True)
    return {"backbone": [f"{name} {content}" if several else name for name, content, several in columns]}


def _scores(rows: pd.DataFrame, preset: MetricPreset) -> dict[str, Sequence[str]]:
    """The columns of what was reached, by heading."""
    columns: dict[str, Sequence[str]] = {}
    twice = same_as_main(rows, preset)
    for metric in preset.metrics:
        if heading(metric) and metric not in twice:
            columns[heading(metric)] = _with_interval(rows, metric)
        if metric == main_metric(preset) and preset.has_band(metric):
            ends = zip(*(rows[f"{metric}/{end}"] for end in BAND), strict=True)
            columns["tie band"] = [f"{low:.3f}–{high:.3f}" for low, high in ends]
    columns["chance"] = [f"{value:.3f}" for value in rows[CHANCE]]
    columns["seeds"] = list(map(seeds_cell, rows["seeds"], rows["random"]))
    return columns


def _with_interval(rows: pd.DataFrame, metric: str) -> list[str]:
    """A metric as text: its mean, and half the width of its interval where there are several seeds."""
    pairs = zip(rows[metric], rows[f"{metric} ci"], strict=True)
    return [f"{mean:.3f}" if pd.isna(ci) else f"{mean:.3f} ± {ci:.3f}" for mean, ci in pairs]


def _title(rows: pd.DataFrame) -> str:
    """What the rows of a part have in common, in words."""
    row: pd.Series[Any] = rows.iloc[0]
    more = {
        f"{row['tags']} tags": row["tags"],
        f"relevant by {row['truth']}": row["truth"] != TruthKind.LABELS,
    }
    inside = ", ".join([f"split {row['split']}", *(words for words, said in more.items() if said)])
    tags = {
        f", vocabulary {row['vocabulary']}": row["vocabulary"],
        f", noise {row['noise']}": row["noise"],
    }
    chosen = "".join(words for words, said in tags.items() if said)
    one = rows["backbone content"].nunique() == 1
    backbone = f", backbone {row['backbone']}" if one else ""
    return f"{row['dataset']} ({inside}), tag protocol {row['protocol']}{chosen}{backbone}"


def _notices(rows: pd.DataFrame) -> Iterator[str]:
    """What the runs said, and what their times and their teachers ask to be said."""
    for said in rows["notices"]:
        yield from said
    if rows["at once"].max() > 1:
        yield (
            f"up to {rows['at once'].max()} runs shared the machine: times were taken side by side, and "
            "are longer than those of a run that has it alone."
        )
    machines = sorted({machine for several in rows["machines"] for machine in several if machine})
    if len(machines) > 1:
        yield f"times were taken on different machines, and do not compare: {'; '.join(machines)}."
    if redefined := rows["redefined"].sum():
        yield (
            f"{redefined} of the runs were scored when the metric preset had another definition: "
            "`hashbench runs rescore` scores them again."
        )
    if (rows["supervision"] == Supervision.LABELS.value).any():
        yield _OF_CEILING
