"""`hashbench datasets describe`."""

import json

import numpy as np
import pytest
from PIL import Image

from hashbench.data.collection import FeatureCollection, GroundTruth
from hashbench.reports.contact_sheet import GAP, NAME, SIDE

COMMAND = ("datasets", "describe")
KEYS = {
    "name",
    "images",
    "kind",
    "notices",
    "truth",
    "split",
    "without_tag",
    "without_label",
    "duplicates",
    "typed_tags",
    "protocol",
    "frequent_tags",
    "word_vectors",
    "labels",
    "chance",
    "telling",
}


@pytest.fixture
def refused(cli):
    """Call the command, which must print no result and end with one line; returns it."""

    def call(*arguments):
        status, out, err = cli(*COMMAND, *arguments)
        assert (status, out) == (2, ""), err
        (line,) = err.strip().splitlines()
        assert line.startswith("error: ")
        return line

    return call


@pytest.fixture
def described(cli):
    """Call the command with JSON for output; returns it parsed."""

    def call(*arguments):
        status, out, err = cli(*COMMAND, *arguments, "--format", "json")
        assert status in (0, None), err
        return json.loads(out)

    return call


def cells(out):
    """The tables' cells, a list a line."""
    lines = [line for line in out.splitlines() if "│" in line]
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines]


def test_tables_say_what_the_data_set_holds(cli):
    status, out, err = cli(*COMMAND, "shapes")
    assert (status in (0, None), err) == (True, "perceptual hashes of shapes ...\n")
    rows = cells(out)
    assert ["images", "120; 0 without a tag, 0 without a label"] in rows
    assert ["split test", "24 queries, 96 database images, 96 training images"] in rows
    assert ["equal images", "none"] in rows
    assert ["circle", "40", "8", "32"] in rows
    assert ["circle", "32"] in rows
    assert ["bar", "bar", "0.9183", "1.00", "0.33"] in rows
    (explained,) = [row[1] for row in rows if row[0] == "entropy explained"]
    assert explained.startswith("100.0% of the labels' entropy")


def test_tables_fit_100_columns(cli, monkeypatch):
    import stranger

    name = "a name of a label that is much too long to fit into any column of such a table " * 2
    truth = GroundTruth((name, "b" * 99, "c"), np.arange(120)[:, None] % 3 == np.arange(3))
    monkeypatch.setattr(stranger.Shapes, "ground_truth", lambda self: truth)
    for arguments in (("shapes",), ("openclipart", "--protocol", "tags-no-label-words")):
        _, out, _ = cli(*COMMAND, *arguments)
        assert max(len(line.rstrip()) for line in out.splitlines()) <= 100


def test_json_holds_everything(described):
    found = described("shapes", "--split", "late", "--protocol", "tags-no-label-words")
    assert set(found) == KEYS
    assert found["split"] == {"name": "late", "query": 30, "database": 90, "train": 40}
    assert found["protocol"]["name"] == "tags-no-label-words"
    assert "circle" not in {tag["tag"] for tag in found["frequent_tags"]}
    assert set(found["telling"]["pairs"][0]) == {"tag", "label", "bits", "label_given_tag", "label_share"}


def test_without_a_name_it_is_the_default_data_set(described):
    assert described()["name"] == "openclipart"


def test_a_split_made_for_choosing_settings(described):
    assert described("shapes", "--split", "validation")["split"]["query"] == 12


@pytest.mark.parametrize("name", ["sheet.png", "sheet.WEBP"])
def test_a_picture_is_written_and_its_place_told(cli, tmp_path, name):
    path = tmp_path / "new" / name
    status, out, err = cli(*COMMAND, "shapes", "--picture", path)
    assert status in (0, None) and "most telling tags" in out
    assert err.splitlines()[0] == f"wrote {path}"
    with Image.open(path) as picture:
        picture.load()
    assert list(path.parent.iterdir()) == [path], "nothing half-written beside"


def test_many_labels_are_cut_short_in_the_table_alone(cli, described, monkeypatch):
    import stranger

    names = tuple(f"[bold]label{c:02d}" for c in range(50))
    truth = GroundTruth(names, np.arange(120)[:, None] % 50 == np.arange(50))
    monkeypatch.setattr(stranger.Shapes, "ground_truth", lambda self: truth)
    _, out, _ = cli(*COMMAND, "shapes")
    assert "The 40 most frequent labels; --format json lists all." in out
    listed = {row[0] for row in cells(out) if len(row) == 4 and row[0].startswith("[bold]")}
    assert len(listed) == 40, "and names that look like markup are shown as they are"
    assert len(described("shapes")["labels"]["each"]) == 50


def test_features_without_tags(cli, refused, monkeypatch, tmp_path):
    import stranger

    ids = tuple(f"f{n}" for n in range(120))
    features = FeatureCollection("shapes", ids, ids, ((),) * 120, np.zeros((120, 8), dtype=np.float32))
    monkeypatch.setattr(stranger.Shapes, "images", lambda self: features)
    status, out, _ = cli(*COMMAND, "shapes")
    assert status in (0, None)
    assert ["kind", "features of 8 dimensions"] in cells(out)
    assert ["glove-6b-50d", "no tag to look up"] in cells(out)
    line = refused("shapes", "--picture", tmp_path / "sheet.png")
    assert "shapes: there is no picture to show. Expected images, not features." in line
    assert list(tmp_path.iterdir()) == []


def test_bad_input_is_one_line(refused, tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "broken").touch()
    assert "unknown data set 'shape'. Did you mean 'shapes'?" in refused("shape")
    assert "unknown tag protocol 'tag'" in refused("shapes", "--protocol", "tag")
    assert "unknown split of shapes 'train'" in refused("shapes", "--split", "train")
    assert "no folder '/nowhere'" in refused("shapes", "--data-root", "/nowhere")
    for name in ("sheet.gif", "sheet"):
        line = refused("shapes", "--picture", tmp_path / name)
        assert f"{name}': Expected a file name in .png or .webp." in line
    assert "folder.png' is a folder" in refused("shapes", "--picture", tmp_path / "folder.png")
    assert "cannot write to folder" in refused("shapes", "--picture", tmp_path / "broken" / "sheet.png")


def test_pictures_that_cannot_be_decoded_are_crossed_boxes(cli, monkeypatch, tmp_path):
    import stranger

    monkeypatch.setattr(stranger, "draw", lambda number: (b"%d" % number, "bar", "red"))
    assert cli("datasets", "describe", "shapes", "--picture", tmp_path / "sheet.png")[0] in (0, None)
    box = Image.open(tmp_path / "sheet.png").convert("L").crop((NAME, GAP, NAME + SIDE, GAP + SIDE))
    dark = np.array(box) < 128
    assert dark[0].all() and dark[:, -1].all() and np.diagonal(dark).all() and dark.mean() < 0.1


def test_a_split_is_written_and_taken_up_again(cli, refused, tmp_path):
    path = tmp_path / "late.json"
    assert cli("datasets", "describe", "shapes", "--split", "late", "--manifest", path)[0] in (0, None)
    assert len(json.loads(path.read_text())["query"]) == 30
    status, out, _ = cli("datasets", "describe", "shapes", "--split", path, "--format", "json")
    assert status in (0, None)
    assert json.loads(out)["split"] == {"name": "late", "query": 30, "database": 90, "train": 40}
    assert "Expected a file name in .json" in refused("shapes", "--manifest", tmp_path / "late.txt")
