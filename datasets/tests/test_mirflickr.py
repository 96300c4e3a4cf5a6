"""MIRFLICKR-25K's archives are read as they are laid out, and whatever is wrong with them is named."""

import hashlib
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashbench.data.download import Archive
from hashbench.data.drawing import Sizes
from hashbench.data.split import check_disjoint_content
from hashbench.errors import DataError
from hashbench.plugins import Plugins
from hashbench.runs.data import Opener
from hashbench_datasets import mirflickr
from hashbench_datasets.mirflickr import Mirflickr, Mirflickr38

IMAGES = 60
BASE, ALL = Mirflickr.LABELS, Mirflickr38.LABELS
RELEVANT = [name for name in ALL if name.endswith("_r1")]
TYPED = {1: ("Golden Gate", "São Paulo", "sun/light"), 2: (), 3: ("bad \N{REPLACEMENT CHARACTER} byte",)}
# Label counts of the official archive, largest first, as papers report them.
COUNTS = (
    *(10373, 9992, 8763, 8313, 7912, 6184, 6081, 4683, 3931, 3700, 3331, 3216),
    *(2895, 2711, 2135, 1823, 1322, 1177, 990, 894, 791, 742, 684, 259),
)


def members(label):
    """The images of a label: none for images 59 and 60; of an _r1 label the first half."""
    column = BASE.index(label.removesuffix("_r1"))
    of_base = [number for number in range(1, IMAGES - 1) if number % len(BASE) == column or number % 7 == 0]
    return of_base[: len(of_base) // 2] if label.endswith("_r1") else of_base


def jpeg(number):
    buffer = io.BytesIO()
    Image.new("RGB", (12, 8), (number * 4, 255 - number * 4, number)).save(buffer, "jpeg")
    return buffer.getvalue()


def photo_files():
    """The photos' archive: lines end as in the official one."""
    files = {"mirflickr/doc/common_tags.txt": b"sun 3\r\n"}
    for number in range(1, IMAGES + 1):
        typed = "".join(f"{tag}\r\n" for tag in TYPED.get(number, (f"Tag {number}",)))
        raw = typed.encode().replace("\N{REPLACEMENT CHARACTER}".encode(), b"\xff")
        files[f"mirflickr/im{number}.jpg"] = jpeg(number)
        files[f"mirflickr/meta/tags_raw/tags{number}.txt"] = raw
        simple = "sun" if number == 3 else f"tag{number}"
        files[f"mirflickr/meta/tags/tags{number}.txt"] = f"{simple}\r\n".encode()
    return files


def label_files():
    files = {f"{label}.txt": "".join(f"{n}\r\n" for n in members(label)).encode() for label in ALL}
    return {"README.txt": b"24 potential labels and 14 relevant ones\r\n", **files}


def write(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)


def archive(path):
    """What is known of an archive that lies where it should."""
    content = path.read_bytes()
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Archive(f"https://unreachable.invalid/{path.name}", len(content), md5=md5)


@pytest.fixture(scope="module")
def zips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zips")
    zipped(folder / "mirflickr25k.zip", photo_files())
    zipped(folder / "mirflickr25k_annotations_v080.zip", label_files())
    return folder


@pytest.fixture(autouse=True)
def small(zips, tmp_path, monkeypatch):
    """As many images, splits as small, and archives as the tests make; an empty cache."""
    monkeypatch.setenv("HASHBENCH_CACHE", str(tmp_path / "cache"))
    archives = tuple(archive(path) for path in sorted(zips.iterdir()))
    assert [a.name for a in archives] == [a.name for a in Mirflickr.ARCHIVES]
    monkeypatch.setattr(Mirflickr, "ARCHIVES", archives)
    monkeypatch.setattr(Mirflickr, "IMAGES", IMAGES)
    splits = {"bihalf": Sizes(10, 20), "ssdh": Sizes(10, 20, 30)}
    monkeypatch.setattr(Mirflickr, "SPLITS", splits)
    monkeypatch.setattr(Mirflickr38, "SPLITS", {"deephash": Sizes(5, 10, 40)})


@pytest.fixture
def root(tmp_path):
    """The unpacked archives, the labels in a folder of their own."""
    write(tmp_path / "data", photo_files())
    write(tmp_path / "data/annotations", label_files())
    return tmp_path / "data"


@pytest.mark.parametrize(("cls", "labels"), [(Mirflickr, BASE), (Mirflickr38, ALL)])
def test_photos_tags_and_labels(root, cls, labels):
    images, truth = cls(root).images(), cls(root).ground_truth()
    assert images.name == cls.PLUGIN_NAME
    assert images.ids == tuple(f"im{number}" for number in range(1, IMAGES + 1))
    assert images.read(9) == jpeg(10)
    assert truth.names == labels == cls(root).label_names()
    assert truth.labels.dtype == np.bool_ and truth.labels.shape == (IMAGES, len(labels))
    for column, label in enumerate(labels):
        assert (np.flatnonzero(truth.labels[:, column]) + 1).tolist() == members(label)
    assert truth.labels.any(axis=0).all() and len(labels) == len(set(labels))
    assert not truth.labels[-2:].any()


def test_24_labels_and_14_more():
    assert len(BASE) == 24 and len(RELEVANT) == 14 and len(ALL) == 38
    assert {name.removesuffix("_r1") for name in RELEVANT} < set(BASE)


def test_tags_are_as_people_typed_them(root):
    tags = Mirflickr(root).images().tags
    assert {number: tags[number - 1] for number in TYPED} == TYPED
    assert tags[-1] == ("Tag 60",)


def test_other_kinds_of_tags(root):
    assert Mirflickr(root, "simplified").images().tags[-1] == ("tag60",)
    common = Mirflickr(root, "common").images().tags
    assert (common[2], common[-1]) == (("sun",), ()), "as doc/common_tags.txt says"


@pytest.mark.parametrize(("kind", "folder"), [("typed", "tags_raw"), ("simplified", "tags")])
def test_a_copy_that_lacks_a_kind_of_tags(root, kind, folder):
    (root / f"mirflickr/meta/{folder}").rename(root / "mirflickr/meta/elsewhere")
    with pytest.raises(DataError, match=f"no folder .*meta/{folder}' for --tags {kind}"):
        Mirflickr(root, kind).images()


def test_zips_of_a_person_are_unpacked_into_the_cache_once(zips, root, tmp_path):
    before = sorted(zips.iterdir())
    for cls in (Mirflickr, Mirflickr38):
        assert cls(zips).images().fingerprint() == cls(root).images().fingerprint()
        assert cls(zips).ground_truth().fingerprint() == cls(root).ground_truth().fingerprint()
    assert sorted(zips.iterdir()) == before
    kept = sorted((tmp_path / "cache/datasets/mirflickr25k").iterdir())
    assert [path.name for path in kept] == [f"{Path(a.name).stem}-{a.md5}" for a in Mirflickr.ARCHIVES]


def test_without_a_folder_the_cache_is_used(zips, tmp_path):
    with pytest.raises(
        DataError, match=r"cannot fetch https://unreachable.*mirflickr25k.zip.*put the file"
    ):
        Mirflickr().images()
    cache = tmp_path / "cache/datasets/mirflickr25k"
    for path in zips.iterdir():
        (cache / path.name).write_bytes(path.read_bytes())
    assert len(Mirflickr().images()) == IMAGES
    assert Mirflickr38().ground_truth().labels.any(axis=0).all()


def test_a_zip_that_is_not_as_published_is_refused(zips, tmp_path):
    (tmp_path / "mirflickr25k.zip").write_bytes((zips / "mirflickr25k.zip").read_bytes()[:-1] + b"?")
    with pytest.raises(DataError, match=r"mirflickr25k.zip' is not .* as published: MD5"):
        Mirflickr(tmp_path).images()


@pytest.mark.parametrize("folder", ["", "mirflickr25k_annotations_v080", "mirflickr/annotations"])
def test_labels_are_found_where_people_unpack_them(root, folder):
    moved = root / folder
    moved.mkdir(exist_ok=True)
    for path in sorted((root / "annotations").iterdir()):
        path.rename(moved / path.name)
    assert Mirflickr38(root).ground_truth().labels.any(axis=0).all()


@pytest.mark.parametrize("folder", ["annotations", "mirflickr25k_annotations_v080"])
def test_an_archive_of_labels_may_have_a_folder(zips, root, monkeypatch, tmp_path, folder):
    path = tmp_path / "mirflickr25k_annotations_v080.zip"
    zipped(path, {f"{folder}/{name}": content for name, content in label_files().items()})
    monkeypatch.setattr(Mirflickr, "ARCHIVES", (Mirflickr.ARCHIVES[0], archive(path)))
    (root / "annotations").rename(tmp_path / "elsewhere")
    path.rename(root / path.name)
    assert Mirflickr38(root).ground_truth().labels.any(axis=0).all()


@pytest.mark.parametrize(
    "missing",
    [
        *("mirflickr/im1.jpg", "mirflickr/im37.jpg", "mirflickr/im60.jpg"),
        *("mirflickr/meta/tags_raw/tags5.txt", "annotations/animals.txt", "annotations/tree_r1.txt"),
    ],
)
def test_a_missing_file_is_named(root, missing):
    (root / missing).unlink()
    with pytest.raises(DataError, match=missing):
        dataset = Mirflickr38(root)
        dataset.images()
        dataset.ground_truth()


def test_the_24_labels_need_no_files_of_the_14(root):
    for label in RELEVANT:
        (root / f"annotations/{label}.txt").unlink()
    assert Mirflickr(root).ground_truth().labels.any(axis=0).all()


def test_an_empty_folder_is_told_the_layout(tmp_path):
    with pytest.raises(
        DataError, match=r"no folder '.*mirflickr', and no mirflickr25k.zip beside. Expected"
    ):
        Mirflickr(tmp_path).images()
    with pytest.raises(DataError, match=r"no file '.*annotations/animals.txt', and no .*_v080.zip beside"):
        Mirflickr(tmp_path).ground_truth()


def test_tags_must_be_there(root):
    (root / "mirflickr/meta").rename(root / "elsewhere")
    with pytest.raises(DataError, match="no folder .*meta/tags_raw"):
        Mirflickr(root).images()


def test_more_photos_than_there_are_are_refused(root):
    (root / "mirflickr/im61.jpg").write_bytes(jpeg(61))
    with pytest.raises(DataError, match=r"im61.jpg' is none of the photos. Expected 60"):
        Mirflickr(root).images()


@pytest.mark.parametrize("line", ["0", "61", "-3", "sky", "1 2", "1.5", "٣", "9" * 5000])
def test_a_bad_line_is_named(root, line):
    with (root / "annotations/sky.txt").open("a", encoding="utf-8") as stream:
        stream.write(f"\n{line}\n")
    row = len(members("sky")) + 2
    with pytest.raises(DataError, match=f"sky.txt', line {row}: '{line[:40]}'. Expected an image, 1 to 60"):
        Mirflickr(root).ground_truth()


def test_a_list_without_images_is_refused(root):
    (root / "annotations/sky.txt").write_text("\n")
    with pytest.raises(DataError, match="sky.txt' lists no image"):
        Mirflickr(root).ground_truth()


def test_what_is_relevant_must_be_seen(root):
    with (root / "annotations/baby_r1.txt").open("a") as stream:
        stream.write("59\n")
    with pytest.raises(DataError, match=r"baby_r1.txt' lists image 59, which baby.txt does not"):
        Mirflickr38(root).ground_truth()
    Mirflickr(root).ground_truth()


@pytest.mark.parametrize("cls", [Mirflickr, Mirflickr38])
def test_splits_hold_only_images_with_labels(root, cls):
    dataset = cls(root)
    labelled = set(np.flatnonzero(dataset.ground_truth().labels.any(axis=1)))
    for name, make in dataset.splits().items():
        split, sizes = make(), cls.SPLITS[name]
        assert split.name == name
        assert len(split.query) == sizes.query and len(split.train) == sizes.train
        assert len(split.database) == (sizes.database or len(labelled) - sizes.query)
        assert set(split.train) <= set(split.database)
        assert set(split.query) | set(split.database) <= labelled
        check_disjoint_content(split, dataset.images())


def test_an_image_with_a_copy_is_no_query(root):
    """Thirty of the 58 images with labels are copies of one another."""
    for number in range(1, 31):
        (root / f"mirflickr/im{number}.jpg").write_bytes(jpeg(1))
    dataset = Mirflickr(root)
    split = dataset.splits()["bihalf"]()
    assert (split.query >= 30).all() and len(split.database) == 48
    check_disjoint_content(split, dataset.images())


def test_splits_need_enough_images(root, monkeypatch):
    monkeypatch.setattr(Mirflickr, "SPLITS", {"ssdh": Sizes(10, 20, 49)})
    with pytest.raises(DataError, match="mirflickr25k, split 'ssdh': 59 images are needed .* Found 58, 58"):
        Mirflickr(root).splits()["ssdh"]()


def test_sizes_and_names_are_the_papers(monkeypatch):
    monkeypatch.undo()
    assert {
        "bihalf": Sizes(2_000, 5_000),
        "ssdh": Sizes(2_000, 10_000, 18_015),
        "deephash": Sizes(1_000, 4_000, 20_000),
    } == {**Mirflickr.SPLITS, **Mirflickr38.SPLITS}
    assert Mirflickr.IMAGES == 25_000
    assert [a.size for a in Mirflickr.ARCHIVES] == [3_069_184_257, 207_220]
    assert all(
        a.url.startswith("https://press.liacs.nl/mirflickr/mirflickr25k.v3b/") for a in Mirflickr.ARCHIVES
    )


@pytest.mark.parametrize("name", ["mirflickr25k", "mirflickr25k-38"])
def test_a_run_finds_the_data_set_by_its_name(root, name):
    prepared = Opener(Plugins()).open(name, None, root)
    assert len(prepared.images) == IMAGES
    assert prepared.split.name == next(iter(prepared.dataset.splits()))
    assert prepared.ground_truth().names == (BASE if name == "mirflickr25k" else ALL)


def test_the_page_tells_the_sizes(monkeypatch):
    monkeypatch.undo()
    page = Path(mirflickr.__file__).parents[2] / "docs/datasets/mirflickr.md"
    text = page.read_text()
    for name, sizes in {**Mirflickr.SPLITS, **Mirflickr38.SPLITS}.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}`"))
        numbers = [sizes.query, sizes.train, *([sizes.database] if sizes.database else [])]
        assert all(f"{number:,}" in row for number in numbers)
    assert all(label in text for label in BASE)


@pytest.mark.skipif(
    "HASHBENCH_MIRFLICKR" not in os.environ,
    reason="HASHBENCH_MIRFLICKR names no folder of the official archives",
)
def test_the_official_archives_hold_what_papers_report(monkeypatch):
    monkeypatch.undo()
    root = Path(os.environ["HASHBENCH_MIRFLICKR"])
    labels = Mirflickr(root).ground_truth().labels
    assert tuple(sorted(labels.sum(axis=0), reverse=True)) == COUNTS
    assert labels.any(axis=1).sum() == 24_581
    assert round(labels.sum() / len(labels), 3) == 3.716
    every = Mirflickr38(root).ground_truth().labels
    assert round(every.sum() / len(every), 3) == 4.716
    assert every.any(axis=0).all()
    for cls in (Mirflickr, Mirflickr38):
        dataset = cls(root)
        images = dataset.images()
        for make in dataset.splits().values():
            check_disjoint_content(make(), images)
    tags = {tag for typed in images.tags for tag in typed}
    assert any(" " in tag for tag in tags)
