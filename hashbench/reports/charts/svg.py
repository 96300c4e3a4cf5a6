"""Charts as SVG: small, equal to the byte for equal charts, readable in the dark and aloud.

A series is a group with `data-series`, its name, so that a page's script can highlight it; points say what
they are when they are pointed at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from hashbench.data.supervision import Supervision
from hashbench.reports.charts import palette
from hashbench.reports.charts.chart import TAUGHT_BY, Chart, describe
from hashbench.reports.charts.lettering import Box, width, wrap
from hashbench.reports.charts.markup import path, tag, words
from hashbench.reports.charts.plot import (
    ABOVE,
    BELOW,
    BESIDE,
    NAME,
    Plot,
    Style,
    names_beside,
    styles,
    y_room,
)
from hashbench.reports.charts.scales import Scale, extent, ticks

WIDTH = 720.0
_COLUMNS = 2
# How high the lines' part is where names need no more: of one chart, and of one among several.
_ALONE, _AMONG = 360.0, 210.0
_MARGIN, _LINE, _GAP = 12.0, 18.0, 16.0
# The share of a plot's width that names beside it may take.
_MOST_NAMES = 0.35


def draw(chart: Chart, *, standalone: bool) -> str:
    """One chart as SVG text.

    Args:
        chart: What it shows; it has a series, and each series a point.
        standalone: Whether it is a file of its own, with the style sheet in it and paper beneath; else
            the page that it is put into has `palette.style_sheet()`.
    """
    return _page([chart], chart.title, describe(chart), standalone)


def draw_row(charts: Sequence[Chart], title: str, *, standalone: bool) -> str:
    """Several charts as one SVG text, two beside each other, over the same span of y.

    Args:
        charts: At least one; what they have in common is said as the first one's subtitle.
        title: What they show together.
        standalone: As for `draw`.
    """
    said = " ".join(f"{chart.title}: {describe(chart)}" for chart in charts)
    return _page(charts, title, said, standalone)


def _page(charts: Sequence[Chart], title: str, said: str, standalone: bool) -> str:
    """Heading, plots, notes."""
    looks = styles(charts)
    heading, y = _heading(title, charts, looks)
    plots, y = _plots(charts, looks, y)
    notes = dict.fromkeys(chart.note for chart in charts if chart.note)
    lines = [line for note in notes for line in wrap(note, WIDTH - 2 * _MARGIN)]
    below = [words(_MARGIN, y + 8 + _LINE * place, line, "muted") for place, line in enumerate(lines)]
    height = y + _LINE * len(lines) + _MARGIN / 2
    head = [tag("title", {}, [escape(title)]), tag("desc", {}, [escape(said)])]
    if standalone:
        paper = {"class": "paper", "width": "100%", "height": "100%", "rx": 6}
        head += [tag("style", {}, [palette.style_sheet()]), tag("rect", paper)]
    attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "class": "chart",
        "role": "img",
        "viewBox": f"0 0 {WIDTH:.0f} {height:.0f}",
        "width": f"{WIDTH:.0f}",
        "height": f"{height:.0f}",
    }
    return tag("svg", attributes, [*head, *heading, *plots, *below]) + "\n"


def _heading(title: str, charts: Sequence[Chart], looks: dict[str, Style]) -> tuple[list[str], float]:
    """Title, what the runs have in common, and what the colours mean; and where it ends."""
    room, y = WIDTH - 2 * _MARGIN, _MARGIN + 8
    lines = wrap(title, room, size=18)
    parts = [words(_MARGIN, y + 20 * place, line, "title") for place, line in enumerate(lines)]
    y += 20 * (len(lines) - 1)
    for line in wrap(charts[0].subtitle, room):
        y += _LINE
        parts.append(words(_MARGIN, y, line, "muted"))
    legend = list(_legend(charts, looks, y + _LINE + 4))
    return parts + legend, y + (_LINE + 8 if legend else 0) + 16


def _legend(charts: Sequence[Chart], looks: dict[str, Style], y: float) -> Iterator[str]:
    """One line: what the colours mean, where they mean something, and what the step line is."""
    series = [one for chart in charts for one in chart.series]
    kinds = {one.kind: looks[one.name] for one in series if one.kind}
    if not kinds:
        return
    x, joined = _MARGIN, charts[0].joined
    yield words(x, y, "learns from", "muted")
    x += width("learns from") + 12
    for kind, said in TAUGHT_BY.items():
        if kind not in kinds:
            continue
        look = kinds[kind]
        dashes = palette.CEILING if kind == Supervision.LABELS else ""
        place = {
            "class": "mark",
            "d": palette.MARKS[look.mark],
            "transform": f"translate({x + 10:.0f} {y:.0f})",
        }
        swatch = path([(x, y), (x + 20, y)], "line", dashes) if joined else tag("path", place)
        yield tag("g", {"class": f"series s{look.hue}"}, [swatch])
        yield words(x + 26, y, said)
        x += 26 + width(said) + 14
    if any(chart.front for chart in charts):
        yield path([(x, y + 4), (x + 8, y + 4), (x + 8, y - 4), (x + 20, y - 4)], "front")
        yield words(x + 26, y, "Pareto front")


def _plots(charts: Sequence[Chart], looks: dict[str, Style], y: float) -> tuple[list[str], float]:
    """All plots in rows; and where the last row ends."""
    alone = len(charts) == 1
    wide, heading, least = (WIDTH, 0.0, _ALONE) if alone else (WIDTH / _COLUMNS, 22.0, _AMONG)
    high = max(least, NAME * max(len(names_beside(chart)) for chart in charts))
    row = heading + ABOVE + high + BELOW + _GAP
    shares = [0.0, 1.0] if charts[0].shares else []
    y_ticks = _y_ticks([*shares, *(value for chart in charts for value in chart.ys())])
    parts: list[str] = []
    for place, chart in enumerate(charts):
        left, top = place % _COLUMNS * wide, y + place // _COLUMNS * row
        if not alone:
            parts.append(words(left + _MARGIN, top + 8, chart.title, "heading"))
        longest = max((width(name) for name in names_beside(chart)), default=-BESIDE)
        room = min(longest, _MOST_NAMES * wide)
        box = Box(
            left + _MARGIN + y_room(y_ticks) + 8,
            top + heading + ABOVE,
            left + wide - _MARGIN - BESIDE - room,
            top + heading + ABOVE + high,
        )
        span = (0.0, 1.0) if chart.shares else extent([*chart.xs(), *chart.x_ticks], log=chart.log_x)
        x = Scale(*span, box.left, box.right, chart.log_x)
        plot = Plot(
            chart, box, x, Scale(y_ticks[0], y_ticks[-1], box.bottom, box.top), y_ticks, looks, room
        )
        parts += plot.parts()
    return parts, y + -(-len(charts) // _COLUMNS) * row - _GAP


def _y_ticks(values: list[float]) -> list[float]:
    low, high = min(values), max(values)
    return ticks(low, high) if low < high else ticks(*extent(values, log=False))
