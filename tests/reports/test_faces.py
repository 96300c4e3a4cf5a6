"""Every face of one board, byte for byte.

Where a face is meant to change, HASHBENCH_WRITE_GOLDEN=1 writes the files anew; the tests fail all the
same, so that nobody overlooks what changed: look at the difference, and run them again.
"""

import csv as reader
import io
import json as decoder
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from made import add, made_store
from rich.console import Console

from hashbench.metrics.presets import SUITE
from hashbench.reports.comparison import comparisons
from hashbench.reports.faces.csv import csv
from hashbench.reports.faces.json import json
from hashbench.reports.faces.latex import escaped, latex
from hashbench.reports.faces.layout import with_short_names
from hashbench.reports.faces.markdown import markdown
from hashbench.reports.faces.terminal import needed, terminal
from hashbench.reports.leaderboard import COSTS, leaderboard, reported, run_frame
from hashbench.reports.marks import Mark
from hashbench.reports.selection import Selection

GOLDEN = Path(__file__).parent / "golden"
LONG = "iterations=50000, learning_rate=0.000125, width=1024"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """The made store, with a method that cannot be told from the best, and one with long settings."""
    store = made_store(tmp_path_factory.mktemp("faces") / "runs")
    add(store, "typed_alike", "tags", "hamming", 0.499)
    add(store, "typed", "tags", "aqd", 0.3, variant=LONG, config={"width": 1024})
    return store


@pytest.fixture(scope="module")
def parts(store):
    return chosen(store, bits=[16, 32], noise=["none", "missing=0.4"])


def chosen(store, **selection):
    frame = Selection(**selection).of(run_frame(store.records(), SUITE))
    return list(comparisons(leaderboard(frame, SUITE), SUITE))


def printed(parts, width, failures=(), *, room=None, color=None):
    """What a terminal of that width shows; without colours, a file."""
    console = Console(width=width, file=io.StringIO(), color_system=color, force_terminal=bool(color))
    console.print(terminal(parts, SUITE, failures, room or width, styled=bool(color)))
    return console.file.getvalue()


def same(name, text):
    """Compare with the golden file, or write it anew and fail."""
    path = GOLDEN / name
    if os.environ.get("HASHBENCH_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{name} is written anew: look at the difference, and run without the variable")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [80, 100])
def test_the_terminal(store, parts, width):
    same(f"terminal-{width}.txt", printed(parts, width, store.failures()))


def test_the_markdown(store, parts):
    same("board.md", markdown(parts, SUITE, store.failures()))


def test_the_csv(parts):
    same("board.csv", csv(parts, SUITE))


def test_the_latex(parts):
    same("board.tex", latex(parts, SUITE))


def test_the_json(store, parts):
    same("board.json", json(parts, SUITE, store.failures()))


@pytest.mark.parametrize("width", [60, 80, 100, 120, 240])
def test_no_number_is_broken_and_no_line_too_long(parts, width):
    page = printed(parts, width)
    assert max(map(len, page.splitlines())) <= width
    for part in parts:
        for cell in part.body["mAP@all"]:
            assert re.search(f" {cell}[*~ ]", page)


def test_all_columns_take_what_they_need(parts):
    page = printed(parts, 1000)
    rows = [line for line in page.splitlines() if line.startswith(("│", "┃"))]
    assert max(map(len, rows)) == needed(parts, SUITE, styled=False)
    assert "Left out" not in page
    assert "Left out for want of room" in printed(parts, needed(parts, SUITE) - 1, room=80)


