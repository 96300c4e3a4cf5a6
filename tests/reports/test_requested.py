"""Reports of a sweep file: looked over before anything is run, written afterwards, and not twice."""

import shutil
import xml.etree.ElementTree as ET

import pytest

from hashbench.errors import HashbenchError
from hashbench.plugins import Plugins
from hashbench.progress import SilentProgress
from hashbench.reports.requested import Sources, read_reports
from hashbench.runs.store import RunStore


@pytest.fixture
def sources(made, tmp_path):
    shutil.copytree(made.root, tmp_path / "runs")
    return Sources(RunStore(tmp_path / "runs"), Plugins(), SilentProgress())


def written(given, sources):
    for report in read_reports(given, "sweep.yaml"):
        report.write(sources)


def times(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_every_report_is_written_and_the_second_time_nothing_is(sources, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- begin board -->\nearlier\n<!-- end board -->\nbelow\n")
    where = {"protocol": "tags", "noise": "none"}
    columns = ["method", "mAP@all", "train s"]
    given = [
        {"leaderboard": "markdown", "output": page, "between": "board", "where": where, "columns": columns},
        {"leaderboard": "csv", "output": tmp_path / "board.csv", "metrics": "wsdhq"},
        {"leaderboard": "html", "output": tmp_path / "site"},
        {"chart": "bits", "output": tmp_path / "bits.svg", "where": where},
    ]
    written(given, sources)
    text = page.read_text()
    assert text.startswith("above\n") and text.endswith("below\n") and "earlier" not in text
    assert "| method | mAP@all | train s |" in text and "noise missing" not in text
    assert "map@5000" in (tmp_path / "board.csv").read_text().splitlines()[0]
    assert (tmp_path / "site" / "index.html").is_file()
    assert ET.parse(tmp_path / "bits.svg").getroot().tag.endswith("svg")
    before = times(tmp_path)
    written(given, sources)
    assert times(tmp_path) == before


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"output": "x"},
            "reports[0]: Expected one of the keys leaderboard, chart, published. Got output.",
        ),
        ({"leaderboard": "csv", "chart": "bits", "output": "x"}, "Expected one of the keys"),
        ({"leaderboard": "csv"}, "output is missing"),
        ({"leaderboard": "pdf", "output": "x"}, "leaderboard"),
        ({"leaderboard": "csv", "output": "x", "colums": ["method"]}, "Did you mean 'columns'?"),
        ({"leaderboard": "csv", "output": "x", "where": {"bit": 32}}, "Did you mean 'bits'?"),
        ({"leaderboard": "csv", "output": "x", "where": {"bits": "many"}}, "where.bits"),
        ({"leaderboard": "csv", "output": "x", "metrics": "wsdqh"}, "unknown metric preset 'wsdqh'"),
        (
            {"leaderboard": "csv", "output": "x", "columns": ["method"]},
            "columns: Expected leaderboard markdown",
        ),
        (
            {"leaderboard": "latex", "output": "x", "between": "board"},
            "between: Expected leaderboard markdown",
        ),
        ({"chart": "bits", "output": "x.png"}, "'.svg'"),
        ({"leaderboard": "markdown", "output": "missing.md", "between": "board"}, "missing.md"),
        ({"published": "missing.csv", "output": "x.md"}, "missing.csv"),
    ],
)
def test_what_could_not_be_written_is_refused_beforehand(given, expected):
    with pytest.raises(HashbenchError) as refused:
        read_reports([given], "sweep.yaml")
    assert expected in str(refused.value) and "\n" not in str(refused.value)


def test_an_unknown_column_is_named(sources, tmp_path):
    given = {"leaderboard": "markdown", "output": tmp_path / "x.md", "columns": ["metod"]}
    with pytest.raises(HashbenchError, match="unknown column 'metod'. Did you mean 'method'"):
        written([given], sources)
    assert not (tmp_path / "x.md").exists()
