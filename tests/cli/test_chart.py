"""`hashbench chart`: writes one picture, and says what it cannot draw."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

GOLDEN = Path(__file__).parents[1] / "reports" / "golden"
ONE = ("--protocol", "tags", "--noise", "none")


@pytest.fixture
def chart(cli, made, tmp_path):
    output = tmp_path / "chart.svg"

    def call(*arguments):
        status, out, err = cli("chart", *arguments, "--output", output, "--runs", made.root)
        return status or 0, out, err, output

    return call


@pytest.mark.parametrize("picture", ["bits", "bytes", "training-time", "precision-recall"])
def test_a_picture_is_that_of_the_figures(chart, picture):
    status, out, err, output = chart(picture, *ONE)
    assert (status, out) == (0, ""), err
    assert output.read_text() == (GOLDEN / f"{picture}.svg").read_text()


def test_noise_is_drawn_beside_no_noise(chart):
    status, _, err, output = chart("noise", "--protocol", "tags")
    assert status == 0, err
    assert output.read_text() == (GOLDEN / "noise.svg").read_text()


def test_a_run_shows_how_it_learnt(chart, made):
    (name,) = (path.name for path in made.folders() if path.name.startswith("typed_16b"))
    status, _, err, output = chart("learning", "typed_16b")
    assert status == 0, err
    assert name in output.read_text()


def test_filters_choose_what_is_drawn(chart):
    status, _, err, output = chart("bits", *ONE, "--method", "typed", "--method", "plain")
    assert status == 0, err
    groups = ElementTree.parse(output).iter("{http://www.w3.org/2000/svg}g")
    names = {group.get("data-series") for group in groups} - {None}
    assert names == {"typed", "plain", "plain (iterations=5)"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("bits",), "--protocol tags --noise none"),
        (("bits", "--protocol", "tags"), "they differ in noise (none, missing 40%"),
        (("noise",), "they differ in protocol (tags, tags-no-label-words)"),
        (("noise", *ONE), "no run has noise. Expected"),
        (("bits", "--method", "nobody"), "nobody"),
        (("learning",), "Expected a run's id after 'learning'"),
        (("bits", "typed_16b"), "Expected a run's id after 'learning', and only there"),
        (("learning", "nobody"), "no run 'nobody'"),
        (("learning", "plain_16b"), "has no learning curve. Expected"),
        (("bits", *ONE, "--metrics", "nobodys"), "unknown metric preset 'nobodys'"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(chart, arguments, said):
    status, out, err, output = chart(*arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert not output.exists()


def test_a_picture_is_an_svg(cli, made, tmp_path):
    status, _, err = cli("chart", "bits", "--output", tmp_path / "chart.png", "--runs", made.root)
    assert status == 2
    assert "ends in '.svg'" in err
