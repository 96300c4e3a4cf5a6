"""COCO's files are read as they are laid out, in bounded memory, and what is wrong with them is named."""

import hashlib
import io
import json
import os
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hashbench.data.download import Archive
from hashbench.data.drawing import Sizes
from hashbench.data.split import check_disjoint_content
from hashbench.errors import DataError
from hashbench.progress import SilentProgress
from hashbench_datasets import coco
from hashbench_datasets.coco import Coco
from hashbench_datasets.coco import records as reading
from hashbench_datasets.coco.captions import content_words
from hashbench_datasets.coco.records import records

GAPS = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
CATEGORIES = [number for number in range(1, 91) if number not in GAPS]
NAMES = tuple(f"kind {number}" for number in CATEGORIES)
TRAIN = [9, 25, *range(1000, 1058)]
VAL = [139, *range(285, 296)]
# Photos without an annotation.
BARE = {"train2017": [1057], "val2017": [295]}
GREY = 25
TYPED = {
    9: (["A dog's bed is next to two Dogs.", "The dog isn't on a bed."], ("dog", "bed", "two", "Dogs")),
    25: (["Ein Café, naïve_art 747!"], ("Ein", "Café", "naïve", "art", "747")),
    1000: (["It is on the."], ()),
}


def jpeg(number):
    color = (number % 256, number // 256 * 40, 90)
    image = Image.new("RGB", (12, 8), color)
    buffer = io.BytesIO()
    (image.convert("L") if number == GREY else image).save(buffer, "jpeg", comment=str(number).encode())
    return buffer.getvalue()


def kinds(number):
    """The categories' numbers of a photo, some of them twice."""
    return [CATEGORIES[number % 80], CATEGORIES[number * 7 % 80], CATEGORIES[number % 80]]


def listed(numbers):
    """Images as the official files have them, in no order."""
    return [
        {"license": 4, "file_name": f"{number:012d}.jpg", "height": 8, "width": 12, "id": number}
        for number in reversed(numbers)
    ]


def instances(part, numbers):
    annotations = [
        {
            "segmentation": {"counts": [3, 2], "size": [8, 12]} if place else [[1.5, 2.0, 3.25]],
            "area": 702.1,
            "iscrowd": int(place > 0),
            "image_id": number,
            "bbox": [1.0, 2.0, 3.0, 4.0],
            "category_id": category,
            "id": 10 * number + place,
        }
        for number in numbers
        if number not in BARE[part]
        for place, category in enumerate(kinds(number))
    ]
    categories = [
        {"supercategory": "thing", "id": category, "name": name}
        for category, name in zip(CATEGORIES, NAMES, strict=True)
    ]
    return {
        "info": {"description": "COCO 2017 Dataset", "year": 2017},
        "licenses": [{"url": "http://x", "id": 1, "name": "A"}],
        "images": listed(numbers),
        "annotations": annotations,
        "categories": categories,
    }


def captions(numbers):
    annotations = [
        {"image_id": number, "id": place, "caption": sentence}
        for place in range(2)
        for number in numbers
        for sentence in TYPED.get(number, ([f"A photo of number {number}."] * 2, ()))[0][place : place + 1]
    ]
    return {"info": {}, "images": listed(numbers), "licenses": [], "annotations": annotations}


def annotation_files():
    files = {}
    for part, numbers in (("train2017", TRAIN), ("val2017", VAL)):
        files[f"annotations/instances_{part}.json"] = json.dumps(instances(part, numbers)).encode()
        files[f"annotations/captions_{part}.json"] = json.dumps(captions(numbers)).encode()
    return files


def photo_files(part, numbers):
    return {f"{part}/{number:012d}.jpg": jpeg(number) for number in numbers}


FILES = {
    "train2017": photo_files("train2017", TRAIN),
    "val2017": photo_files("val2017", VAL),
    "annotations": annotation_files(),
}


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)


