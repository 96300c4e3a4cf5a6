"""The leaderboard on a terminal: no number is ever broken, and columns give way by importance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd
from rich.console import Group
from rich.table import Table
from rich.text import Text

from hashbench.metrics.presets import MetricPreset
from hashbench.reports.comparison import NAMES, TEACHER, Comparison
from hashbench.reports.faces.layout import (
    footnote,
    main_heading,
    of_failures,
    reached,
    sections,
    took,
    with_short_names,
)
from hashbench.reports.marks import Mark
from hashbench.runs.failure import Failure

_STYLES = {Mark.BEST: "bold", Mark.TIED: "underline", Mark.NONE: ""}
_SIGNS = {Mark.BEST: "*", Mark.TIED: "~", Mark.NONE: ""}
_SIGNS_IN_WORDS = ("With *", "with ~")
# Columns of words, which may be broken, and the least that is left to each.
_WORDS = {TEACHER: 10, "method": 20, "backbone": 16}
# The last to be shown where a table is too wide, the least important last.
_LAST = ("seeds", "tie band", "shared KiB", "encode img/s", "train MiB", "trained params", "chance")


def terminal(
    parts: Sequence[Comparison],
    preset: MetricPreset,
    failures: Sequence[Failure] = (),
    width: int | None = None,
    *,
    styled: bool = True,
) -> Group:
    """Two tables a comparison, what was reached and what it took; those of the ceiling are their own.

    Args:
        parts: The comparisons.
        preset: The way they are scored.
        failures: Runs of the same store that failed.
        width: Columns of text that there are room for; None for as many as it takes.
        styled: Whether bold and underlined text can be seen: not in a file or a pipe, where signs stand
            behind what is marked.
    """
    shown: list[Table | Text] = []
    main = main_heading(preset)
    for part in parts:
        body, notes = _marked(part, main, styled=styled)
        first, left_out = _fitting(body[reached(body)], {TEACHER, "method", "bits", main}, width)
        second, more = _fitting(body[took(body)], {"method", "bits", "distance"}, width)
        styles = {main: [_STYLES[mark] if styled else "" for mark in part.marks]}
        shown.append(Text(f"{part.title}\n{part.sizes}", style="bold"))
        for words, rows in sections(body):
            shown.append(_table(words, first.loc[rows.index], rows[TEACHER], styles))
        shown.append(_table("what it took", second, body[TEACHER], {}))
        shown += [Text(note) for note in notes]
        if left_out or more:
            names = ", ".join([*left_out, *(name for name in more if name not in left_out)])
            shown.append(
                Text(f"Left out for want of room: {names}; `leaderboard --all-columns` shows them.")
            )
        shown += [Text(f"Note: {sentence}", style="bold") for sentence in part.notices]
    said = footnote(parts, preset) if styled else footnote(parts, preset, *_SIGNS_IN_WORDS)
    return Group(*shown, *(Text(sentence, style="dim") for sentence in (said, *of_failures(failures))))


def needed(parts: Iterable[Comparison], preset: MetricPreset, *, styled: bool = True) -> int:
    """Columns of text that the widest of the tables takes."""
    bodies = [_marked(part, main_heading(preset), styled=styled)[0] for part in parts]
    tables = [rows[reached(body)] for body in bodies for _, rows in sections(body)]
    return max(_width(table, {}) for table in [*tables, *(body[took(body)] for body in bodies)])


def _marked(part: Comparison, main: str, *, styled: bool) -> tuple[pd.DataFrame, list[str]]:
    """The body with short names, and with signs behind the marked numbers where styles are not seen."""
    body, notes = with_short_names(part)
    if not styled:
        body[main] = [cell + _SIGNS[mark] for cell, mark in zip(body[main], part.marks, strict=True)]
    return body, notes


def _fitting(body: pd.DataFrame, kept: set[str], width: int | None) -> tuple[pd.DataFrame, list[str]]:
    """The columns that there is room for, and the names of the others."""
    loose = [name for name in body.columns if name not in kept]
    chosen = set(kept)
    for name in sorted(loose, key=lambda name: _LAST.index(name) if name in _LAST else -1):
        tried = [column for column in body.columns if column in chosen | {name}]
        if width is None or _width(body[tried], _WORDS) <= width:
            chosen.add(name)
    shown = [name for name in body.columns if name in chosen]
    return body[shown], [name for name in loose if name not in chosen]


def _width(body: pd.DataFrame, breakable: dict[str, int]) -> int:
    """Columns of text that a table takes, lines included, where some columns may be broken."""
    widths = {name: max(len(name), *body[name].str.len()) for name in body.columns}
    return 1 + sum(3 + min(size, breakable.get(name, size)) for name, size in widths.items())


def _table(title: str, body: pd.DataFrame, kinds: pd.Series, styles: dict[str, list[str]]) -> Table:
    """A table with a line between kinds of supervision.

    Args:
        title: What stands above it; may be empty.
        body: Its cells; its index says which of the styles are theirs.
        kinds: What each row learns from.
        styles: For some columns, the style of each cell.
    """
    table = Table(
        title=Text(title) if title else None, title_justify="left", title_style="bold", header_style="bold"
    )
    for name in body.columns:
        table.add_column(
            name,
            justify="left" if name in NAMES else "right",
            overflow="fold",
            no_wrap=name not in _WORDS,
        )
    following = [*kinds[1:], None]
    for place, row, kind, after in zip(body.index, body.values.tolist(), kinds, following, strict=True):
        texts = [
            # Styled, and not in a style: blanks beside a number are not underlined.
            Text.styled(cell, styles[name][place] if name in styles else "")
            for name, cell in zip(body.columns, row, strict=True)
        ]
        table.add_row(*texts, end_section=kind != after)
    return table