def test_marks_are_bold_and_underlined(parts):
    marked = {
        mark: cell for part in parts for mark, cell in zip(part.marks, part.body["mAP@all"], strict=True)
    }
    best, tied = marked[Mark.BEST], marked[Mark.TIED]
    shown = printed(parts, 240, color="standard")
    assert f"\x1b[1m{best}\x1b[0m" in shown
    assert f"\x1b[4m{tied}\x1b[0m" in shown and "Bold: the best by mAP@all" in shown
    saved = printed(parts, 240)
    assert f" {best}* " in saved and f" {tied}~ " in saved
    assert "With *: the best by mAP@all" in saved and "with ~: rows that cannot be told" in saved
    page, tex = markdown(parts, SUITE), latex(parts, SUITE)
    assert f"| **{best}** |" in page and f"| <u>{tied}</u> |" in page
    assert re.search(r"\\textbf\{[0-9. $\\pm]+\}", tex) and re.search(r"\\underline\{0\.\d{3}", tex)


def test_long_settings_are_cut_and_said_in_full_below(parts):
    for page in (printed(parts, 240), markdown(parts, SUITE)):
        assert page.count("typed (iterations=50000, … [1]) ") == 2
        assert page.count(f"[1] typed ({LONG})") == 1
    assert LONG in csv(parts, SUITE)


def test_a_single_setting_that_is_long_is_cut_as_it_comes(parts):
    rows = parts[0].rows.assign(variant="hidden=" + "9" * 60)
    names = with_short_names(replace(parts[0], rows=rows))[0]["method"]
    assert names[0] == f"blocks (hidden={'9' * 32}… [1])"


def test_failures_are_said_where_they_are_given(store, parts):
    sentence = "1 run of this store has failed: `hashbench runs list --failed` says which and why."
    for page in (printed(parts, 240, store.failures()), markdown(parts, SUITE, store.failures())):
        assert sentence in page
    assert "failed" not in markdown(parts, SUITE)
    (failure,) = decoder.loads(json(parts, SUITE, store.failures()))["failures"]
    assert failure["error"] == "ValueError: it does not fit"


def test_programs_get_every_number_in_full(store, parts):
    rows = list(reader.DictReader(io.StringIO(csv(parts, SUITE))))
    listed = [row for part in decoder.loads(json(parts, SUITE))["comparisons"] for row in part["rows"]]
    numbers = [row for part in parts for row in part.rows.to_dict("records")]
    assert len(rows) == len(listed) == len(numbers)
    for row, other, number in zip(rows, listed, numbers, strict=True):
        for name in (*reported(SUITE), *COSTS):
            assert float(row[name]) == other[name] == number[name]
        assert row["run_ids"].split("; ") == other["run_ids"] == list(number["run_ids"])
        assert row["mark"] == other["mark"]
        assert (row["map@all ci"] == "") == (other["map@all ci"] is None) == (number["seeds"] == 1)


def test_what_another_language_would_read_is_escaped(parts):
    body = parts[0].body.assign(**{"learns from": "a|b*c`d<e_f&g%h#i$j"})
    strange = replace(parts[0], body=body, title="50% of a_b | <c>")
    assert r"a\|b\*c\`d&lt;e_f&g%h#i$j" in markdown([strange], SUITE)
    assert r"a\textbar{}b*c`d\textless{}e\_f\&g\%h\#i\$j" in latex([strange], SUITE)
    assert "<c>" in printed([strange], 240)
    assert escaped("\\~^{}±–…") == r"\textbackslash{}\textasciitilde{}\textasciicircum{}\{\}$\pm$--\dots{}"


def test_latex_is_whole(parts):
    """Braces and environments are closed, and each line of a table has as many cells as it has columns."""
    text = latex(parts, SUITE)
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 2 * len(parts)
    columns = 0
    for line in text.splitlines():
        if line.startswith(r"\begin"):
            columns = len(re.search(r"@\{\}([lr]+)@\{\}", line)[1])
        elif line.endswith(r"\\"):
            bare = re.sub(r"\\[&%$#_{}]", "", line)
            assert bare.count("&") == columns - 1
            assert bare.count("{") == bare.count("}") and bare.count("$") % 2 == 0
        else:
            assert line.startswith(("%", r"\toprule", r"\midrule", r"\bottomrule", r"\end"))
