"""CIFAR-10 is read from the official layout, and no file is unpickled that is not as published."""

import hashlib
import io
import os
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import CIFAR10

from hashbench.data.download import Archive
from hashbench.data.images import decode
from hashbench.data.split import check_disjoint_content
from hashbench.errors import DataError
from hashbench.fingerprint import of_array
from hashbench.tags.protocol import PlainTags
from hashbench_datasets import cifar10
from hashbench_datasets.cifar10 import Cifar10

NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
BATCHES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
EACH = 40  # pictures in a batch
FOLDER = "cifar-10-batches-py"


class Python2(pickle._Pickler):
    """Pickles as Python 2 did, which the official files are from: strings are bytes."""

    dispatch = dict(pickle._Pickler.dispatch)  # noqa: RUF012

    def save_bytes(self, value):
        self.write(b"T" + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = save_bytes

    def reducer_override(self, value):
        if isinstance(value, np.dtype):
            return np.dtype, (b"u1", 0, 1), (3, b"|", None, None, None, -1, -1, 0)
        return NotImplemented


def pickled(value):
    buffer = io.BytesIO()
    Python2(buffer, 2).dump(value)
    return buffer.getvalue().replace(b"numpy._core.", b"numpy.core.")


def pixels():
    """uint8 (240, 3, 32, 32), no two alike."""
    return np.random.default_rng(0).integers(0, 256, (len(BATCHES) * EACH, 3, 32, 32), dtype=np.uint8)


def classes():
    """Four pictures of each class in each batch."""
    return [(7 * place + place // EACH) % 10 for place in range(len(BATCHES) * EACH)]


def batch_files(images=None):
    images = pixels() if images is None else images
    rows, labels, files = images.reshape(len(images), -1), classes(), {}
    for number, name in enumerate(BATCHES):
        part = slice(number * EACH, (number + 1) * EACH)
        files[name] = pickled(
            {
                b"data": rows[part],
                b"labels": labels[part],
                b"batch_label": name.encode(),
                b"filenames": [f"x_s_{place:06d}.png".encode() for place in range(EACH)],
            }
        )
    files["batches.meta"] = pickled(
        {b"label_names": [name.encode() for name in NAMES], b"num_cases_per_batch": EACH, b"num_vis": 3072}
    )
    return files


def md5(content):
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def publish(monkeypatch, files):
    """Tell torchvision that these files are the official ones."""
    known = [[name, md5(files[name])] for name in BATCHES]
    monkeypatch.setattr(CIFAR10, "train_list", known[:-1])
    monkeypatch.setattr(CIFAR10, "test_list", known[-1:])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": md5(files["batches.meta"])})


def write(folder, files):
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


@pytest.fixture(scope="module")
def packed():
    """The archive's bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in {**batch_files(), "readme.html": b"<html>"}.items():
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def small(packed, tmp_path, monkeypatch):
    """Splits as small, and files as the tests make; an empty cache."""
    monkeypatch.setenv("HASHBENCH_CACHE", str(tmp_path / "cache"))
    publish(monkeypatch, batch_files())
    archive = Archive("https://unreachable.invalid/cifar-10-python.tar.gz", len(packed), md5=md5(packed))
    assert archive.name == Cifar10.ARCHIVE.name
    monkeypatch.setattr(Cifar10, "ARCHIVE", archive)
    monkeypatch.setattr(Cifar10, "QUERY", 2)
    monkeypatch.setattr(Cifar10, "TRAIN", 5)


@pytest.fixture
def root(tmp_path):
    """The unpacked archive."""
    write(tmp_path / "data" / FOLDER, batch_files())
    return tmp_path / "data"


def test_pictures_and_labels(root):
    dataset = Cifar10(root)
    images, truth, expected = dataset.images(), dataset.ground_truth(), pixels().transpose(0, 2, 3, 1)
    assert images.name == "cifar10" and len(images) == 240
    assert images.ids[:2] == ("train/00000", "train/00001")
    assert images.ids[199:201] == ("train/00199", "test/00000")
    for place in (0, 199, 200, 239):
        assert (decode(images.read(place), 32) == expected[place]).all()
        assert images.hashes[place] == of_array(expected[place])
    with Image.open(io.BytesIO(images.read(0))) as image:
        assert (image.format, image.size, image.mode) == ("PNG", (32, 32), "RGB")
    assert truth.names == NAMES == dataset.label_names()
    assert truth.labels.argmax(axis=1).tolist() == classes()
    assert (truth.labels.sum(axis=1) == 1).all()


def test_there_are_no_tags_to_learn_from(root):
    tags = Cifar10(root).images().tags
    assert set(tags) == {()}
    with pytest.raises(DataError, match="leaves no tag"):
        PlainTags().table(tags, NAMES)


def test_an_archive_of_a_person_is_unpacked_into_the_cache(packed, root, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own/cifar-10-python.tar.gz").write_bytes(packed)
    assert Cifar10(tmp_path / "own").images().fingerprint() == Cifar10(root).images().fingerprint()
    assert [path.name for path in (tmp_path / "own").iterdir()] == ["cifar-10-python.tar.gz"]


def test_without_a_folder_the_archive_is_fetched():
    with pytest.raises(
        DataError, match=r"cannot fetch https://unreachable.*cifar-10-python.tar.gz.*put the"
    ):
        Cifar10().images()


def test_an_empty_folder_is_told_the_layout(tmp_path):
    with pytest.raises(
        DataError, match=r"no folder '.*batches-py', and no cifar-10-python.tar.gz beside. Expected"
    ):
        Cifar10(tmp_path).images()


@pytest.mark.parametrize("name", [*BATCHES, "batches.meta"])
def test_a_missing_file_is_named(root, name):
    (root / FOLDER / name).unlink()
    with pytest.raises(DataError, match=f"cannot read '.*{name}'"):
        Cifar10(root).images()


class Trap:
    """A pickle that leaves a file behind when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", [*BATCHES, "batches.meta"])
def test_a_file_that_is_not_as_published_is_never_unpickled(root, name, tmp_path):
    Cifar10(root).images()
    sprung = tmp_path / "sprung"
    (root / FOLDER / name).write_bytes(pickle.dumps({"data": Trap(sprung), "labels": []}))
    with pytest.raises(DataError, match=rf"{name}' is not as published. Expected MD5 [0-9a-f]{{32}}\.$"):
        Cifar10(root).images()
    assert not sprung.exists()
    pickle.loads((root / FOLDER / name).read_bytes())
    assert sprung.exists()


def test_an_archive_that_is_not_as_published_is_never_unpacked(packed, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own/cifar-10-python.tar.gz").write_bytes(packed[:-1] + b"?")
    with pytest.raises(DataError, match=r"cifar-10-python.tar.gz' is not .* as published: MD5"):
        Cifar10(tmp_path / "own").images()
    assert not list((tmp_path / "cache/datasets/cifar10").glob("*"))


def test_pictures_are_unpickled_once(root, monkeypatch):
    expected = Cifar10(root).images().fingerprint()

    def refuse(*_):
        raise AssertionError("unpickled again")

    monkeypatch.setattr(cifar10, "_read", refuse)
    assert Cifar10(root).images().fingerprint() == expected
    assert Cifar10(root).ground_truth().labels.argmax(axis=1).tolist() == classes()


def test_splits_have_the_sizes_of_papers(root):
    dataset = Cifar10(root)
    images, labels = dataset.images(), dataset.ground_truth().labels
    searched, apart, test = (make() for make in dataset.splits().values())
    assert [split.name for split in (searched, apart, test)] == list(dataset.splits())
    for split, database in ((searched, 220), (apart, 170)):
        assert (len(split.query), len(split.train), len(split.database)) == (20, 50, database)
        assert (labels[split.query].sum(axis=0) == 2).all() and (labels[split.train].sum(axis=0) == 5).all()
        assert not check_disjoint_content(split, images)
    assert (apart.query == searched.query).all() and (apart.train == searched.train).all()
    assert set(searched.train) <= set(searched.database)
    assert not set(apart.train) & set(apart.database)
    assert (test.query == np.arange(200, 240)).all() and (test.database == np.arange(200)).all()
    assert (test.train == test.database).all()


def test_that_training_images_are_searched_is_said(root):
    searched, apart, test = (make() for make in Cifar10(root).splits().values())
    assert "learn" in searched.notice and "'deephash-54000'" in searched.notice
    assert not apart.notice and not test.notice


def test_a_picture_with_a_copy_is_a_query_of_the_published_split_alone(root, monkeypatch, tmp_path):
    images = pixels()
    images[[0, 10, 20, 30, 230]] = images[[40, 50, 60, 70, 5]]
    files = batch_files(images)
    publish(monkeypatch, files)
    write(tmp_path / "copies" / FOLDER, files)
    dataset = Cifar10(tmp_path / "copies")
    searched, _, test = (make() for make in dataset.splits().values())
    copies = {0, 10, 20, 30, 40, 50, 60, 70, 230, 5}
    assert not copies & set(searched.query.tolist())
    said = check_disjoint_content(test, dataset.images())
    assert "1 of 40 queries" in said and "Krizhevsky" in said


def test_splits_need_enough_pictures(root, monkeypatch):
    monkeypatch.setattr(Cifar10, "TRAIN", 23)
    with pytest.raises(DataError, match="cifar10: label 0 .* has 22 images left to draw. Expected 23"):
        Cifar10(root).splits()["deephash-54000"]()


def test_the_page_tells_the_archive_and_the_sizes(monkeypatch):
    monkeypatch.undo()
    page = (Path(cifar10.__file__).parents[2] / "docs/datasets/cifar10.md").read_text()
    archive = Cifar10.ARCHIVE
    assert archive.md5 == CIFAR10.tgz_md5 and archive.url == CIFAR10.url
    assert archive.md5 in page and archive.url in page and f"{archive.size:,}" in page
    assert (Cifar10.QUERY * 10, Cifar10.TRAIN * 10) == (1_000, 5_000)
    assert all(f"| `{name}`" in page for name in Cifar10().splits())
    assert all(name in page for name in NAMES)


@pytest.mark.skipif(
    "HASHBENCH_CIFAR10" not in os.environ,
    reason="HASHBENCH_CIFAR10 names no folder of the official archive",
)
def test_the_official_archive_holds_what_its_page_says(monkeypatch):
    monkeypatch.undo()
    dataset = Cifar10(Path(os.environ["HASHBENCH_CIFAR10"]))
    assert dataset.label_names() == NAMES
    assert (dataset.ground_truth().labels.sum(axis=0) == 6_000).all()
    sizes = [
        (len(split.query), len(split.train), len(split.database))
        for split in (make() for make in dataset.splits().values())
    ]
    assert sizes == [(1_000, 5_000, 59_000), (1_000, 5_000, 54_000), (10_000, 50_000, 50_000)]
