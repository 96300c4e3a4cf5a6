"""Charts as SVG: what is drawn is where it belongs, can be read by everybody, and never differs."""

import itertools
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy.optimize import minimize

from hashbench.data.supervision import Supervision
from hashbench.reports.charts import palette
from hashbench.reports.charts.chart import Chart, Level, Series, describe, pareto_front
from hashbench.reports.charts.lettering import Box, Crowd, spread, width, wrap
from hashbench.reports.charts.plot import NAME, styles
from hashbench.reports.charts.scales import Scale, as_text, extent, log_ticks, ticks
from hashbench.reports.charts.svg import draw, draw_row

SVG = "{http://www.w3.org/2000/svg}"
LINES = Chart(
    "Title & more",
    "bits",
    "mAP",
    (
        Series('one <"1">', (8, 16, 32), (0.2, 0.3, 0.35), kind="none"),
        Series("two", (8, 16, 32), (0.3, 0.4, 0.35), (0.2, np.nan, 0.3), (0.4, np.nan, 0.4), "tags"),
        Series("three", (8, 16), (0.6, 0.7), kind="labels", ceiling=True),
    ),
    levels=(Level("chance", 0.1),),
    log_x=True,
    x_ticks=(8, 16, 32),
)
POINTS = replace(LINES, joined=False, front=True)


def elements(svg, name, css=None):
    found = ElementTree.fromstring(svg).iter(f"{SVG}{name}")
    return [one for one in found if css is None or css in (one.get("class") or "").split()]


def ends(path):
    """The places that a path goes through."""
    return [tuple(map(float, place)) for place in re.findall(r"([\d.]+),([\d.]+)", path.get("d"))]


def contrast(one, other):
    """The contrast ratio of WCAG 2.2: (L1 + .05) / (L2 + .05) of relative luminances."""

    def luminance(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("colours", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
def test_lines_stand_out_from_the_paper_and_words_more(colours):
    for name in (f"--series-{hue}" for hue in range(1, palette.HUES + 1)):
        assert contrast(colours[name], colours["--paper"]) >= 3, name
    for name in ("--ink", "--muted"):
        assert contrast(colours[name], colours["--paper"]) >= 4.5, name


def test_colours_of_light_pages_can_be_told_from_dark_paper_too():
    for hue in range(1, palette.HUES + 1):
        assert contrast(palette.LIGHT[f"--series-{hue}"], palette.DARK["--paper"]) >= 3


def test_every_property_is_set_for_light_and_dark_and_used():
    sheet = palette.style_sheet()
    assert list(palette.LIGHT) == list(palette.DARK)
    assert set(re.findall(r"var\((--[\w-]+)\)", sheet)) == set(palette.LIGHT)


def test_every_kind_of_supervision_has_a_colour_of_its_own():
    assert len({palette.hue(kind.value) for kind in Supervision}) == len(Supervision)


def test_series_of_a_colour_differ_in_marks_or_dashes():
    chart = replace(
        LINES, series=tuple(Series(f"{number}", (1,), (1,), kind="none") for number in range(20))
    )
    looks = styles([chart])
    assert len(set(looks.values())) == 20
    assert styles([replace(chart, series=chart.series[::-1])]) == looks


@pytest.mark.parametrize("standalone", [True, False])
@pytest.mark.parametrize("chart", [LINES, POINTS], ids=["lines", "points"])
def test_a_chart_is_well_formed_and_says_what_it_is(chart, standalone):
    svg = draw(chart, standalone=standalone)
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "Title & more"
    assert root.find(f"{SVG}desc").text == describe(chart)
    assert {one.get("data-series") for one in elements(svg, "g", "series")} - {None} == {
        'one <"1">',
        "two",
        "three",
    }
    assert bool(elements(svg, "style")) == standalone
    assert svg == draw(chart, standalone=standalone)


def test_a_chart_in_words_names_the_best_first_and_who_is_on_the_front():
    said = describe(POINTS)
    assert said.startswith(
        "Points: mAP against bits. three, which learns from labels (ceiling): highest 0.700, at 16."
    )
    assert "On the Pareto front: two." in said
    assert said.endswith("chance: 0.100.")


def test_colours_are_properties_and_never_written_into_the_picture():
    assert not re.search(r"#[0-9a-f]{3,6}\b", draw(LINES, standalone=False))


def test_points_lie_where_their_values_say():
    """Interpolated by hand: 8, 16 and 32 are evenly spaced, and .2, .3, .35 as 2 : 1."""
    first = next(
        one for one in elements(draw(LINES, standalone=True), "g") if one.get("data-series") == "two"
    )
    (x1, y1), (x2, y2), (x3, y3) = ends(first.find(f"{SVG}path[@class='line']"))
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.2)
    assert y1 - y2 == pytest.approx(2 * (y3 - y2), abs=0.3)


def test_intervals_are_bars_of_the_points_that_have_one_and_bands_of_long_lines():
    assert len(elements(draw(LINES, standalone=True), "path", "error")) == 2
    x = tuple(range(12))
    y = tuple(0.1 * value for value in x)
    band = Series("long", x, y, tuple(value - 0.1 for value in y), tuple(value + 0.1 for value in y))
    svg = draw(Chart("t", "x", "y", (band,)), standalone=True)
    assert len(elements(svg, "path", "band")) == 1
    assert not elements(svg, "path", "error")


def test_ceilings_are_dashed():
    (three,) = (
        one for one in elements(draw(LINES, standalone=True), "g") if one.get("data-series") == "three"
    )
    assert three.find(f"{SVG}path[@class='line']").get("stroke-dasharray") == palette.CEILING


def test_the_front_is_that_of_the_definition():
    """By hand: (1, .2), (2, .5), (4, .9) are beaten by none; and the naive form on drawn points."""
    assert pareto_front([(1, 0.2), (2, 0.5), (2, 0.4), (3, 0.5), (4, 0.9)]) == [0, 1, 4]
    points = [(float(x), float(y)) for x, y in np.random.default_rng(0).integers(0, 12, (60, 2))]

    def beats(one, other):
        return one[0] <= other[0] and one[1] >= other[1] and one != other

    naive = {point for point in points if not any(beats(other, point) for other in points)}
    front = [points[index] for index in pareto_front(points)]
    assert front == sorted(naive)


def test_ceilings_are_not_on_the_front():
    assert POINTS.on_front() == [(1, 0), (1, 1)]
    front = elements(draw(POINTS, standalone=True), "path", "front")[-1]  # the first is the legend's
    steps = ends(front)
    assert all(one[0] == other[0] or one[1] == other[1] for one, other in itertools.pairwise(steps))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.13, 0.72, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]),
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-3, 4, [-3, -2, -1, 0, 1, 2, 3, 4]),
        (1234, 5678, [1000, 2000, 3000, 4000, 5000, 6000]),
    ],
)
def test_ticks_are_round_and_hold_everything(low, high, expected):
    assert ticks(low, high) == expected


