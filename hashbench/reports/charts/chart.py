"""What a chart shows, before anything is drawn: series of points, levels, and the words around them.

P = points of a series.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hashbench.data.supervision import Supervision

# What a method learns from, in words.
TAUGHT_BY = {
    Supervision.NONE.value: "nothing",
    Supervision.TAGS.value: "tags",
    Supervision.WEB.value: "web images",
    Supervision.LABELS.value: "labels (ceiling)",
}


@dataclass(frozen=True)
class Series:
    """The points that one line joins, or that one name stands for.

    Attributes:
        name: What the reader calls it.
        x: P values, ascending where they are joined.
        y: P values.
        low: P lower ends of the intervals around `y`, NaN where there is none; empty for none at all.
        high: P upper ends.
        kind: What the method learns from, a `Supervision`; it decides the colour. Empty where the series
            is no method.
        ceiling: Whether it competes with no other: drawn dashed, and not on the front.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    kind: str = ""
    ceiling: bool = False


@dataclass(frozen=True)
class Level:
    """A horizontal line to compare with, such as chance."""

    name: str
    y: float


@dataclass(frozen=True)
class Chart:
    """A line chart, or a chart of points.

    Attributes:
        title: What it shows.
        x_label: The quantity along the bottom, with its unit.
        y_label: The quantity along the side.
        series: What is drawn, the first on top.
        subtitle: What the runs have in common.
        levels: Horizontal lines.
        joined: Whether the points of a series are joined by a line.
        log_x: Whether equal ratios of x are equally far apart.
        x_ticks: Where the x axis has its numbers; chosen where empty.
        shares: Whether both axes hold shares of a whole, and so go from 0 to 1.
        front: Whether to draw the Pareto front: the points than which none has both less x and more y.
        ends: Whether a line's name stands at its end; else names are listed beside the chart in order.
        note: What the reader should know besides.
    """

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    subtitle: str = ""
    levels: tuple[Level, ...] = ()
    joined: bool = True
    log_x: bool = False
    x_ticks: tuple[float, ...] = ()
    shares: bool = False
    front: bool = False
    ends: bool = True
    note: str = ""

    def xs(self) -> list[float]:
        """Every x that is drawn."""
        return [x for series in self.series for x in series.x]

    def ys(self) -> list[float]:
        """Every y that is drawn, with the ends of intervals, and the levels."""
        drawn = [y for series in self.series for y in (*series.y, *series.low, *series.high)]
        return [y for y in (*drawn, *(level.y for level in self.levels)) if math.isfinite(y)]

    def on_front(self) -> list[tuple[int, int]]:
        """The Pareto front's points, as places of series and of points in them, from the least x on.

        Ceilings do not take part.
        """
        places = [
            (line, point)
            for line, series in enumerate(self.series)
            if not series.ceiling
            for point in range(len(series.x))
        ]
        points = [(self.series[line].x[point], self.series[line].y[point]) for line, point in places]
        return [places[index] for index in pareto_front(points)]


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Which points no other beats: none has at most their x, at least their y, and either better.

    Of points that are equal the first counts.

    Returns:
        Their indices, by ascending x.

    >>> pareto_front([(1, 0.2), (2, 0.5), (2, 0.4), (3, 0.5), (4, 0.9)])
    [0, 1, 4]
    """
    chosen: list[int] = []
    for index in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1])):
        if not chosen or points[index][1] > points[chosen[-1]][1]:
            chosen.append(index)
    return chosen


def describe(chart: Chart) -> str:
    """A chart in words, for those who do not see it."""
    what = "Lines" if chart.joined else "Points"
    said = [f"{what}: {chart.y_label} against {chart.x_label}."]
    best = sorted(chart.series, key=lambda series: -max(series.y))
    for series in best:
        top = max(range(len(series.y)), key=series.y.__getitem__)
        if series.kind:
            taught = f"{series.name}, which learns from {TAUGHT_BY[series.kind]}"
            said.append(f"{taught}: highest {series.y[top]:.3f}, at {series.x[top]:,.4g}.")
        else:
            said.append(f"{series.name}: from {series.y[0]:.4g} to {series.y[-1]:.4g}.")
    if chart.front:
        names = dict.fromkeys(chart.series[line].name for line, _ in chart.on_front())
        said.append(f"On the Pareto front: {', '.join(names)}.")
    said += [f"{level.name}: {level.y:.3f}." for level in chart.levels]
    return " ".join([*said, chart.note]).strip()
