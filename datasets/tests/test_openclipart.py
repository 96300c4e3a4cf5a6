"""The default data set is what its page says, and a damaged copy of it is refused by name."""

import csv
import hashlib
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from hashbench.data.images import decode_one
from hashbench.data.split import check_disjoint_content
from hashbench.errors import DataError, UnknownNameError
from hashbench.tags.protocol import PlainTags, TagsWithoutLabelWords
from hashbench_datasets import openclipart
from hashbench_datasets.openclipart import OpenClipart

HERE = Path(openclipart.__file__).parent


@pytest.fixture(scope="module")
def dataset():
    return OpenClipart()


@pytest.fixture(scope="module")
def rows():
    with (HERE / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_counts_of_its_page(dataset):
    images, split, truth = dataset.images(), dataset.splits()["test"](), dataset.ground_truth()
    assert len(images) == 3197
    assert (len(split.query), len(split.database), len(split.train)) == (400, 2797, 2797)
    counts = dict(zip(truth.names, truth.labels.sum(axis=0).tolist(), strict=True))
    assert len(counts) == 15
    assert (counts["signs_and_symbols"], counts["animals"], counts["science"]) == (960, 272, 17)
    assert (truth.labels.sum(axis=1) == 1).all()
    raw = Counter(tag for tags in images.tags for tag in set(tags))
    assert len(raw) == 1687
    assert np.mean([len(tags) for tags in images.tags]) == pytest.approx(3.10, abs=0.005)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("typed", ("food", "icecube", "beverage")),
        ("title", ("Icecube",)),
        ("typed+title", ("food", "icecube", "beverage", "Icecube")),
    ],
)
def test_titles_are_tags_too(kind, expected):
    images = OpenClipart(tags=kind).images()
    assert images.tags[images.ids.index("0025263fcf7b3de5")] == expected


def test_other_kinds_of_tags_are_refused():
    with pytest.raises(UnknownNameError, match="kind of tags of openclipart 'titel'"):
        OpenClipart(tags="titel")


def test_every_file_is_the_one_of_the_manifest(rows):
    with zipfile.ZipFile(HERE / "images.zip") as archive:
        assert archive.testzip() is None
        for row in rows:
            content = archive.read(f"{row['id']}.webp")
            assert hashlib.sha256(content).hexdigest() == row["sha256"]


def test_everything_is_public_domain_and_names_its_source(rows):
    assert {row["licence"] for row in rows} == {"PublicDomain"}
    assert all(row["source"].startswith("png/") for row in rows)
    assert not [row for row in rows if "@" in row["author"]]


def test_names_and_order_tell_no_category(rows):
    assert [row["id"] for row in rows] == sorted(row["sha256"][:16] for row in rows)


def test_no_query_is_in_the_database(dataset):
    check_disjoint_content(dataset.splits()["test"](), dataset.images())


def test_pictures_are_drawn_on_white(dataset):
    images = dataset.images()
    corners = [decode_one(images, i, 128)[[0, 0, -1, -1], [0, -1, 0, -1]] for i in range(0, 3197, 40)]
    white = np.mean([(corner == 255).all() for corner in corners])
    assert white > 0.5
    assert all(decode_one(images, i, 128).std() > 1 for i in range(0, 3197, 40))


def test_the_protocols_differ_by_the_label_words(dataset):
    images, train = dataset.images(), dataset.splits()["test"]().train
    raw = [images.tags[i] for i in train]
    plain = PlainTags().table(raw, dataset.label_names())
    stripped = TagsWithoutLabelWords().table(raw, dataset.label_names())
    assert set(stripped.vocabulary) < set(plain.vocabulary)
    assert {"food", "people", "animal", "sign"} <= set(plain.vocabulary) - set(stripped.vocabulary)


@pytest.fixture
def copy(tmp_path):
    for name in ("manifest.csv", "images.zip"):
        shutil.copy(HERE / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", ["manifest.csv", "images.zip"])
@pytest.mark.parametrize("content", [None, b"", b"\xff\x00 nothing of the kind"])
def test_a_damaged_copy_is_refused_by_name(copy, name, content):
    (copy / name).unlink()
    if content is not None:
        (copy / name).write_bytes(content)
    with pytest.raises(DataError, match=f"openclipart: .*{name}"):
        OpenClipart(copy).images()


def test_a_picture_that_is_missing_is_named(copy):
    (copy / "images.zip").unlink()
    with zipfile.ZipFile(copy / "images.zip", "w") as archive:
        archive.writestr("other.webp", b"")
    with pytest.raises(DataError, match="holds no picture '0017f679b0ad0299'"):
        OpenClipart(copy).images()