@pytest.mark.parametrize("seed", range(50))
def test_ticks_are_few_and_as_close_as_can_be(seed):
    low, high = np.sort(np.random.default_rng(seed).lognormal(0, 5, 2))
    found = ticks(low, high)
    assert found[0] <= low * (1 + 1e-6)
    assert found[-1] >= high * (1 - 1e-6)
    assert 3 <= len(found) <= 8


def test_logarithmic_ticks_are_thinned_to_decades():
    assert log_ticks(0.9, 12) == [1, 2, 5, 10]
    assert log_ticks(0.5, 2e6) == [1, 10, 100, 1e3, 1e4, 1e5, 1e6]


def test_numbers_have_equal_decimals_and_thousands_are_separated():
    assert as_text([0, 0.05, 0.1]) == ["0.00", "0.05", "0.10"]
    assert as_text([1000, 10000, 100000]) == ["1,000", "10,000", "100,000"]
    assert as_text([0, 2e-9, 4e-9]) == ["0", "2e-09", "4e-09"]


def test_an_axis_of_one_value_still_has_a_length():
    for log in (True, False):
        low, high = extent([3.0], log=log)
        assert low < 3 < high
        assert Scale(low, high, 0, 100, log)(3) == pytest.approx(50)
    assert extent([0.0], log=False) == (-1, 1)


@pytest.mark.parametrize("seed", range(10))
def test_names_are_as_near_to_their_lines_as_keeping_apart_allows(seed):
    wanted = np.sort(np.random.default_rng(seed).uniform(0, 100, 6))
    found = spread(wanted, 12, 0, 100)
    assert np.diff(found).min() >= 12 - 1e-9
    apart = [{"type": "ineq", "fun": lambda z, i=i: z[i + 1] - z[i] - 12} for i in range(5)]
    best = minimize(
        lambda z: ((z - wanted) ** 2).sum(),
        np.linspace(10, 90, 6),
        method="SLSQP",
        bounds=[(0, 100)] * 6,
        constraints=apart,
    )
    assert found == pytest.approx(best.x, abs=1e-2)