@pytest.fixture(scope="module")
def zips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zips")
    for name, files in FILES.items():
        zipped(folder / Coco.ARCHIVES[name].name, files)
    return folder


@pytest.fixture(autouse=True)
def small(zips, tmp_path, monkeypatch):
    """Splits as small, and archives as the tests make; an empty cache."""
    monkeypatch.setenv("HASHBENCH_CACHE", str(tmp_path / "cache"))
    archives = {}
    for name, official in Coco.ARCHIVES.items():
        content = (zips / official.name).read_bytes()
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        archives[name] = Archive(f"https://unreachable.invalid/{official.name}", len(content), md5=md5)
    monkeypatch.setattr(Coco, "ARCHIVES", archives)
    monkeypatch.setattr(Coco, "SIZES", Sizes(query=10, train=20))


@pytest.fixture
def root(tmp_path):
    """The unpacked archives."""
    for files in FILES.values():
        for name, content in files.items():
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return tmp_path / "data"


def edit(root, name, change):
    """Change a file of annotations; `change` gets what is in it."""
    path = root / "annotations" / name
    content = json.loads(path.read_bytes())
    change(content)
    path.write_text(json.dumps(content))


def test_photos_and_labels(root):
    images, truth = Coco(root).images(), Coco(root).ground_truth()
    assert images.name == "coco"
    assert images.ids == (
        *(f"train2017/{number:012d}" for number in sorted(TRAIN)),
        *(f"val2017/{number:012d}" for number in sorted(VAL)),
    )
    assert images.read(1) == jpeg(GREY) and images.read(len(TRAIN)) == jpeg(139)
    assert truth.names == NAMES == Coco(root).label_names()
    assert truth.labels.dtype == np.bool_ and truth.labels.shape == (72, 80)
    for row, number in enumerate([*sorted(TRAIN), *sorted(VAL)]):
        bare = number in BARE["train2017"] + BARE["val2017"]
        expected = set() if bare else {f"kind {category}" for category in kinds(number)}
        assert {NAMES[column] for column in np.flatnonzero(truth.labels[row])} == expected


def test_a_crowd_counts_as_what_it_is_a_crowd_of(root):
    def only_crowds(content):
        content["annotations"] = [r for r in content["annotations"] if r["iscrowd"]]

    edit(root, "instances_val2017.json", only_crowds)
    assert Coco(root).ground_truth().labels[len(TRAIN) :].any(axis=1).sum() == len(VAL) - 1


def test_tags_are_the_captions_words_as_typed(root):
    tags = Coco(root).images().tags
    assert {number: tags[sorted(TRAIN).index(number)] for number in TYPED} == {
        number: words for number, (_, words) in TYPED.items()
    }
    assert tags[-1] == ("photo", "number", "295")


def test_a_photo_without_a_caption_has_no_tags(root):
    edit(root, "captions_val2017.json", lambda content: content["annotations"].clear())
    tags = Coco(root).images().tags
    assert set(tags[len(TRAIN) :]) == {()} and tags[0]


@given(st.text())
def test_content_words_are_words_of_the_sentence(sentence):
    for word in content_words(sentence):
        assert word in sentence and word.isalnum() and len(word) > 1
        assert content_words(word) == [word]


def test_names_of_labels_do_not_enter_the_tags(root):
    before = Coco(root).images().tags
    for part in ("train2017", "val2017"):
        edit(root, f"instances_{part}.json", lambda content: content["annotations"].clear())
    assert Coco(root).images().tags == before


def test_a_grey_photo_is_decoded(root):
    from hashbench.data.images import decode

    assert decode(Coco(root).images().read(1), 8).shape == (8, 8, 3)


def test_photos_may_lie_in_a_folder_of_their_own(root):
    expected = Coco(root).images().fingerprint()
    (root / "images").mkdir()
    for part in ("train2017", "val2017"):
        (root / part).rename(root / "images" / part)
    assert Coco(root).images().fingerprint() == expected


