"""The leaderboard as a Markdown page: compact, so that it can be read as text, too."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from hashbench.errors import UnknownNameError
from hashbench.metrics.presets import MetricPreset
from hashbench.reports.comparison import NAMES, Comparison
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

_MARKED = {Mark.BEST: "**{}**", Mark.TIED: "<u>{}</u>", Mark.NONE: "{}"}


def markdown(
    parts: Sequence[Comparison],
    preset: MetricPreset,
    failures: Sequence[Failure] = (),
    columns: Sequence[str] | None = None,
) -> str:
    """Under a heading for each comparison, what was reached and what it took.

    Args:
        parts: The comparisons.
        preset: The way they are scored.
        failures: Runs of the same store that failed.
        columns: Those of one table in the place of two, by their headings.

    Raises:
        UnknownNameError: There is no such column.
    """
    blocks: list[str] = []
    for part in parts:
        body, notes = with_short_names(part)
        body = body.map(_escaped)
        main = main_heading(preset)
        body[main] = [_MARKED[mark].format(cell) for mark, cell in zip(part.marks, body[main], strict=True)]
        blocks += [f"### {_escaped(part.title)}", f"{part.sizes}."]
        shown = reached(body) if columns is None else _known(columns, body)
        for words, rows in sections(body):
            blocks += [*([f"{words}."] if words else []), table(rows[shown])]
        if columns is None:
            blocks += ["What it took:", table(body[took(body)])]
        blocks += [_escaped(note) for note in notes]
        blocks += [f"Note: {_escaped(sentence)}" for sentence in part.notices]
    return "\n\n".join([*blocks, footnote(parts, preset), *of_failures(failures)]) + "\n"


def table(body: pd.DataFrame) -> str:
    """A table without padding."""
    rules = ["---" if name in NAMES else "---:" for name in body.columns]
    lines = [list(body.columns), rules, *body.values.tolist()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _known(columns: Sequence[str], body: pd.DataFrame) -> list[str]:
    """Raises: UnknownNameError: The table has no such column."""
    for name in columns:
        if name not in body.columns:
            raise UnknownNameError("column", name, body.columns)
    return list(columns)


def _escaped(text: str) -> str:
    r"""Words in which Markdown sees nothing of its own.

    >>> print(_escaped("a|b *c* <d> fused_pq"))
    a\|b \*c\* &lt;d> fused_pq
    """
    for sign, said in (("|", r"\|"), ("*", r"\*"), ("`", r"\`"), ("<", "&lt;")):
        text = text.replace(sign, said)
    return text
