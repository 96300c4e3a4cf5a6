"""How published figures look beside what was measured: for a terminal and for a Markdown page.

Figures that differ in their budget alone share a row. What keeps one from being compared, and what else
there is to say, stands in numbered notes below the table, each once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from hashbench.reports.comparison import heading
from hashbench.reports.published.figures import Figure
from hashbench.reports.published.outcomes import Measured, Outcome

# In what the figures of a row may differ.
_OWN = {"bits", "value", "reason", "note"}
_ARROW = (
    "In cells with an arrow, left is the published figure, right the mean measured here with its 95 % "
    "interval over seeds."
)


@dataclass(frozen=True)
class Sheet:
    """The table as text.

    Attributes:
        headings: Of the columns.
        rows: The cells.
        notes: What the numbers in brackets in the last column stand for, from 1.
    """

    headings: list[str]
    rows: list[list[str]]
    notes: list[str]


def sheet(outcomes: Sequence[Outcome]) -> Sheet:
    """The comparison as a table for a page: a column a budget, sources as Markdown links.

    Args:
        outcomes: See `compare`.
    """
    budgets = sorted({outcome.figure.bits for outcome in outcomes})
    headings = ["method", "data set", "split", "features", "metric"]
    headings += [*(f"{bits} bits" for bits in budgets), "source", "measured here"]
    notes: dict[str, int] = {}
    rows = []
    for group in _rows(outcomes):
        figure = group[0].figure
        names = dict.fromkeys(one.name for outcome in group for one in outcome.measured)
        for name in names or [""]:
            found = {outcome.figure.bits: (outcome, _named(outcome, name)) for outcome in group}
            rows.append(
                [
                    *(figure.method, figure.dataset, figure.published_split, figure.features),
                    f"{figure.metric} ({figure.preset}), {figure.distance}",
                    *(_cell(*found[bits]) if bits in found else "" for bits in budgets),
                    f"[{figure.source}]({figure.url})" if figure.url else figure.source,
                    _verdict(name, found) + _numbers(group, notes),
                ]
            )
    return Sheet(headings, rows, list(notes))


def lines(outcomes: Iterable[Outcome]) -> Sheet:
    """The comparison as a table for a terminal: a line a figure and what it is compared with."""
    notes: dict[str, int] = {}
    rows = [
        [
            *(outcome.figure.method, outcome.figure.dataset, str(outcome.figure.bits)),
            heading(outcome.figure.metric) or outcome.figure.metric,
            f"{outcome.figure.value:f}",
            _measured(outcome.figure, one) if one else "no",
            (
                (_verdict(one.name, {outcome.figure.bits: (outcome, one)}) if one else "")
                + _numbers([outcome], notes)
            ).strip(),
        ]
        for outcome in outcomes
        for one in outcome.measured or [None]
    ]
    headings = ["method", "data set", "bits", "metric", "published", "measured", "verdict (notes)"]
    return Sheet(headings, rows, list(notes))


def _rows(outcomes: Iterable[Outcome]) -> list[list[Outcome]]:
    """Outcomes that differ in their budget alone, in the table's order."""
    rows: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        rows.setdefault(outcome.figure.model_dump_json(exclude=_OWN), []).append(outcome)
    return list(rows.values())


def _named(outcome: Outcome, name: str) -> Measured | None:
    return next((one for one in outcome.measured if one.name == name), None)


def _cell(outcome: Outcome, measured: Measured | None) -> str:
    """A figure as it was published, and what was measured to as many places, three at least."""
    figure = outcome.figure
    if measured is None:
        return f"{figure.value:f}"
    return f"{figure.value:f} → {_measured(figure, measured)}"


def _measured(figure: Figure, measured: Measured) -> str:
    places = _places(figure)
    spread = "" if measured.half_width is None else f" ± {measured.half_width:.{places}f}"
    return f"{measured.mean:.{places}f}{spread}"


def _places(figure: Figure) -> int:
    exponent = figure.value.as_tuple().exponent
    return max(3, -exponent) if isinstance(exponent, int) else 3


def _verdict(name: str, found: dict[int, tuple[Outcome, Measured | None]]) -> str:
    """Within the tolerance or off by how much, and at which budgets where there are several."""
    compared = {bits: (of.figure, one) for bits, (of, one) in found.items() if one is not None}
    if not compared:
        return "no"
    said: dict[str, list[int]] = {}
    for bits, (figure, one) in sorted(compared.items()):
        off = f"off by {one.difference:+.{_places(figure)}f}"
        said.setdefault(f"within {figure.tolerance:f}" if one.within else off, []).append(bits)
    if len(said) == 1 and len(compared) == len(found):
        return f"{name}: {next(iter(said))}"
    parts = (f"{words} at {', '.join(map(str, bits))}" for words, bits in said.items())
    return f"{name}: {'; '.join(parts)} bits"


def _numbers(group: list[Outcome], notes: dict[str, int]) -> str:
    """The numbers of what there is to say of a row; new notes get the next ones."""
    said = [words for one in group for words in (one.missing, one.figure.reason, one.figure.note) if words]
    numbers = [notes.setdefault(words, len(notes) + 1) for words in dict.fromkeys(said)]
    return f" ({', '.join(map(str, sorted(numbers)))})" if numbers else ""


def footer(outcomes: Iterable[Outcome]) -> str:
    """How to read the table; empty where nothing needs it."""
    return _ARROW if any(outcome.measured for outcome in outcomes) else ""


def markdown(outcomes: Sequence[Outcome]) -> str:
    """The table and its notes as Markdown."""
    page = sheet(outcomes)
    rows = [[cell.replace("|", "\\|") for cell in row] for row in page.rows]
    table = tabulate(rows, page.headings, "github", disable_numparse=True)
    notes = "\n".join(f"{number}. {note}" for number, note in enumerate(page.notes, start=1))
    return "\n\n".join(part for part in (table, footer(outcomes), notes) if part) + "\n"