def test_zips_of_a_person_are_unpacked_into_the_cache_once(zips, root, tmp_path):
    before = sorted(zips.iterdir())
    assert Coco(zips).images().fingerprint() == Coco(root).images().fingerprint()
    assert Coco(zips).ground_truth().fingerprint() == Coco(root).ground_truth().fingerprint()
    assert sorted(zips.iterdir()) == before
    kept = {path.name for path in (tmp_path / "cache/datasets/coco").iterdir()}
    assert kept == {f"{Path(a.name).stem}-{a.md5}" for a in Coco.ARCHIVES.values()}


def test_without_a_folder_the_archives_are_fetched():
    with pytest.raises(DataError, match=r"cannot fetch https://unreachable.*annotations_trainval2017.zip"):
        Coco().images()


def test_a_zip_that_is_not_as_published_is_refused(zips, tmp_path):
    name = "annotations_trainval2017.zip"
    (tmp_path / name).write_bytes((zips / name).read_bytes()[:-1] + b"?")
    with pytest.raises(DataError, match=rf"{name}' is not .* as published: MD5"):
        Coco(tmp_path).images()


def test_a_zip_without_its_folder_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "annotations_trainval2017.zip"
    zipped(path, {"elsewhere/instances_train2017.json": b"{}"})
    md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    other = Archive(f"https://unreachable.invalid/{path.name}", md5=md5)
    monkeypatch.setattr(Coco, "ARCHIVES", {**Coco.ARCHIVES, "annotations": other})
    with pytest.raises(DataError, match=r"annotations_trainval2017.zip holds no folder 'annotations'"):
        Coco(tmp_path).ground_truth()


def test_an_empty_folder_is_told_the_layout(tmp_path):
    with pytest.raises(
        DataError, match=r"no folder '.*annotations', and no .*zip beside. Expected train2017/"
    ):
        Coco(tmp_path).images()


@pytest.mark.parametrize(
    "missing",
    [
        *("train2017/000000000009.jpg", "val2017/000000000295.jpg"),
        *("annotations/instances_val2017.json", "annotations/captions_train2017.json"),
    ],
)
def test_a_missing_file_is_named(root, missing):
    (root / missing).unlink()
    with pytest.raises(DataError, match=missing):
        Coco(root).images()


def change_first(content, of, **values):
    content[of][0].update(values)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: change_first(c, "annotations", image_id=7), "an annotation is of image 7, which"),
        (lambda c: change_first(c, "annotations", category_id=12), "is of category 12, which"),
        (lambda c: change_first(c, "annotations", category_id=True), "category_id True. Expected a whole"),
        (lambda c: change_first(c, "annotations", image_id=10**30), "image_id 1000000.* Expected a whole"),
        (lambda c: c["annotations"][0].pop("image_id"), "image_id None. Expected a whole number"),
        (lambda c: change_first(c, "images", id=-1), "id -1. Expected a whole number"),
        (
            lambda c: change_first(c, "images", file_name="../../x.jpg"),
            r"is in '../../x.jpg'. Expected '0000",
        ),
        (lambda c: c["images"].append(c["images"][0]), "or one or a category twice"),
        (lambda c: change_first(c, "categories", name="kind 2"), "or a category twice"),
        (lambda c: change_first(c, "categories", name=""), "name ''. Expected words"),
        (lambda c: c["categories"].pop(), "is of category 90, which"),
        (lambda c: c.update(images=[], annotations=[]), "lists no image"),
        (lambda c: c.pop("categories"), "holds no list 'categories'"),
        (lambda c: c.update(images={"id": 3}), "file_name|is in None"),
        (lambda c: c.update(images=[3]), "'images' holds 3. Expected a list of records"),
        (lambda c: c.update(images="x"), "'images' holds 'x'"),
    ],
)
def test_bad_instances_are_named(root, change, said):
    edit(root, "instances_train2017.json", change)
    with pytest.raises(DataError, match=f"instances_train2017.json'.*({said})"):
        Coco(root).ground_truth()


