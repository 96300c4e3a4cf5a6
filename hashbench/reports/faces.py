"""The leaderboard's faces: for a terminal and for a Markdown page, from the same cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pandas as pd
from rich.console import Group
from rich.table import Table
from rich.text import Text
from tabulate import tabulate

from hashbench.metrics.score import CHANCE
from hashbench.reports.leaderboard import GROUP, with_spread

_NAMES = ("learns from", "method", "bits", "distance")
_SCORES = ("mAP@5000", "mAP@all", "P@100", "R@100", "chance", "seeds")
_COSTS = ("bytes/image", "shared KiB", "trained params", "train s", "encode img/s", "search ms/query")


def cells(board: pd.DataFrame) -> pd.DataFrame:
    """The table's body as text, with the columns' headings."""
    names = zip(board["method"], board["variant"], strict=True)
    columns = {
        "learns from": board["supervision"].astype(str),
        "method": [f"{name} ({variant})" if variant else name for name, variant in names],
        "bits": board["bits"].astype(str),
        "distance": board["distance"],
        "mAP@5000": with_spread(board, "map@5000"),
        "mAP@all": with_spread(board, "map@all"),
        "P@100": with_spread(board, "precision@100"),
        "R@100": with_spread(board, "recall@100"),
        "chance": board[CHANCE].map("{:.3f}".format),
        "seeds": board["seeds"].astype(str),
        "bytes/image": board["bytes/image"].map("{:.0f}".format),
        "shared KiB": board["shared KiB"].map("{:,.0f}".format),
        "trained params": board["trained params"].map("{:,.0f}".format),
        "train s": board["train s"].map("{:.1f}".format),
        "encode img/s": board["encode img/s"].map("{:,.0f}".format),
        "search ms/query": board["search ms/query"].map("{:.3f}".format),
    }
    return pd.DataFrame(columns)


def groups(board: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each comparable part of the board with its title."""
    for names, part in board.groupby(GROUP, sort=False):
        dataset, split, protocol, backbone = names
        yield f"{dataset} (split {split}), tag protocol {protocol}, backbone {backbone}", cells(part)


def footnote(preset: str) -> str:
    """What the numbers are."""
    return (
        f"Metric preset {preset}. Means over seeds ± standard deviation. Chance is the mAP@all of a "
        "ranking that knows nothing. Shared: codebooks, once for all images. Encoding starts at the "
        "backbone's features, unless the method trains it; search finds every query's 100 nearest."
    )


def terminal(board: pd.DataFrame, preset: str) -> Group:
    """Two tables a group, what was reached and what it took, so that each fits a terminal."""
    parts: list[Table | Text] = []
    for title, part in groups(board):
        parts.append(_table(title, part[[*_NAMES, *_SCORES]]))
        parts.append(_table("at the price of", part[[*_NAMES[1:], *_COSTS]]))
    return Group(*parts, Text(footnote(preset), style="dim"))


def _table(title: str, body: pd.DataFrame) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for header in body.columns:
        table.add_column(header, justify=_side(header), overflow="fold")
    for row in body.itertuples(index=False):
        table.add_row(*row)
    return table


def markdown(board: pd.DataFrame, preset: str) -> str:
    """One Markdown table a group, under a heading."""
    headers = [*_NAMES, *_SCORES, *_COSTS]
    align = [_side(header) for header in headers]
    parts = [
        f"### {title}\n\n"
        + tabulate(part[headers].values.tolist(), headers, "github", colalign=align, disable_numparse=True)
        for title, part in groups(board)
    ]
    return "\n\n".join([*parts, footnote(preset)]) + "\n"


def _side(header: str) -> Literal["left", "right"]:
    return "left" if header in _NAMES else "right"
