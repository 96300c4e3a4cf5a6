"""Web sets on the command line: `hashbench datasets web` and `hashbench run --web`."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from hashbench.codes.storage import load_codes
from hashbench.data.collection import FeatureCollection
from hashbench.data.web import WebSet

CROWD = ("--method", "crowd", "--bits", "16")


def put_a_query_into(root):
    from stranger import draw

    (root / "circle" / "stolen.png").write_bytes(draw(3)[0])


@pytest.fixture
def refused(cli):
    """Call `hashbench`, which must print no result and end with one line; returns it."""

    def call(*arguments):
        status, out, err = cli(*arguments)
        assert (status, out) == (2, ""), err
        line = err.strip().splitlines()[-1]
        assert line.startswith("error: ") and "Traceback" not in err
        return line

    return call


@pytest.fixture
def run_refused(refused, tmp_path):
    def call(*arguments):
        base = ("run", "--dataset", "shapes", "--backbone", "pooled", "--runs", tmp_path / "runs")
        return refused(*base, *arguments)

    return call


def described(cli, *arguments):
    status, out, err = cli("datasets", "web", "--dataset", "shapes", "--format", "json", *arguments)
    return status, json.loads(out), err


def features(name, count, width):
    ids = tuple(f"{name}{n}" for n in range(count))
    return FeatureCollection(name, ids, ids, ((),) * count, np.zeros((count, width), dtype=np.float32))


def test_the_table_says_what_the_set_holds_and_what_it_was_checked_against(cli, web):
    (web / "bar").rename(web / "long-bar")
    status, out, err = cli("datasets", "web", web, "--dataset", "shapes")
    assert status in (0, None)
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if "│" in line]
    assert rows == [
        ["circle", "10", "0", "0"],
        ["long-bar", "10", "0", "0"],
        ["square", "10", "0", "0"],
        ["total", "30", "0", "0"],
    ]
    assert "holds none of shapes's 120 images" in out
    assert "Labels of shapes that no concept is named like: bar." in out
    assert "decoding web" in err


def test_json_counts_what_several_searches_found(cli, web):
    (web / "bar" / "twin.png").write_bytes((web / "circle" / "120.png").read_bytes())
    status, summary, _ = described(cli, web)
    assert status in (0, None)
    assert summary["holds_none_of"] == {"dataset": "shapes", "images": 120}
    assert (summary["name"], summary["images"], summary["undecodable"]) == ("web", 31, {})
    assert summary["concepts"] == [
        {"name": "bar", "images": 11, "undecodable": 0, "found_by_others": 1},
        {"name": "circle", "images": 10, "undecodable": 0, "found_by_others": 1},
        {"name": "square", "images": 10, "undecodable": 0, "found_by_others": 0},
    ]


def test_labels_and_concepts_are_compared_without_case_and_joints(cli, web, monkeypatch):
    import stranger

    monkeypatch.setattr(stranger.Shapes, "label_names", lambda self: ("Long_BAR", "circle", "disc"))
    (web / "bar").rename(web / "long-bar")
    assert described(cli, web)[1]["labels_without_concept"] == ["disc"]


def test_pictures_that_cannot_be_decoded_are_listed_with_the_reason(cli, web):
    (web / "bar" / "text.png").write_bytes(b"no picture")
    cut = web / "square" / "121.png"
    whole = cut.read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    status, summary, err = described(cli, web)
    assert status == 2
    assert [concept["undecodable"] for concept in summary["concepts"]] == [1, 0, 1]
    assert set(summary["undecodable"]) == {"bar/text.png", "square/121.png"}
    *_, first, second, last = err.strip().splitlines()
    assert first == "bar/text.png: no image of a known kind"
    assert second.startswith("square/121.png: ")
    assert last.startswith("error: web set 'web': 2 of 31 pictures cannot be decoded. Remove ")
    status, out, _ = cli("datasets", "web", web, "--dataset", "shapes")
    assert status == 2 and "total" in out, "the table comes first"


def test_names_that_look_like_markup_are_shown_as_they_are(cli, web):
    (web / "bar").rename(web / "[bold]bar")
    _, out, _ = cli("datasets", "web", web, "--dataset", "shapes")
    assert "[bold]bar" in out


def test_features_have_nothing_to_decode(cli, refused, monkeypatch):
    import stranger

    found = WebSet(features("found", 4, 8), ("circle", "bar"), np.array([0, 0, 1, 1]))
    monkeypatch.setattr(stranger.Shapes, "web_sets", lambda self: {"found": lambda: found})
    command = ("datasets", "web", "--dataset", "shapes")
    assert "holds features of 8 dimensions, data set 'shapes' images" in refused(*command)
    monkeypatch.setattr(stranger.Shapes, "images", lambda self: features("shapes", 120, 8))
    status, summary, _ = described(cli)
    assert status in (0, None)
    assert (summary["images"], summary["undecodable"]) == (4, {})


def test_a_copy_of_a_data_set_image_is_refused_by_name(refused, web):
    put_a_query_into(web)
    line = refused("datasets", "web", web, "--dataset", "shapes")
    assert "'circle/stolen.png' has the same content as image 'shape003' of shapes" in line


def test_a_web_set_that_is_not_there(refused, tmp_path):
    shapes = ("datasets", "web", "--dataset", "shapes")
    assert "there is no folder" in refused(*shapes, tmp_path / "none")
    assert "data set 'shapes' has no web set" in refused(*shapes)
    assert "unknown web set of shapes (and no folder) 'crowds'. Known: none." in refused(*shapes, "crowds")
    line = refused("datasets", "web", "emojis", "--dataset", "openclipart")
    assert "unknown web set of openclipart (and no folder) 'emojis'. Did you mean 'emoji'?" in line


def test_web_sets_are_listed_with_their_data_sets(cli, monkeypatch):
    import stranger

    monkeypatch.setattr(stranger.Shapes, "web_sets", lambda self: {"drawn": None, "painted": None})
    _, out, _ = cli("datasets")
    for name in ("drawn (of shapes)", "painted (of shapes)", "emoji (of openclipart)"):
        assert name in out


def test_a_data_set_that_tells_nothing_without_its_files_is_listed_alone(cli, monkeypatch):
    import stranger

    def unknown(self):
        raise stranger.DataError("shapes: say where the files are.")

    monkeypatch.setattr(stranger.Shapes, "web_sets", unknown)
    status, out, _ = cli("datasets")
    assert status in (0, None)
    assert "drawn shapes" in out and "(of shapes)" not in out


def codes(record):
    return load_codes(f"{record['run_dir']}/codes.npz")[1].arrays()


def test_a_method_learns_from_a_web_folder(run, web):
    (first,) = run(*CROWD, "--web", web)
    assert first["supervision"] == "web"
    assert first["metrics"]["map@all"] > first["metrics"]["chance"]
    for picture in sorted((web / "circle").iterdir())[::2]:
        picture.rename(web / "bar" / picture.name)
    (other,) = run(*CROWD, "--web", web)
    same = [np.array_equal(value, codes(other)[key]) for key, value in codes(first).items()]
    assert not all(same), "codes depend on the web set"


def test_what_a_web_set_holds_makes_another_run_and_where_it_lies_does_not(run, web, tmp_path):
    (first,) = run(*CROWD, "--web", web)
    copy = Path(shutil.copytree(web, tmp_path / "copy" / "web"))
    (copy / "bar" / "notes.txt").write_text("nothing to learn from")
    assert run(*CROWD, "--web", copy)[0]["run_id"] == first["run_id"]
    (copy / "circle" / "120.png").rename(copy / "bar" / "120.png")
    assert run(*CROWD, "--web", copy)[0]["run_id"] != first["run_id"]


def test_a_web_set_that_nobody_learns_from_is_refused(run_refused, web):
    line = run_refused("--method", "signs", "--bits", "16", "--web", web)
    assert "none of the methods learns from a web set" in line


def test_a_method_that_sees_no_web_set_runs_the_same_with_one(run, web):
    (alone,) = run("--method", "signs", "--bits", "16")
    given, _ = run("--method", "signs", "--method", "crowd", "--bits", "16", "--web", web)
    assert alone["run_id"] == given["run_id"]


def test_a_method_of_a_web_set_may_not_see_labels(run_refused, web):
    line = run_refused("--method", "web_peeker", "--bits", "16", "--web", web)
    assert "supervision 'web' asked for labels. Rule: a method sees only the supervision" in line


def test_a_run_without_a_web_set_is_refused(run_refused, tmp_path):
    assert "data set 'shapes' has no web set. Name a folder" in run_refused(*CROWD)
    assert "there is no folder" in run_refused(*CROWD, "--web", tmp_path / "none")
    assert not (tmp_path / "runs").exists()


def test_a_run_on_a_web_set_with_a_query_is_refused(run_refused, web):
    put_a_query_into(web)
    line = run_refused(*CROWD, "--web", web)
    assert "'circle/stolen.png' has the same content as image 'shape003'" in line


def test_a_run_leaves_out_web_pictures_that_cannot_be_decoded(run, run_refused, web):
    (web / "bar" / "text.png").write_bytes(b"no picture")
    (record,) = run(*CROWD, "--web", web)
    assert record["damaged"] == {"web/bar/text.png": "no image of a known kind"}
    assert record["sizes"]["web"] == 30
    for picture in (web / "bar").iterdir():
        picture.write_bytes(b"no picture of " + picture.name.encode())
    assert "web set 'web': no image of 'bar' can be decoded" in run_refused(*CROWD, "--web", web)
