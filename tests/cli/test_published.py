"""`hashbench published`: prints, writes, and refuses what does not go together."""

import json
from pathlib import Path

import pytest

FIGURES = Path(__file__).parents[2] / "docs" / "published.csv"


@pytest.fixture
def published(cli, made):
    return lambda *arguments: cli("published", FIGURES, "--runs", made.root, *arguments)


def test_the_table_says_what_is_published_and_why_nothing_is_measured(published):
    status, out, _ = published()
    assert status in (0, None)
    assert "0.8131" in out
    assert "No run on cifar10." in out


def test_a_file_that_is_no_table_is_one_line(cli, made):
    status, out, err = cli("published", FIGURES.parents[1] / "README.md", "--runs", made.root)
    assert (status, out) == (2, "") and len(err.splitlines()) == 1
    assert "README.md' is no table of figures. Expected the columns method, " in err


def test_json_has_an_entry_a_figure(published):
    status, out, _ = published("--format", "json")
    assert status in (0, None)
    assert len(json.loads(out)) == 39


def test_the_markdown_goes_into_a_file_or_into_its_place_in_one(published, tmp_path):
    _, printed, _ = published("--format", "markdown")
    status, out, err = published("--format", "markdown", "--output", tmp_path / "alone.md")
    assert (status or 0, out) == (0, ""), err
    assert (tmp_path / "alone.md").read_text() == printed
    page = tmp_path / "page.md"
    page.write_text("# Figures\n\n<!-- begin figures -->\n<!-- end figures -->\n\nWords.\n")
    for _ in range(2):
        status, _, err = published("--format", "markdown", "--output", page, "--between", "figures")
        assert status in (0, None), err
        head, tail = "# Figures\n\n<!-- begin figures -->\n\n", "\n<!-- end figures -->\n\nWords.\n"
        assert page.read_text() == head + printed + tail


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--output", "page.md"), "--output: Expected --format markdown or --format json"),
        (("--format", "markdown", "--between", "figures"), "--between 'figures': Expected --output FILE"),
        (("--format", "json", "--output", "a", "--between", "b"), "--between 'b': Expected --output FILE"),
    ],
)
def test_options_that_do_not_go_together_are_refused(published, arguments, said):
    status, out, err = published(*arguments)
    assert (status, out) == (2, "")
    assert said in err


def test_a_store_that_is_not_there_is_one_line(cli, tmp_path):
    status, out, err = cli("published", FIGURES, "--runs", tmp_path / "nowhere")
    assert (status, out) == (2, "")
    assert err.startswith("error: no run store")
