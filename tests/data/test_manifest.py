"""A split's manifest names content: written, read back, and refused where it does not fit."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashbench.data.collection import ImageCollection
from hashbench.data.manifest import read_manifest
from hashbench.data.split import PARTS, Split
from hashbench.errors import DataError, LeakError


def collection(hashes):
    return ImageCollection(
        "c",
        tuple(f"i{n}" for n in range(len(hashes))),
        tuple(hashes),
        ((),) * len(hashes),
        lambda index: b"",
    )


def written(path, manifest):
    path.write_text(json.dumps(manifest))
    return path


@given(st.data())
def test_a_split_comes_back_whatever_the_order_of_the_images(tmp_path_factory, data):
    count = data.draw(st.integers(3, 40))
    order = data.draw(st.permutations(range(count)))
    queries = data.draw(st.integers(1, count - 2))
    split = Split("s", query=np.array(order[:queries]), database=np.array(order[queries:]))
    images = collection([f"h{n}" for n in range(count)])
    path = written(tmp_path_factory.mktemp("m") / "split.json", split.manifest(images))
    shuffled = collection(data.draw(st.permutations(images.hashes)))
    again = read_manifest(path, shuffled)
    assert again.manifest(shuffled) == split.manifest(images)


def test_what_is_to_be_said_of_a_split_comes_back(tmp_path):
    images = collection("abc")
    split = Split("s", np.array([0]), np.array([1, 2]), as_published="Paper, 2009", notice="Mind the gap.")
    again = read_manifest(written(tmp_path / "m.json", split.manifest(images)), images)
    assert (again.as_published, again.notice) == ("Paper, 2009", "Mind the gap.")


def test_images_of_one_content_are_all_there(tmp_path):
    images = collection(["q", "x", "x", "y"])
    split = Split("s", query=np.array([0]), database=np.array([1, 2, 3]), train=np.array([2]))
    again = read_manifest(written(tmp_path / "m.json", split.manifest(images)), images)
    assert again.database.tolist() == [1, 2, 3]
    assert again.train.tolist() == [1], "either copy is as good as the other"


GOOD = {"name": "mine", "query": ["a"], "database": ["b", "c"], "train": ["c"]}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"query": ["z", "y"]}, "2 of 2 images of part 'query' are not in c, 'z' among them"),
        ({"database": ["b", "b"]}, "part 'database' names an image more often than c has it"),
        ({"train": "c"}, "train is no list of content hashes"),
        ({"train": [3]}, "train is no list of content hashes"),
        ({"database": []}, "part 'database' holds no image"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(tmp_path, change, expected):
    path = written(tmp_path / "m.json", GOOD | change)
    with pytest.raises(DataError, match=expected):
        read_manifest(path, collection(["a", "b", "c"]))


def test_a_query_in_the_database_is_refused(tmp_path):
    path = written(tmp_path / "m.json", GOOD | {"query": ["b"]})
    with pytest.raises(LeakError, match="is a query and a database"):
        read_manifest(path, collection(["a", "b", "c"]))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"name": "x"}', "\x00\xff"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "m.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"m\.json' (cannot be read|is no split manifest)"):
        read_manifest(path, collection(["a", "b", "c"]))
    with pytest.raises(DataError, match="cannot be read"):
        read_manifest(tmp_path / "none.json", collection(["a", "b", "c"]))


def test_the_good_one_is_read(tmp_path):
    split = read_manifest(written(tmp_path / "m.json", GOOD), collection(["a", "b", "c"]))
    assert [getattr(split, part).tolist() for part in PARTS] == [[0], [1, 2], [2]]


def test_a_published_split_with_copies_comes_back(tmp_path):
    images = collection(["h", "k", "h", "m"])
    split = Split("s", np.array([0]), np.array([1, 2, 3]), as_published="Somebody, 2009")
    again = read_manifest(written(tmp_path / "m.json", split.manifest(images)), images)
    assert (again.query.tolist(), again.database.tolist()) == ([0], [1, 2, 3])


def test_splits_of_equal_images_are_told_apart():
    """They may carry other tags and labels."""
    images = collection(["h", "k", "h"])
    one, other = (Split("s", np.array([1]), np.array([place])) for place in (0, 2))
    assert one.manifest(images) == other.manifest(images)
    assert one.fingerprint(images) != other.fingerprint(images)


def test_a_manifest_of_brackets_is_none(tmp_path):
    (tmp_path / "m.json").write_text("[" * 200_000)
    with pytest.raises(DataError, match="cannot be read"):
        read_manifest(tmp_path / "m.json", collection("ab"))
