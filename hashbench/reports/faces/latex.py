r"""The leaderboard as LaTeX: each table a `tabular` that needs `booktabs`, to be put into a float."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from hashbench.metrics.presets import MetricPreset
from hashbench.reports.comparison import NAMES, TEACHER, Comparison
from hashbench.reports.faces.layout import footnote, main_heading, reached, took, with_short_names
from hashbench.reports.marks import Mark

_MARKED = {Mark.BEST: r"\textbf{{{}}}", Mark.TIED: r"\underline{{{}}}", Mark.NONE: "{}"}
_PLUS_MINUS = " ± "
_SIGNS = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "±": r"$\pm$",
        "–": "--",
        "…": r"\dots{}",
    }
)


def latex(parts: Sequence[Comparison], preset: MetricPreset) -> str:
    """Two `tabular`s a comparison, what was reached and what it took; comments say which is which."""
    blocks = [r"% \usepackage{booktabs}"]
    main = main_heading(preset)
    for part in parts:
        body, notes = with_short_names(part)
        bare = [Mark.NONE] * len(body)
        texts = pd.DataFrame(
            {name: _cells(body[name], part.marks if name == main else bare) for name in body.columns}
        )
        kinds = body[TEACHER].tolist()
        blocks += [_comment(part.title), _comment(part.sizes), _tabular(texts[reached(body)], kinds)]
        blocks += [_comment("What it took"), _tabular(texts[took(body)], kinds)]
        blocks += [_comment(said) for said in (*notes, *part.notices)]
    return "\n".join([*blocks, _comment(footnote(parts, preset))]) + "\n"


def escaped(text: str) -> str:
    r"""Text in which LaTeX sees nothing of its own.

    >>> print(escaped("a_b & 95 % of {c}"))
    a\_b \& 95 \% of \{c\}
    """
    return text.translate(_SIGNS)


def _cells(column: Iterable[str], marks: Sequence[Mark]) -> list[str]:
    """Escaped; a number without an interval leaves room for one, so that decimal points stand in line."""
    cells = list(column)
    room = max((cell.partition(_PLUS_MINUS)[2] for cell in cells), key=len)
    blank = rf"\phantom{{{escaped(_PLUS_MINUS + room)}}}"
    return [
        _MARKED[mark].format(escaped(cell)) + (blank if room and _PLUS_MINUS not in cell else "")
        for cell, mark in zip(cells, marks, strict=True)
    ]


def _tabular(texts: pd.DataFrame, kinds: list[str]) -> str:
    """A table with a rule between kinds of supervision."""
    sides = "".join("l" if name in NAMES and name != "bits" else "r" for name in texts.columns)
    lines = [rf"\begin{{tabular}}{{@{{}}{sides}@{{}}}}", r"\toprule", _line(map(escaped, texts.columns))]
    for row, kind, before in zip(texts.values.tolist(), kinds, [None, *kinds], strict=False):
        if kind != before:
            lines.append(r"\midrule")
        lines.append(_line(row))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def _line(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _comment(text: str) -> str:
    return f"% {' '.join(text.split())}"