def test_other_categories_are_refused(root):
    def rename(content):
        content["categories"][0]["name"] = "another"

    edit(root, "instances_val2017.json", rename)
    with pytest.raises(
        DataError, match=r"instances_val2017.json lists 80 categories. Expected 80, the same"
    ):
        Coco(root).label_names()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"image_id": 7}, "caption of image 7. Expected only"),
        ({"caption": None}, "caption None. Expected words"),
    ],
)
def test_bad_captions_are_named(root, values, said):
    edit(root, "captions_val2017.json", lambda content: change_first(content, "annotations", **values))
    with pytest.raises(DataError, match=f"captions_val2017.json.*{said}"):
        Coco(root).images()


def test_annotations_are_read_once(root, monkeypatch):
    settled = 1_600_000_000
    for path in (root / "annotations").iterdir():
        os.utime(path, (settled, settled))
    first = Coco(root)
    expected = first.images().fingerprint(), first.ground_truth().fingerprint()

    def refuse(*_):
        raise AssertionError("read again")

    monkeypatch.setattr("hashbench_datasets.coco.annotations.records", refuse)
    again = Coco(root)
    assert (again.images().fingerprint(), again.ground_truth().fingerprint()) == expected


def test_splits_hold_only_photos_with_labels(root):
    dataset = Coco(root)
    images, labelled = dataset.images(), dataset.ground_truth().labels.any(axis=1)
    hashnet, val = (make() for make in dataset.splits().values())
    assert (hashnet.name, val.name) == ("hashnet", "val")
    assert (len(hashnet.query), len(hashnet.database), len(hashnet.train)) == (10, 60, 20)
    assert (len(val.query), len(val.database), len(val.train)) == (11, 59, 20)
    for split in (hashnet, val):
        assert labelled[split.query].all() and labelled[split.database].all()
        assert set(split.train) <= set(split.database)
        check_disjoint_content(split, images)
    assert {images.ids[i].split("/")[0] for i in val.query} == {"val2017"}
    assert {images.ids[i].split("/")[0] for i in val.database} == {"train2017"}


def test_a_published_split_with_a_copy_is_let_through_and_said(root):
    (root / "val2017/000000000139.jpg").write_bytes(jpeg(9))
    dataset = Coco(root)
    splits, images = dataset.splits(), dataset.images()
    said = check_disjoint_content(splits["val"](), images)
    assert "1 of 11 queries" in said and "Lin et al." in said
    assert not check_disjoint_content(splits["hashnet"](), images)


def test_splits_need_enough_photos(root, monkeypatch):
    monkeypatch.setattr(Coco, "SIZES", Sizes(50, 30))
    with pytest.raises(DataError, match="coco, split 'hashnet': 80 images are needed .* Found 70"):
        Coco(root).splits()["hashnet"]()


def read_all(path, *wanted):
    return list(records(path, wanted, SilentProgress()))


@pytest.mark.parametrize("piece", [1, 2, 7, 64, 1 << 20])
def test_records_are_what_json_reads_whatever_the_pieces(tmp_path, monkeypatch, piece):
    monkeypatch.setattr(reading, "_PIECE", piece)
    content = instances("val2017", VAL)
    content["numbers"] = [12345, [[]], {}, "é]},{", None, -1.5e10, 2.5e-07]
    content["count"] = 123456
    path = tmp_path / "made.json"
    for start, text in (
        (" ", json.dumps(content)),
        ("", json.dumps(content, indent=3, ensure_ascii=False)),
        ("\N{ZERO WIDTH NO-BREAK SPACE}", json.dumps(content)),
    ):
        path.write_text(f"{start}{text}\n\n", encoding="utf-8")
        found = read_all(path, "annotations", "categories")
        assert found == [(name, r) for name in ("annotations", "categories") for r in content[name]]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=50)
