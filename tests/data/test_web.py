"""Web sets: what they must hold, how a folder is read, and that they hold none of the target's images."""

import numpy as np
import pytest

from hashbench import fingerprint
from hashbench.data.collection import FeatureCollection, ImageCollection
from hashbench.data.web import WebSet, check_disjoint_web
from hashbench.data.web_folder import read_web_folder
from hashbench.errors import DataError, LeakError


def collection(hashes, name="web"):
    return ImageCollection(
        name, tuple(f"{name}{n}" for n in range(len(hashes))), tuple(hashes), ((),) * len(hashes), bytes
    )


@pytest.fixture
def folder(tmp_path):
    """Write files below a folder: contents by path."""

    def write(files):
        for name, content in files.items():
            path = tmp_path / "web" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return tmp_path / "web"

    return write


@pytest.mark.parametrize(
    ("concepts", "found_by", "expected"),
    [
        (("cat", "dog"), [0, 1], "concepts of 2 images. Expected a number below 2 for each of 3."),
        (("cat", "dog"), [0, 1, 2], "Expected a number below 2"),
        (("cat", "dog"), [0, -1, 1], "Expected a number below 2"),
        (("cat", "dog"), [0, 0, 0], "no image was found for 'dog'. Expected one or more."),
        (("cat",), [0, 0, 0], "too few concepts .1.. Expected two or more."),
    ],
)
def test_every_image_has_a_concept_and_every_concept_an_image(concepts, found_by, expected):
    with pytest.raises(DataError, match=f"web set 'web': .*{expected}"):
        WebSet(collection("abc"), concepts, np.array(found_by))


def test_counts_and_identity():
    web = WebSet(collection("abc"), ("cat", "dog"), np.array([0, 1, 0], dtype=np.int8))
    assert web.counts().tolist() == [2, 1]
    assert web.found_by.dtype == np.int64
    again = WebSet(collection("abc", name="copy"), ("cat", "dog"), np.array([0, 1, 0]))
    assert web.fingerprint() == again.fingerprint(), "a name is no content"
    for other in (
        WebSet(collection("abd"), ("cat", "dog"), np.array([0, 1, 0])),
        WebSet(collection("abc"), ("cat", "cow"), np.array([0, 1, 0])),
        WebSet(collection("abc"), ("cat", "dog"), np.array([0, 1, 1])),
    ):
        assert web.fingerprint() != other.fingerprint()


def test_folders_are_concepts_and_pictures_come_in_the_order_of_their_content(folder):
    contents = [b"one", b"two", b"three", b"four"]
    root = folder({f"dog/{n}.jpg": content for n, content in enumerate(contents)} | {"cat/x.png": b"x"})
    web = read_web_folder(root)
    assert (web.images.name, web.concepts, web.found_by.tolist()) == (
        "web",
        ("cat", "dog"),
        [0, 1, 1, 1, 1],
    )
    assert web.images.ids[0] == "cat/x.png"
    assert list(web.images.hashes[1:]) == sorted(fingerprint.of_bytes(content) for content in contents)
    for place, name in enumerate(web.images.ids):
        assert web.images.read(place) == (root / name).read_bytes()
        assert web.images.hashes[place] == fingerprint.of_bytes(web.images.read(place))
    assert set(web.images.tags) == {()}


def test_a_picture_saved_twice_counts_once_in_a_folder_and_once_in_each_of_two(folder):
    web = read_web_folder(
        folder({"cat/a.png": b"same", "cat/b.jpg": b"same", "dog/c.png": b"same", "dog/d.png": b"own"})
    )
    assert web.counts().tolist() == [1, 2]
    assert {"cat/a.png", "dog/c.png"} < set(web.images.ids), "the first by name stands for its copies"


def test_hidden_files_and_other_kinds_are_passed_over(folder):
    web = read_web_folder(
        folder(
            {
                "cat/a.PNG": b"a",
                "cat/.b.png": b"b",
                "cat/.thumbs/b.png": b"b",
                "cat/notes.txt": b"c",
                "cat/bare": b"d",
                "dog/e.webp": b"e",
                ".thumbs/f.png": b"f",
                "loose.png": b"g",
            }
        )
    )
    assert (web.concepts, web.images.ids) == (("cat", "dog"), ("cat/a.PNG", "dog/e.webp"))


def test_a_picture_in_a_folder_below_belongs_to_the_concept_above(folder):
    web = read_web_folder(folder({"cat/bing/1.jpg": b"1", "cat/bing/old/2.jpg": b"2", "dog/3.gif": b"3"}))
    assert set(web.images.ids) == {"cat/bing/1.jpg", "cat/bing/old/2.jpg", "dog/3.gif"}
    assert web.counts().tolist() == [2, 1]


def test_a_folder_that_is_missing_or_empty_is_named(folder, tmp_path):
    with pytest.raises(
        DataError, match="there is no folder '.*/none'. Expected one with a folder a concept."
    ):
        read_web_folder(tmp_path / "none")
    with pytest.raises(DataError, match="'.*/web' holds no folders. Expected one a concept."):
        read_web_folder(folder({"loose.png": b"a"}))
    with pytest.raises(DataError, match="web set 'web': too few concepts"):
        read_web_folder(folder({"cat/a.png": b"a"}))
    with pytest.raises(DataError, match="web set 'web': no image was found for 'dog'"):
        read_web_folder(folder({"dog/notes.txt": b"a"}))


def test_a_copy_of_a_target_image_names_both():
    web = WebSet(collection("abc"), ("cat", "dog"), np.array([0, 1, 0]))
    check_disjoint_web(web, collection("xyz", name="photos"))
    with pytest.raises(LeakError) as refusal:
        check_disjoint_web(web, collection("xcz", name="photos"))
    assert "image 'web2' has the same content as image 'photos1' of photos. Rule:" in str(refusal.value)


@pytest.mark.parametrize(
    "features",
    [np.zeros((3, 4)), np.zeros((2, 4), dtype=np.float32), np.zeros(3, dtype=np.float32)],
    ids=["float64", "one too few", "one axis"],
)
def test_features_of_another_shape_are_refused(features):
    with pytest.raises(DataError, match=r"c: features are .* Expected float32 \(3, F\)."):
        FeatureCollection("c", ("i", "j", "k"), ("a", "b", "c"), ((),) * 3, features)
