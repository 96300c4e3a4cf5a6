"""Splits are disjoint by position and by content, and a manifest follows the content."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashbench.data.collection import GroundTruth, ImageCollection
from hashbench.data.split import Split, check_disjoint_content, validation_split
from hashbench.errors import DataError, LeakError


def collection(hashes, tags=None):
    return ImageCollection(
        name="c",
        ids=tuple(f"i{n}" for n in range(len(hashes))),
        hashes=tuple(hashes),
        tags=tuple(tags or [()] * len(hashes)),
        read=lambda index: b"",
    )


@pytest.mark.parametrize("part", ["database", "train"])
def test_a_query_may_not_be_learnt_from_or_searched(part):
    parts = {"query": np.array([0, 1]), "database": np.array([2, 3]), "train": np.array([3])}
    parts[part] = np.array([1, 2])
    with pytest.raises(LeakError, match="image 1 is a query"):
        Split("s", **parts)


@pytest.mark.parametrize("part", ["query", "database"])
def test_empty_parts_are_refused(part):
    parts = {"query": np.array([0]), "database": np.array([1])}
    with pytest.raises(DataError, match=f"part '{part}' holds no image"):
        Split("s", **(parts | {part: np.array([], dtype=int)}))


def test_an_image_is_named_once():
    with pytest.raises(DataError, match="names an image twice"):
        Split("s", query=np.array([0]), database=np.array([1, 1]))


def test_a_copy_of_a_query_under_another_name_is_found():
    images = collection(["x", "y", "x"])
    split = Split("s", query=np.array([0]), database=np.array([1, 2]))
    with pytest.raises(
        LeakError, match="1 of 1 query has the same content as .*, 'i0' and 'i2' for one. Remove them"
    ):
        check_disjoint_content(split, images)
    check_disjoint_content(split, collection(["x", "y", "z"]))


@given(st.integers(20, 200), st.integers(2, 10))
def test_validation_takes_from_the_training_images_alone(count, part):
    images = collection([f"h{n}" for n in range(count)])
    split = Split("test", query=np.arange(10), database=np.arange(10, count))
    validation = validation_split(split, images, part=part)
    assert not np.intersect1d(validation.query, split.query).size
    together = np.sort(np.concatenate([validation.query, validation.database]))
    assert np.array_equal(together, split.train)
    assert validation.name == "test/validation"
    assert np.array_equal(validation.query, validation_split(split, images, part=part).query)


def test_fingerprints_follow_content_and_tags():
    split = Split("s", query=np.array([0]), database=np.array([1, 2]))
    one, other = collection(["x", "y", "z"]), collection(["x", "y", "w"])
    assert split.fingerprint(one) != split.fingerprint(other)
    assert split.manifest(one)["query"] == ["x"]
    assert one.fingerprint() != other.fingerprint()
    assert one.fingerprint() != collection(["x", "y", "z"], [("a",), (), ()]).fingerprint()


def test_inconsistent_collections_are_refused():
    with pytest.raises(DataError, match="as many of each"):
        ImageCollection("c", ("a", "b"), ("x",), ((), ()), lambda index: b"")
    with pytest.raises(DataError, match="not unique"):
        ImageCollection("c", ("a", "a"), ("x", "y"), ((), ()), lambda index: b"")
    with pytest.raises(DataError, match="bool"):
        GroundTruth(("a",), np.zeros((3, 1)))
    with pytest.raises(DataError, match="2 label names for 1"):
        GroundTruth(("a", "b"), np.zeros((3, 1), dtype=bool))


def test_copies_of_queries_in_a_published_split_are_said_aloud():
    parts = {"query": np.array([0, 3]), "database": np.array([1, 2])}
    images = collection(["x", "y", "x", "w"])
    with pytest.raises(LeakError, match="'i0' and 'i2' for one. Remove them"):
        check_disjoint_content(Split("s", **parts), images)
    said = check_disjoint_content(Split("s", **parts, as_published="Paper, 2009"), images)
    assert said == (
        "c, split 's': 1 of 2 queries has the same content as a database or training image, 'i0' and 'i2' "
        "for one, as published by Paper, 2009."
    )
    assert check_disjoint_content(Split("s", **parts), collection("xyzw")) == ""


def test_a_training_image_with_a_copy_validates_nothing():
    images = collection(["q", *("xxyyz"), *(f"h{n}" for n in range(40))])
    split = Split("s", query=np.array([0]), database=np.arange(1, 46))
    validation = validation_split(split, images, part=2)
    assert not np.intersect1d(validation.query, [1, 2, 3, 4]).size
    assert check_disjoint_content(validation, images) == ""