@given(st.lists(st.dictionaries(st.text(), json_values, max_size=3)), st.integers(1, 40))
def test_any_record_is_what_json_reads(made, piece):
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(reading, "_PIECE", piece)
        path = Path(folder) / "made.json"
        path.write_text(json.dumps({"other": made, "wanted": made}))
        assert [record for _, record in read_all(path, "wanted")] == made


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "[]",
            "{",
            "{}x",
            '{"a"',
            '{"a" [{}]}',
            '{"a": [{}]',
            '{"a": [{}}',
            '{"a": [{},]}',
            "{3: []}",
        ),
        *('{"a": [{}], }', '{"a": [{"b": }]}', '{"a": [{"b": "c]}', '{"a": [{}]} {"a": []}', "\x00"),
        *('{"x": ' + "[" * 200_000, '{"a": [{"b": ' + '{"c":' * 200_000, '{"a": [' + "9" * 5000 + "]}"),
    ],
    ids=lambda text: text[:15],
)
def test_damaged_json_is_named(tmp_path, text):
    path = tmp_path / "made.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"made.json' is damaged or breaks off at character \d+. Expected"):
        read_all(path, "a")


def test_bytes_that_are_no_text_are_named(tmp_path):
    path = tmp_path / "made.json"
    path.write_bytes(b'{"a": [{"b": "\xff"}]}')
    with pytest.raises(DataError, match=r"cannot read '.*made.json' \('utf-8' codec"):
        read_all(path, "a")


def test_memory_holds_a_piece_of_the_file_and_a_record(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_PIECE", 1 << 14)
    path = tmp_path / "made.json"
    record = json.dumps({"segmentation": [[1.5] * 50], "image_id": 3})
    path.write_text('{"a": [' + ",".join([record] * 10_000) + "]}")
    tracemalloc.start()
    count = sum(1 for _ in records(path, ("a",), SilentProgress()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 10_000 and path.stat().st_size > 2_500_000 and peak < 500_000


def test_a_record_without_end_is_refused_early(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_PIECE", 1 << 10)
    monkeypatch.setattr(reading, "_MOST", 1 << 14)
    path = tmp_path / "made.json"
    path.write_text('{"a": [{"b": "' + "x" * 1_000_000)
    with pytest.raises(DataError, match="damaged or breaks off at character 7"):
        read_all(path, "a")


def test_archives_and_sizes_are_those_that_others_rely_on(monkeypatch):
    monkeypatch.undo()
    page = (Path(coco.__file__).parents[3] / "docs/datasets/coco.md").read_text()
    for archive in Coco.ARCHIVES.values():
        assert archive.url.startswith("http://images.cocodataset.org/")
        assert archive.md5 in page and f"{archive.size:,}" in page and archive.url in page
    assert Sizes(query=5_000, train=10_000) == Coco.SIZES
    assert all(f"`{name}`" in page for name in Coco().splits())


@pytest.mark.skipif(
    "HASHBENCH_COCO" not in os.environ, reason="HASHBENCH_COCO names no folder of the archives"
)
def test_the_official_archives_hold_what_papers_report(monkeypatch):
    monkeypatch.undo()
    dataset = Coco(Path(os.environ["HASHBENCH_COCO"]))
    labels = dataset.ground_truth().labels
    assert labels.shape == (123_287, 80) and labels.any(axis=0).all()
    assert labels.any(axis=1).sum() == 122_218
    names = dataset.label_names()
    assert (names[0], names[-1]) == ("person", "toothbrush")
    images = dataset.images()
    hashnet, val = (make() for make in dataset.splits().values())
    assert len(hashnet.database) == 117_218
    assert (len(val.query), len(val.database)) == (4_952, 117_266)
    check_disjoint_content(hashnet, images)
    assert sum(not tags for tags in images.tags) == 0
