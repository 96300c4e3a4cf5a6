"""`hashbench leaderboard`: every face, every filter, files, and one line for what does not go together."""

import csv
import io
import json

import pytest

from hashbench.metrics.presets import PRESETS


@pytest.fixture
def board(cli, made):
    """The command's output on the made store; fails unless it exits 0."""

    def call(*arguments):
        status, out, err = cli("leaderboard", "--runs", made.root, *arguments)
        assert status in (0, None), err
        return out

    return call


@pytest.fixture
def refused(cli, made):
    """The one line that the command says when it refuses."""

    def call(*arguments):
        status, out, err = cli("leaderboard", "--runs", made.root, *arguments)
        assert (status, out) == (2, "") and len(err.splitlines()) == 1
        return err

    return call


def test_every_face_is_printed(board):
    assert "┏" in board()
    assert board("--format", "markdown").startswith("### toys")
    assert len(list(csv.DictReader(io.StringIO(board("--format", "csv"))))) > 20
    assert board("--format", "latex").startswith("% \\usepackage{booktabs}")
    assert json.loads(board("--format", "json"))["main_metric"] == "map@all"


def test_failures_are_said(board):
    for face in ("table", "markdown"):
        assert "1 run of this store has failed: `hashbench runs list --failed`" in board("--format", face)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_metric_preset_has_a_board(board, preset):
    page = json.loads(board("--format", "json", "--metrics", preset))
    assert page["metric_preset"]["name"] == preset


@pytest.mark.parametrize(
    ("arguments", "column", "values"),
    [
        (["--protocol", "tags-no-label-words"], "protocol", {"tags-no-label-words"}),
        (["--bits", "16,64"], "bits", {"16", "64"}),
        (["--noise", "none", "--noise", "missing=0.4"], "noise", {"", "missing 40%"}),
        (["--noise", "random 80%"], "noise", {"random 80%"}),
        (["--supervision", "web", "--supervision", "labels"], "supervision", {"web", "labels"}),
        (["--method", "plain", "--method", "told"], "method", {"plain", "told"}),
        (["--backbone", "small_net", "--dataset", "toys"], "backbone", {"small_net"}),
        (["--all-distances"], "distance", {"hamming", "aqd", "feature"}),
    ],
)
def test_filters(board, arguments, column, values):
    rows = csv.DictReader(io.StringIO(board("--format", "csv", *arguments)))
    assert {row[column] for row in rows} == values


def test_a_narrow_terminal_gets_fewer_columns_unless_all_are_asked_for(board, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    narrow, wide = board("--noise", "none"), board("--noise", "none", "--all-columns")
    assert max(map(len, narrow.splitlines())) <= 80
    assert "Left out for want of room: tie band" in " ".join(narrow.split())
    assert "search ms/query" in wide
    assert "Left out" not in wide


def test_a_file_is_written_whole_and_the_same_again(board, tmp_path):
    path = tmp_path / "deep" / "board.md"
    assert board("--format", "markdown", "--output", path) == ""
    before = path.stat().st_mtime_ns
    board("--format", "markdown", "--output", path)
    assert path.stat().st_mtime_ns == before
    assert path.read_text() == board("--format", "markdown")


def test_a_table_takes_its_place_in_a_page(board, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Ours\n<!-- begin board -->\n<!-- end board -->\nMore.\n")
    board("--format", "markdown", "--output", page, "--between", "board")
    text = page.read_text()
    assert text.startswith("# Ours\n<!-- begin board -->\n\n### toys")
    assert text.endswith("\n\n<!-- end board -->\nMore.\n")


def test_what_does_not_go_together_is_refused(refused, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("no marks\n")
    assert "table is for a terminal" in refused("--output", tmp_path / "out")
    assert "--output FOLDER" in refused("--format", "html")
    assert "--between: Expected --format markdown" in refused("--between", "board")
    assert "no place 'board'" in refused("--format", "markdown", "--output", page, "--between", "board")
    assert "--data-root: only pages" in refused("--data-root", "toys=x")
    assert "Expected NAME=PATH" in refused(
        "--format", "html", "--output", tmp_path / "s", "--data-root", "x"
    )
    assert page.read_text() == "no marks\n" and [*tmp_path.iterdir()] == [page]


def test_wrong_values_are_one_line(refused):
    assert "holds no such run: bits 8. Expected some of 16, 32, 64" in refused("--bits", "8")
    assert "Expected whole numbers, or 'own', between commas" in refused("--bits", "16,many")
    assert "unknown metric preset 'sklaern'" in refused("--metrics", "sklaern")
    assert "unknown noise 'mising'" in refused("--noise", "mising=0.4")
    assert "dataset other. Expected some of toys" in refused("--dataset", "other")


def test_a_store_without_runs_is_one_line(cli, tmp_path):
    status, _, err = cli("leaderboard", "--runs", tmp_path)
    assert status == 2 and "holds no run. Fill it with `hashbench run`" in err
    status, _, err = cli("leaderboard", "--runs", tmp_path / "none")
    assert status == 2 and "no run store" in err


def test_pages_are_written_for_the_runs_that_are_meant(board, tmp_path):
    board("--format", "html", "--output", tmp_path / "site", "--method", "plain", "--method", "typed")
    index = (tmp_path / "site" / "index.html").read_text()
    assert "plain" in index and "typed-too" not in index
