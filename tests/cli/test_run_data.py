"""What becomes of images and tags on their way into a run, and what the record tells of it."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

LSH = ("--method", "lsh", "--bits", "16")
WSDHQ = ("--method", "wsdhq", "--bits", "16", "--set", "iterations=10")


def test_an_image_that_cannot_be_decoded_is_left_out_counted_and_listed(cli, run, tmp_path):
    (tmp_path / "broken").touch()
    (record,) = run(*LSH, "--data-root", tmp_path)
    assert list(record["damaged"]) == ["shape007"]
    assert record["sizes"] == {"query": 23, "database": 96, "train": 96}
    said = "shapes: 1 of the images cannot be decoded and were left out: 'shape007'"
    assert record["notices"][0].startswith(said)
    stored = json.loads((Path(record["run_dir"]) / "split.json").read_text())
    assert len(stored["query"]) == 23
    assert f"Note: {said}" in cli("leaderboard", "--runs", tmp_path / "runs")[1]


def test_images_that_cannot_be_decoded_are_left_out_of_training_on_pixels(run, tmp_path):
    (tmp_path / "broken").touch()
    (record,) = run(*WSDHQ, "--set", "finetune=all", "--data-root", tmp_path)
    assert (list(record["damaged"]), record["sizes"]["query"]) == (["shape007"], 23)


@pytest.fixture
def copied(monkeypatch):
    """The fourth picture, a query, is the 61st, enlarged and compressed."""
    import stranger

    drawn = stranger.draw

    def draw(number):
        if number != 3:
            return drawn(number)
        with Image.open(io.BytesIO(drawn(60)[0])) as other:
            buffer = io.BytesIO()
            other.resize((80, 80)).save(buffer, "jpeg", quality=80)
        return buffer.getvalue(), *drawn(60)[1:]

    monkeypatch.setattr(stranger, "draw", draw)
    return (
        "shapes, split 'test': 1 of 24 queries has nearly the same picture as a database or training "
        "image, 'shape003' and 'shape060' for one"
    )


def test_a_query_that_is_nearly_another_image_is_left_out(run, copied):
    (record,) = run(*LSH)
    assert record["sizes"]["query"] == 23
    assert record["notices"] == [f"{copied}, and were left out."]


def test_a_published_split_stays_as_it_is_and_says_so(cli, run, copied, tmp_path):
    path = tmp_path / "published.json"
    cli("datasets", "describe", "shapes", "--manifest", path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"as_published": "Somebody, 2009"}))
    (published,) = run(*LSH, "--split", path)
    assert published["sizes"]["query"] == 24
    assert published["notices"] == [f"{copied}, as published by Somebody, 2009."]


def test_near_duplicates_are_described(cli, copied):
    status, out, _ = cli("datasets", "describe", "shapes", "--format", "json")
    assert status in (0, None)
    assert json.loads(out)["duplicates"]["near_queries"] == 1


def test_noise_makes_another_run_and_another_table(cli, run, tmp_path):
    levels = [option for level in ("0", "0.5") for option in ("--noise", f"missing={level}")]
    whole, half = run(*WSDHQ, *levels)
    assert whole["noise"] is None, "no noise at all is the run that it would be without"
    assert run(*WSDHQ)[0]["run_id"] == whole["run_id"]
    assert len(run(*WSDHQ, "--noise", "missing=0", "--noise", "swapped=0", "--seed", "0,0")) == 1
    assert half["noise"] == {"kind": "missing", "level": 0.5, "seed": 0, "version": 1}
    assert run(*WSDHQ, "--noise", "missing=0.5", "--noise-seed", "1")[0]["run_id"] != half["run_id"]
    out = cli("leaderboard", "--runs", tmp_path / "runs", "--format", "markdown")[1]
    assert "tag protocol tags, noise missing 50%, backbone pooled" in out
    assert "tag protocol tags, noise missing 50%, seed 1, backbone pooled" in out


def test_a_vocabulary_says_which_tags_are_learnt_from(cli, run, tmp_path):
    (tmp_path / "words.txt").write_text("ball\nbox\nroad\ntree\n")
    (record,) = run(*WSDHQ, "--vocabulary", tmp_path / "words.txt")
    assert record["sizes"]["tags"] == 4
    assert record["vocabulary"]["name"] == "words.txt"
    (tmp_path / "words.txt").write_text("ball\nbox\nroad\n")
    assert run(*WSDHQ, "--vocabulary", tmp_path / "words.txt")[0]["run_id"] != record["run_id"]
    out = cli("leaderboard", "--runs", tmp_path / "runs", "--format", "markdown")[1]
    assert out.count("tag protocol tags, vocabulary words.txt, backbone pooled [") == 2, "told apart"
    assert cli("leaderboard", "--runs", tmp_path / "runs")[1].count("backbone pooled [") == 2


def test_held_out_tags_stand_apart(cli, run, monkeypatch, tmp_path):
    import stranger

    from hashbench.data.collection import GroundTruth, TruthKind

    run(*LSH)
    judged = stranger.Shapes.ground_truth

    def ground_truth(self):
        truth = judged(self)
        return GroundTruth(truth.names, truth.labels, TruthKind.HELD_OUT_TAGS)

    monkeypatch.setattr(stranger.Shapes, "ground_truth", ground_truth)
    assert run(*LSH)[0]["truth"] == "held-out tags"
    out = cli("leaderboard", "--runs", tmp_path / "runs", "--format", "markdown")[1]
    titles = [line for line in out.splitlines() if line.startswith("###")]
    assert [("relevant by held-out tags" in title) for title in titles] == [True, False]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--noise", "missing"), "noise 'missing': Expected KIND=LEVEL"),
        (("--noise", "mising=0.1"), "unknown noise 'mising'. Did you mean 'missing'?"),
        (("--noise", "missing=1"), "Expected a level from 0 to below 1"),
        (("--noise", "missing=0.1", "--noise-seed", "-1"), "seed -1. Expected 0 or more"),
        (("--vocabulary", "/nowhere"), "vocabulary '/nowhere' cannot be read"),
        (("--tags", "title"), "unknown kind of tags of shapes 'title'"),
    ],
)
def test_bad_input_is_one_line(cli, arguments, expected):
    status, out, err = cli("run", "--dataset", "shapes", "--backbone", "pooled", *LSH, *arguments)
    assert (status, out) == (2, "") and len(err.strip().splitlines()) == 1
    assert expected in err
