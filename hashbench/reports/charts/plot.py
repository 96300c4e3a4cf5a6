"""One plot of a chart: axes, levels, lines or points, and their names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from hashbench.reports.charts import palette
from hashbench.reports.charts.chart import Chart, Series
from hashbench.reports.charts.lettering import Box, Crowd, shorten, spread, width
from hashbench.reports.charts.markup import number, path, tag, words
from hashbench.reports.charts.scales import Scale, as_text, log_ticks, ticks

# From one name to the next; from the lines' ends to their names; and from a name's mark to its letters.
NAME, _LEADER, _SWATCH = 16.0, 30.0, 9.0
BESIDE = _LEADER + _SWATCH
# Room around the lines: above for what y is, below for the numbers and what x is.
ABOVE, BELOW = 22.0, 46.0
# A line of more points than this has no marks, and one of more than this a band in place of error bars.
_MARKED, _BARS = 24, 8
_ARM = 3.0
# Half of what a mark covers.
_MARK = 5.0


@dataclass(frozen=True)
class Style:
    """How a series looks: its colour's number, its outline's index, its dashes."""

    hue: int
    mark: int
    dashes: str = ""


def styles(charts: Iterable[Chart]) -> dict[str, Style]:
    """How each series looks, by name: the same in all the charts.

    Along lines, marks and, where those are used up, dashes tell the methods of a colour apart; they follow
    the names, so that charts of the same methods agree. Lines that are no methods differ in their dashes,
    too: they may be too long for marks. Single points have the mark of their colour.
    """
    chosen: dict[str, Style] = {}
    used = [0] * (palette.HUES + 1)
    every = {series.name: (series, chart.joined) for chart in charts for series in chart.series}
    for name, (series, joined) in sorted(every.items()):
        hue = palette.hue(series.kind)
        turn, mark = divmod(used[hue], len(palette.MARKS)) if joined else (0, hue - 1)
        dash = palette.DASHES[(turn if series.kind else used[hue]) % len(palette.DASHES)]
        dashes = palette.CEILING if series.ceiling else dash
        chosen[name] = Style(hue, mark, dashes)
        used[hue] += 1
    return chosen


@dataclass(frozen=True)
class Plot:
    """A chart and the place of its lines.

    Attributes:
        chart: What it shows.
        box: Where the lines are; the rest is around it.
        x: The x axis.
        y: The y axis.
        y_ticks: Its round numbers.
        looks: Styles by the names of series.
        room: For names beside the lines, in pixels; longer ones are shortened.
    """

    chart: Chart
    box: Box
    x: Scale
    y: Scale
    y_ticks: list[float]
    looks: Mapping[str, Style]
    room: float

    def parts(self) -> Iterator[str]:
        """Everything, from the back to the front."""
        yield from self._axes()
        for level in self.chart.levels:
            at = self.y(level.y)
            yield path([(self.box.left, at), (self.box.right, at)], "level")
        if self.chart.front:
            yield self._front()
        yield from self._lines() if self.chart.joined else self._points()

    def _axes(self) -> Iterator[str]:
        box, chart = self.box, self.chart
        for value, text in zip(self.y_ticks, as_text(self.y_ticks), strict=True):
            at = self.y(value)
            yield path([(box.left, at), (box.right, at)], "grid")
            yield words(box.left - 8, at, text, "muted", "end")
        yield words(box.left - 8 - y_room(self.y_ticks), box.top - 14, chart.y_label)
        for value, text in zip(found := self._x_ticks(), as_text(found), strict=True):
            at = self.x(value)
            yield path([(at, box.bottom), (at, box.bottom + 5)], "axis")
            yield words(at, box.bottom + 14, text, "muted", "middle")
        yield path([(box.left, box.bottom), (box.right, box.bottom)], "axis")
        yield words((box.left + box.right) / 2, box.bottom + 33, chart.x_label, None, "middle")

    def _x_ticks(self) -> list[float]:
        if self.chart.x_ticks:
            return list(self.chart.x_ticks)
        if self.chart.log_x:
            return log_ticks(self.x.low, self.x.high)
        inside = (value for value in ticks(self.x.low, self.x.high) if self.x.low <= value <= self.x.high)
        return list(inside)

    def _lines(self) -> Iterator[str]:
        """Every line with its name beside the plot, and the names of the levels among them."""
        names, right = self._names(), self.box.right
        if not self.chart.ends:
            yield from self._levels()
        for level in self.chart.levels if self.chart.ends else ():
            yield path(
                [
                    (right, self.y(level.y)),
                    (right + 6, self.y(level.y)),
                    (right + _LEADER + 4, names[level.name]),
                ],
                "level",
            )
            yield words(right + BESIDE, names[level.name], shorten(level.name, self.room), "muted")
        for series in reversed(self.chart.series):
            yield self._group(series, self._line(series, names[series.name]))

    def _points(self) -> Iterator[str]:
        """Every point, and the names of those for which there is room."""
        for series in reversed(self.chart.series):
            yield self._group(series, self._dots(series))
        yield from self._levels()
        yield from self._labels()

    def _levels(self) -> Iterator[str]:
        for name, box in self._level_names().items():
            yield words(box.left, (box.top + box.bottom) / 2, name, "muted halo")

    def _level_names(self) -> dict[str, Box]:
        """Where the levels' names stand among points: at an end of the line where there is no point."""
        marks = [mark for marks in self._marks() for mark in marks]
        placed: dict[str, Box] = {}
        for level in self.chart.levels:
            at, wide = self.y(level.y), width(level.name)
            ends = [
                Box(left, at + above, left + wide, at + above + NAME)
                for above in (-NAME - 1, 1)
                for left in (self.box.right - wide, self.box.left + 4)
            ]
            free = (end for end in ends if not any(end.meets(mark) for mark in [*marks, *placed.values()]))
            placed[level.name] = next(free, ends[0])
        return placed

    def _front(self) -> str:
        """A step line: the most y that can be had for so much x."""
        chosen = self.chart.on_front()
        points = [self._at(self.chart.series[line], point) for line, point in chosen]
        way = points[:1]
        for x, y in points[1:]:
            way += [(x, way[-1][1]), (x, y)]
        return path([*way, (self.box.right, way[-1][1])], "front") if way else ""

    def _at(self, series: Series, point: int) -> tuple[float, float]:
        return self.x(series.x[point]), self.y(series.y[point])

    def _group(self, series: Series, parts: Iterable[str]) -> str:
        look = self.looks[series.name]
        return tag("g", {"class": f"series s{look.hue}", "data-series": series.name}, parts)

    def _line(self, series: Series, name_at: float) -> Iterator[str]:
        """A series' intervals, line and marks, and its name beside the plot."""
        look, points = self.looks[series.name], [self._at(series, index) for index in range(len(series.x))]
        yield from self._intervals(series)
        if len(points) > 1:
            yield path(points, "line", look.dashes)
        for index in _apart(points) if len(points) <= _MARKED else ():
            yield self._mark(series, index, points[index])
        right, end = self.box.right, points[-1]
        mark = right + (_LEADER if self.chart.ends else _LEADER - _SWATCH)
        if self.chart.ends:
            yield path([(end[0] + _MARK, end[1]), (right + 6, end[1]), (mark - 7, name_at)], "leader")
        else:
            yield path([(mark - 14, name_at), (mark + 14, name_at)], "line", look.dashes)
        yield tag("path", {"class": "mark", "d": palette.MARKS[look.mark], "transform": _to(mark, name_at)})
        yield words(right + BESIDE, name_at, shorten(series.name, self.room))

    def _intervals(self, series: Series) -> Iterator[str]:
        known = [i for i in range(len(series.low)) if not math.isnan(series.low[i] + series.high[i])]
        ends = [(self.x(series.x[i]), self.y(series.low[i]), self.y(series.high[i])) for i in known]
        if len(ends) > _BARS:
            around = [(x, low) for x, low, _ in ends] + [(x, high) for x, _, high in reversed(ends)]
            yield path(around, "band", closed=True)
            return
        for x, low, high in ends:
            caps = "".join(f"M{number(x - _ARM)},{number(y)}h{number(2 * _ARM)}" for y in (low, high))
            yield tag("path", {"class": "error", "d": f"M{number(x)},{number(low)}V{number(high)}{caps}"})

    def _mark(self, series: Series, index: int, at: tuple[float, float]) -> str:
        """A point's mark, which says what it is when it is pointed at."""
        said = f"{series.name}: {self.chart.y_label} {series.y[index]:.3f}, {self.chart.x_label} "
        title = tag("title", {}, [escape(f"{said}{series.x[index]:,.4g}")])
        outline = palette.MARKS[self.looks[series.name].mark]
        return tag("path", {"class": "mark", "d": outline, "transform": _to(*at)}, [title])

    def _dots(self, series: Series) -> Iterator[str]:
        points = [self._at(series, index) for index in range(len(series.x))]
        if len(points) > 1:
            yield path(points, "thread")
        yield from self._intervals(series)
        for index in range(len(series.x)):
            yield self._mark(series, index, self._at(series, index))

    def _names(self) -> dict[str, float]:
        """How high the name of each series stands; the levels' names take their room among them."""
        top, bottom = self.box.top + NAME / 2, self.box.bottom - NAME / 2
        names = [series.name for series in self.chart.series]
        wanted = [self.y(series.y[-1]) for series in self.chart.series]
        if not self.chart.ends:
            wanted = [top + NAME * place for place in range(len(names))]
        levels = self.chart.levels if self.chart.ends else ()
        placed = spread([*wanted, *(self.y(level.y) for level in levels)], NAME, top, bottom)
        return dict(zip([*names, *(level.name for level in levels)], placed, strict=True))

    def _marks(self) -> list[list[Box]]:
        """What the marks cover, by series and point."""
        found = []
        for series in self.chart.series:
            at = [self._at(series, index) for index in range(len(series.x))]
            found.append([Box(x - _MARK, y - _MARK, x + _MARK, y + _MARK) for x, y in at])
        return found

    def _labels(self) -> Iterator[str]:
        """Names of points: those on the front, then the best of each series, where there is room."""
        series, marks, said = self.chart.series, self._marks(), set()
        crowd = Crowd(self.box, [*(box for row in marks for box in row), *self._level_names().values()])
        best = [(line, max(range(len(one.y)), key=one.y.__getitem__)) for line, one in enumerate(series)]
        best.sort(key=lambda place: -series[place[0]].y[place[1]])
        front = self.chart.on_front()[::-1] if self.chart.front else []
        for line, point in [*front, *best]:
            text = series[line].name
            if text in said:
                continue
            said.add(text)
            if box := crowd.place(text, *self._at(series[line], point), own=marks[line][point]):
                yield words(box.left, (box.top + box.bottom) / 2, text, "halo")


def y_room(numbers: list[float]) -> float:
    """How wide the numbers of the y axis are."""
    return max(width(text) for text in as_text(numbers))


def _apart(points: Sequence[tuple[float, float]]) -> list[int]:
    """Those points of a line whose marks do not cover each other, from the last one back."""
    kept: list[int] = []
    for index in reversed(range(len(points))):
        if not kept or math.dist(points[index], points[kept[-1]]) >= 2 * _MARK:
            kept.append(index)
    return kept


def _to(x: float, y: float) -> str:
    return f"translate({number(x)} {number(y)})"


def names_beside(chart: Chart) -> list[str]:
    """What stands beside the lines; nothing beside points."""
    if not chart.joined:
        return []
    levels = chart.levels if chart.ends else ()
    return [*(series.name for series in chart.series), *(level.name for level in levels)]
