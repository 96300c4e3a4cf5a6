"""Corel5k's layout is read as it is, and whatever is wrong with it is named."""

import io

import numpy as np
import pytest
from PIL import Image

from hashbench.data.split import check_disjoint_content
from hashbench.errors import DataError
from hashbench_datasets.corel5k import Corel5k

WORDS = ("city", "mountain", "sky", "sun")
TEST = {1000: [1, 2], 10007: [3]}
TRAIN = {10003: [3, 4], 1001: [2], 1002: [1, 2, 3, 4], 384093: [4]}


@pytest.fixture
def root(tmp_path):
    """A small archive of the official layout: trailing spaces, numbers not in order."""
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/words").write_text("".join(f"{word}\n" for word in WORDS))
    for folder, name, part in (("test_jpeg", "test_label", TEST), ("train_jpeg", "training_label", TRAIN)):
        (tmp_path / folder).mkdir()
        lines = (f"{number} {' '.join(map(str, keywords))}  \n" for number, keywords in part.items())
        (tmp_path / "labels" / name).write_text("".join(lines))
        for number in part:
            picture = Image.new("RGB", (24, 16), (number % 251, number % 13, 90))
            buffer = io.BytesIO()
            picture.save(buffer, "jpeg")
            (tmp_path / folder / f"{number}.jpeg").write_bytes(buffer.getvalue())
    return tmp_path


def test_photos_keywords_themes_and_split(root):
    dataset = Corel5k(root)
    images, truth, split = dataset.images(), dataset.ground_truth(), dataset.splits()["test"]()
    assert images.ids == ("1000", "10007", "1001", "1002", "10003", "384093")
    assert images.tags[0] == ("city", "mountain") and images.tags[4] == ("sky", "sun")
    assert truth.names == ("theme001", "theme010", "theme384")
    assert truth.labels.argmax(axis=1).tolist() == [0, 1, 0, 0, 1, 2]
    assert (truth.labels.sum(axis=1) == 1).all()
    assert split.query.tolist() == [0, 1] and split.database.tolist() == [2, 3, 4, 5]
    check_disjoint_content(split, images)
    assert Image.open(io.BytesIO(images.read(5))).size == (24, 16)


def test_names_of_themes_are_no_keywords(root):
    assert not set(Corel5k(root).label_names()) & set(WORDS)


@pytest.mark.parametrize(
    "missing", ["labels/words", "labels/test_label", "labels/training_label", "train_jpeg/1002.jpeg"]
)
def test_a_missing_file_is_named(root, missing):
    (root / missing).unlink()
    with pytest.raises(DataError, match=missing):
        Corel5k(root).images()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("1000 five", "line 3: '1000 five'. Expected a photo's number"),
        ("1000 5", "line 3: keyword 5. Expected 1 to 4"),
        ("1000 0", "line 3: keyword 0"),
        ("../../etc 1", "Expected a photo's number"),
    ],
)
def test_a_bad_line_is_named(root, line, expected):
    with (root / "labels/test_label").open("a") as stream:
        stream.write(f"{line}\n")
    with pytest.raises(DataError, match=expected):
        Corel5k(root).images()


def test_empty_lists_are_an_empty_split(root):
    for name in ("test_label", "training_label"):
        (root / "labels" / name).write_text("\n")
    dataset = Corel5k(root)
    assert len(dataset.images()) == 0
    with pytest.raises(DataError, match="holds no image"):
        dataset.splits()["test"]()


def test_without_a_folder_the_layout_is_told():
    with pytest.raises(DataError, match="--data-root. Expected test_jpeg/"):
        Corel5k().images()


def test_labels_are_bool_in_the_order_of_the_images(root):
    labels = Corel5k(root).ground_truth().labels
    assert labels.dtype == np.bool_ and labels.shape == (6, 3)
