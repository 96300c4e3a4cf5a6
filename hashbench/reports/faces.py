"""The leaderboard's faces: for a terminal and for a Markdown page, from the same cells."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from rich.console import Group
from rich.table import Table
from rich.text import Text
from tabulate import tabulate

from hashbench.metrics.score import CHANCE
from hashbench.reports.leaderboard import GROUP, with_spread

_HEADERS = (
    "supervision",
    "method",
    "bits",
    "distance",
    "mAP@5000",
    "mAP@all",
    "P@100",
    "R@100",
    "chance",
    "bytes/image",
    "shared KiB",
    "trained params",
    "train s",
    "encode img/s",
    "search ms/query",
    "seeds",
)
_WORDS = 4  # the first so many columns are words, the others numbers


def cells(board: pd.DataFrame) -> list[list[str]]:
    """The table's body as text, one list a row, in the order of the headers."""
    names = [
        name if variant == "" else f"{name} ({variant})"
        for name, variant in zip(board["method"], board["variant"], strict=True)
    ]
    columns = [
        [str(value) for value in board["supervision"]],
        names,
        [str(value) for value in board["bits"]],
        list(board["distance"]),
        *(with_spread(board, m) for m in ("map@5000", "map@all", "precision@100", "recall@100")),
        [f"{value:.3f}" for value in board[CHANCE]],
        [f"{value:.0f}" for value in board["bytes/image"]],
        [f"{value:,.0f}" for value in board["shared KiB"]],
        [f"{value:,.0f}" for value in board["trained params"]],
        [f"{value:.1f}" for value in board["train s"]],
        [f"{value:,.0f}" for value in board["encode img/s"]],
        [f"{value:.3f}" for value in board["search ms/query"]],
        [str(value) for value in board["seeds"]],
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def groups(board: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each comparable part of the board with its title."""
    for names, part in board.groupby(GROUP, sort=False):
        dataset, split, protocol, backbone = names
        yield f"{dataset} (split {split}), tag protocol {protocol}, backbone {backbone}", part


def footnote(preset: str) -> str:
    """What the numbers are."""
    return (
        f"Metric preset {preset}. Means over seeds ± standard deviation. Chance is the mAP@all of a "
        "ranking that knows nothing. Encoding starts at the backbone's features, unless a method trains it."
    )


def terminal(board: pd.DataFrame, preset: str) -> Group:
    """Tables for Rich; columns that are the same in every row move into the title."""
    parts: list[Table | Text] = []
    for title, part in groups(board):
        table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
        for number, header in enumerate(_HEADERS):
            table.add_column(header, justify="left" if number < _WORDS else "right", overflow="fold")
        for row in cells(part):
            table.add_row(*row)
        parts.append(table)
    return Group(*parts, Text(footnote(preset), style="dim"))


def markdown(board: pd.DataFrame, preset: str) -> str:
    """Markdown tables with headings."""
    align = ["left"] * _WORDS + ["right"] * (len(_HEADERS) - _WORDS)
    parts = [
        f"### {title}\n\n"
        + tabulate(cells(part), _HEADERS, tablefmt="github", colalign=align, disable_numparse=True)
        for title, part in groups(board)
    ]
    return "\n\n".join([*parts, footnote(preset)]) + "\n"