def test_names_at_the_ends_of_thirty_lines_do_not_overlap():
    rng = np.random.default_rng(0)
    many = tuple(
        Series(f"method {n}", (8, 64), tuple(0.2 + 0.01 * rng.random(2)), kind="none") for n in range(30)
    )
    svg = draw(replace(LINES, series=many), standalone=True)
    heights = sorted(
        float(one.get("y")) for one in elements(svg, "text") if (one.text or "").startswith("method")
    )
    assert len(heights) == 30
    assert np.diff(heights).min() >= NAME - 0.11
    assert heights[-1] < float(ElementTree.fromstring(svg).get("height"))


def test_names_of_points_cover_neither_points_nor_each_other():
    rng = np.random.default_rng(0)
    at = rng.uniform(0, 300, (80, 2))
    marks = [Box(x - 5, y - 5, x + 5, y + 5) for x, y in at]
    crowd = Crowd(Box(0, 0, 300, 300), list(marks))
    placed = [
        box for (x, y), own in zip(at, marks, strict=True) if (box := crowd.place("name", x, y, own=own))
    ]
    assert len(placed) > 5
    assert not any(one.meets(other) for one, other in itertools.combinations(placed, 2))
    assert all(box.within(crowd.room) for box in placed)
    assert sum(box.meets(mark) for box in placed for mark in marks) <= len(placed)


def test_lines_of_text_are_broken_between_words():
    lines = wrap("some words that are too long for one line", 120)
    assert len(lines) > 1
    assert " ".join(lines) == "some words that are too long for one line"
    assert all(width(line) <= 120 for line in lines)


def test_charts_beside_each_other_have_one_y_axis_and_one_look_a_series():
    other = replace(LINES, title="other", series=(replace(LINES.series[0], y=(0.9, 0.8, 0.7)),))
    svg = draw_row([LINES, other, LINES], "Together", standalone=True)
    assert ElementTree.fromstring(svg).find(f"{SVG}title").text == "Together"
    numbers = [one.text for one in elements(svg, "text", "muted") if re.fullmatch(r"0\.\d", one.text or "")]
    assert all(numbers.count(text) == 3 for text in set(numbers))
    assert (
        len({one.get("class") for one in elements(svg, "g") if one.get("data-series") == 'one <"1">'}) == 1
    )


def test_long_names_leave_room_for_the_lines_and_are_whole_where_pointed_at():
    name = "a method (" + ", ".join(f"setting_{n}=0.25" for n in range(9)) + ")"
    chart = replace(LINES, series=(replace(LINES.series[0], name=name),))
    for svg in (draw(chart, standalone=True), draw_row([chart, chart], "Two", standalone=True)):
        shown = next(one for one in elements(svg, "text") if " … " in (one.text or ""))
        (group,) = {one.get("data-series") for one in elements(svg, "g")} - {None}
        assert group == name
        line = ends(elements(svg, "path", "line")[-1])
        assert line[-1][0] - line[0][0] > 100
        assert float(shown.get("x")) + width(shown.text) <= 720


def test_an_axis_of_what_is_never_negative_does_not_go_below_zero():
    svg = draw(Chart("t", "x", "y", (Series("s", (1, 2), (0.0, 0.9)),)), standalone=True)
    assert not [one.text for one in elements(svg, "text", "muted") if (one.text or "").startswith("-")]


def test_shares_have_axes_from_0_to_1():
    chart = Chart("t", "x", "y", (Series("s", (0.2, 0.4), (0.5, 0.6)),), shares=True)
    numbers = [one.text for one in elements(draw(chart, standalone=True), "text", "muted")]
    assert numbers == 2 * ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]


def test_lines_that_are_no_methods_have_a_colour_of_their_own_and_differ_in_dashes():
    looks = styles([Chart("t", "x", "y", tuple(Series(name, (1,), (1,)) for name in "ab"))])
    assert {look.hue for look in looks.values()} == {palette.HUES}
    assert palette.HUES not in {palette.hue(kind.value) for kind in Supervision}
    assert looks["a"].dashes != looks["b"].dashes


def test_many_charts_with_one_point_each_are_drawn():
    one = Chart("t", "x", "y", (Series("s", (0,), (0,)),))
    ElementTree.fromstring(draw_row([one] * 5, "Five", standalone=False))


def test_lines_of_no_kind_are_told_by_where_they_begin_and_end():
    assert "steps: from 2 to 0.4." in describe(
        Chart("t", "x", "loss", (Series("steps", (1, 2), (2.0, 0.4)),))
    )
