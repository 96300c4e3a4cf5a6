"""The leaderboard's faces: for a terminal and for a Markdown page, from the same cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from rich.console import Group
from rich.table import Table
from rich.text import Text
from tabulate import tabulate

from hashbench.data.collection import TruthKind
from hashbench.data.supervision import Supervision
from hashbench.metrics.presets import MetricPreset
from hashbench.metrics.score import CHANCE
from hashbench.reports.leaderboard import BAND, COSTS, GROUP, main_metric, with_spread

# Methods that are shown what the others have to do without, and what is to be said of them.
_CEILING = "labels (ceiling)"
_OF_CEILING = (
    "methods that learn from labels were shown, of the training images, the very thing that says what is "
    "relevant. They show what that would be worth, and compete with no other row."
)
_NAMES = ("learns from", "method", "backbone", "bits", "distance")
# The metrics that a table shows, by kind; the others are in the record.
_HEADINGS = {"map": "mAP@{}", "precision": "P@{}", "recall": "R@{}"}


def cells(board: pd.DataFrame, preset: MetricPreset) -> pd.DataFrame:
    """The table's body as text, with the columns' headings."""
    names = zip(board["method"], board["variant"], strict=True)
    columns = {
        "learns from": _teachers(board),
        "method": [f"{name} ({variant})" if variant else name for name, variant in names],
        **_backbones(board),
        "bits": board["bits"].map("{:,}".format),
        "distance": board["distance"],
        **_scores(board, preset),
        **{cost: board[cost].map(form.format) for cost, form in COSTS.items()},
    }
    return pd.DataFrame(columns)


def _teachers(board: pd.DataFrame) -> list[str]:
    """What each method learns from; web sets of one name are told apart by their content."""
    said = board["supervision"].astype(str).replace({Supervision.LABELS.value: _CEILING})
    ambiguous = board.groupby("web")["web content"].transform("nunique") > 1
    columns = zip(said, board["web"], board["web content"], ambiguous, strict=True)
    return [
        f"{kind} ({web}{f' {content}' if several else ''})" if web else kind
        for kind, web, content, several in columns
    ]


def _backbones(board: pd.DataFrame) -> dict[str, list[str]]:
    """The column of backbones, where there are several; those of one name are told apart by content."""
    if board["backbone content"].nunique() == 1:
        return {}
    ambiguous = board.groupby("backbone")["backbone content"].transform("nunique") > 1
    columns = zip(board["backbone"], board["backbone content"], ambiguous, strict=True)
    return {"backbone": [f"{name} {content}" if several else name for name, content, several in columns]}


def _scores(board: pd.DataFrame, preset: MetricPreset) -> dict[str, Sequence[str]]:
    """The columns of what was reached, by heading."""
    columns: dict[str, Sequence[str]] = {}
    for metric in preset.metrics:
        kind, _, parameter = metric.partition("@")
        if kind in _HEADINGS:
            columns[_HEADINGS[kind].format(parameter)] = with_spread(board, metric)
        if metric == main_metric(preset) and preset.has_band(metric):
            ends = zip(*(board[f"{metric}/{end}"] for end in BAND), strict=True)
            columns["tie band"] = [f"{low:.3f}–{high:.3f}" for low, high in ends]
    columns["chance"] = [f"{value:.3f}" for value in board[CHANCE]]
    columns["seeds"] = list(board["seeds"].astype(str))
    return columns


@dataclass(frozen=True)
class Comparison:
    """Rows that may be compared.

    Attributes:
        title: What they have in common.
        body: The rows as text.
        notices: What everybody should know who reads them, a sentence each.
    """

    title: str
    body: pd.DataFrame
    notices: tuple[str, ...]


def comparisons(board: pd.DataFrame, preset: MetricPreset) -> Iterator[Comparison]:
    """Each comparable part of the board; those of one title are told apart by a hash of what they share."""
    parts = [part for _, part in board.groupby(GROUP, sort=False)]
    titles = [_title(part) for part in parts]
    for title, part in zip(titles, parts, strict=True):
        several = titles.count(title) > 1
        notices = dict.fromkeys(sentence for said in part["notices"] for sentence in said)
        if (part["supervision"] == Supervision.LABELS.value).any():
            notices[_OF_CEILING] = None
        told = f"{title} [{part['comparable'].iloc[0]}]" if several else title
        yield Comparison(told, cells(part, preset), tuple(notices))


def _title(part: pd.DataFrame) -> str:
    """What the rows of a part have in common, in words."""
    row: pd.Series[Any] = part.iloc[0]
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
    one = part["backbone content"].nunique() == 1
    backbone = f", backbone {row['backbone']}" if one else ""
    return f"{row['dataset']} ({inside}), tag protocol {row['protocol']}{chosen}{backbone}"


def footnote(preset: MetricPreset) -> str:
    """What the numbers are."""
    main = "mAP@" + main_metric(preset).partition("@")[2]
    band = f"Tie band: {main} if tied items came in the worst and in the best order. "
    return (
        f"Metric preset {preset.name}. Means over seeds ± standard deviation. "
        f"{band if preset.has_band(main_metric(preset)) else ''}Chance is the mAP@all of a "
        "ranking that knows nothing. Shared: codebooks, once for all images. Train MiB: memory "
        "that training took beyond its input. Training and encoding start at the backbone's features, "
        "unless the method trains it; search finds every query's 100 nearest."
    )


def terminal(board: pd.DataFrame, preset: MetricPreset) -> Group:
    """Two tables a group, what was reached and what it took, so that each fits a terminal."""
    parts: list[Table | Text] = []
    for comparison in comparisons(board, preset):
        body = comparison.body
        reached = [name for name in body.columns if name not in COSTS]
        parts.append(_table(comparison.title, body[reached]))
        parts.append(_table("what it took", body[[name for name in body if name in {*_NAMES, *COSTS}]]))
        parts += [Text(f"Note: {sentence}", style="bold") for sentence in comparison.notices]
    return Group(*parts, Text(footnote(preset), style="dim"))


def _table(title: str, body: pd.DataFrame) -> Table:
    table = Table(title=Text(title), title_justify="left", title_style="bold", header_style="bold")
    for header in body.columns:
        table.add_column(header, justify=_side(header), overflow="fold")
    kinds = body[_NAMES[0]].tolist()
    for row, kind, following in zip(body.values.tolist(), kinds, [*kinds[1:], None], strict=True):
        table.add_row(*map(Text, row), end_section=kind != following)
    return table


def markdown(board: pd.DataFrame, preset: MetricPreset) -> str:
    """One Markdown table a group, under a heading."""
    parts: list[str] = []
    for comparison in comparisons(board, preset):
        body = comparison.body
        sides = [_side(header) for header in body.columns]
        parts.append(f"### {comparison.title}")
        above = body[_NAMES[0]] == _CEILING
        for rows in (body[~above], body[above]):
            if len(rows):
                cell = rows.values.tolist(), list(body.columns)
                parts.append(tabulate(*cell, "github", colalign=sides, disable_numparse=True))
        parts += [f"Note: {sentence}" for sentence in comparison.notices]
    return "\n\n".join([*parts, footnote(preset)]) + "\n"


def _side(header: str) -> Literal["left", "right"]:
    return "left" if header in _NAMES else "right"
