"""A folder of photos is a data set without a line of code, and is told what it lacks."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashbench.data.collection import TruthKind
from hashbench.data.split import check_disjoint_content
from hashbench.errors import DataError, UnknownNameError
from hashbench.tags import held_out
from hashbench_datasets.photos import Photos, dataset
from hashbench_datasets.photos.folder import look_through

WORDS = ("boat", "cat", "dog", "lawn", "rose", "sky", "tree", "beach", "sofa")
XMP = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Description><dc:subject><rdf:Bag>'
    "{}</rdf:Bag></dc:subject></rdf:Description></rdf:RDF>"
)


def write(path, number, **options):
    """A photo that is unlike all others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 6), (number * 8 % 256, number // 32, 100)).save(path, **options)


def tags_of(number):
    return (WORDS[number % len(WORDS)], WORDS[(number + 1 + number // 3 % 8) % len(WORDS)])


def xmp(*tags):
    return XMP.format("".join(f"<rdf:li>{tag}</rdf:li>" for tag in tags)).encode()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HASHBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path):
    """Ninety photos with two keywords each in their XMP, in two folders."""
    root = tmp_path / "Été 2024"
    for number in range(90):
        write(
            root / ("north" if number % 2 else "south") / f"{number}.jpg", number, xmp=xmp(*tags_of(number))
        )
    return root


def table(root, header, row, photos=90):
    lines = (f"{'north' if n % 2 else 'south'}/{n}.jpg,{row(n)}" for n in range(photos))
    (root / "tags.csv").write_text("\n".join([f"path,{header}", *lines]))


def test_photos_with_keywords_need_nothing_more(root):
    dataset = Photos(root)
    images, truth, split = dataset.images(), dataset.ground_truth(), dataset.splits()["test"]()
    assert images.name == "ete-2024"
    assert images.ids == tuple(sorted(images.ids)) and len(images) == 90 and "north/1.jpg" in images.ids
    assert images.read(0) == (root / images.ids[0]).read_bytes()
    assert truth.by is TruthKind.HELD_OUT_TAGS and truth.names == dataset.label_names()
    assert set(truth.names) < set(WORDS) and len(truth.names) == 3
    for name, left, row in zip(images.ids, images.tags, truth.labels, strict=True):
        typed = tags_of(int(name.split("/")[1].removesuffix(".jpg")))
        assert set(left) == set(typed) - set(truth.names)
        assert row.tolist() == [held_out in typed for held_out in truth.names]
    assert len(split.query) == 10 and len(split.database) == 80
    assert np.array_equal(split.train, split.database) and truth.labels[split.query].any(axis=1).all()
    check_disjoint_content(split, images)
    assert dataset.notices() == (
        "Tags are from the photos' files; 90 of 90 photos carry some.",
        "Relevant to a query are photos that share one of 3 held-out tags with it.",
    )


def test_the_first_source_that_has_tags_is_taken(root):
    def source():
        return Photos(root).notices()[0]

    (root / "north/1.xmp").write_bytes(xmp())
    assert "the photos' files" in source()
    for number in range(90):
        (root / ("north" if number % 2 else "south") / f"{number}.txt").write_text(
            "\n".join(tags_of(number))
        )
    assert "sidecar files" in source()
    table(root, "tags", lambda n: ";".join(tags_of(n)))
    assert "tags.csv" in source()
    kinds = {kind: Photos(root, kind) for kind in Photos.TAGS[1:4]}
    assert len({dataset.images().fingerprint() for dataset in kinds.values()}) == 1
    with pytest.raises(UnknownNameError):
        Photos(root, "typed")


def test_names_of_folders_are_the_last_source(tmp_path):
    root = tmp_path / "photos"
    for number in range(120):
        word = WORDS[number % len(WORDS)]
        write(root / "Album_2024" / word / f"{number}.png", number)
    dataset = Photos(root)
    assert dataset.images().tags[-1] == ("Album_2024", "tree")
    assert "folders' names" in dataset.notices()[0]
    assert dataset.label_names() and set(dataset.label_names()) < set(WORDS)


def test_labels_of_a_table_are_the_ground_truth(root):
    table(root, "labels", lambda n: "odd|small" if n % 2 else ("even" if n < 60 else ""))
    dataset = Photos(root)
    truth = dataset.ground_truth()
    assert truth.by is TruthKind.LABELS and truth.names == ("even", "odd", "small")
    numbers = [int(name.split("/")[1].removesuffix(".jpg")) for name in dataset.images().ids]
    expected = [[n % 2 == 0 and n < 60, n % 2 == 1, n % 2 == 1] for n in numbers]
    assert truth.labels.tolist() == expected
    assert dataset.images().tags[0] == tags_of(numbers[0])
    assert truth.labels[dataset.splits()["test"]().query].any(axis=1).all()
    assert list(dataset.splits()) == ["test"]


def test_labels_alone_do_for_methods_without_tags(tmp_path):
    for number in range(90):
        write(tmp_path / "photos" / f"{number}.jpg", number)
    rows = (f"{number}.jpg,{'odd' if number % 2 else 'even'}" for number in range(90))
    (tmp_path / "photos/tags.csv").write_text("\n".join(["path,labels", *rows]))
    dataset = Photos(tmp_path / "photos")
    assert not any(dataset.images().tags) and dataset.label_names() == ("even", "odd")


def test_half_of_the_labelled_photos_stay_to_be_found(tmp_path):
    for number in range(220):
        write(tmp_path / "photos" / f"{number}.png", number)
    rows = (f"{number}.png,{'sea' if number < 24 else ''}" for number in range(220))
    (tmp_path / "photos/tags.csv").write_text("\n".join(["path,labels", *rows]))
    dataset = Photos(tmp_path / "photos")
    split, labels = dataset.splits()["test"](), dataset.ground_truth().labels
    assert len(split.query) == 12 and labels[split.database].sum() == 12


def test_a_column_without_tags_gives_way_to_what_has_some(root):
    table(root, "tags,labels", lambda n: f",{'odd' if n % 2 else 'even'}")
    assert any(Photos(root).images().tags)


def test_a_table_may_say_the_split(root):
    table(root, "labels,split", lambda n: f"x,{'query' if n < 20 else 'database' if n < 50 else 'train'}")
    dataset = Photos(root)
    assert list(dataset.splits()) == ["table", "test"]
    split = dataset.splits()["table"]()
    assert [len(part) for part in (split.query, split.database, split.train)] == [20, 70, 40]
    assert set(split.train) < set(split.database)
    table(root, "labels,split", lambda n: "x," if n == 7 else "x,query")
    assert list(Photos(root).splits()) == ["test"]
    assert "The split of tags.csv is left aside: 1 photos have no part in it." in Photos(root).notices()


def test_photos_that_are_not_there_are_counted(root):
    table(root, "tags", lambda n: ";".join(tags_of(n)), photos=95)
    assert Photos(root).notices()[1] == (
        "tags.csv names 5 photos that were not found: "
        "'north/91.jpg', 'north/93.jpg', 'south/90.jpg' and so on."
    )


def test_what_is_no_photo_is_passed_over_and_what_cannot_be_read_is_counted(root, tmp_path):
    for name in ("a.heic", "b.HEIC", "c.cr2", "notes.md", "film.mp4", ".hidden.jpg"):
        (root / name).write_bytes(b"x")
    write(root / ".thumbnails/a.jpg", 200)
    write(root / "@eaDir/a.jpg", 201)
    write(tmp_path / "elsewhere/a.jpg", 202)
    (root / "link.jpg").symlink_to(tmp_path / "elsewhere/a.jpg")
    (root / "folder").symlink_to(tmp_path / "elsewhere")
    (root / "loop.jpg").symlink_to(root / "loop.jpg")
    os.mkfifo(root / "pipe.jpg")
    dataset = Photos(root)
    assert len(dataset.images()) == 90
    assert "3 files of kinds that cannot be read: .heic (2), .cr2 (1)." in dataset.notices()


def test_a_link_to_a_photo_in_the_folder_is_read(root):
    """As git-annex keeps them."""
    write(root / ".store/a", 200, format="jpeg", xmp=xmp("cat"))
    (root / "z.jpg").symlink_to(".store/a")
    assert Photos(root).images().ids[-1] == "z.jpg"


def test_the_first_of_several_copies_is_kept(root):
    for name in ("a.jpg", "zz/b.jpg"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes((root / "north/1.jpg").read_bytes())
    dataset = Photos(root)
    assert len(dataset.images()) == 90 and dataset.images().ids[0] == "a.jpg"
    assert "north/1.jpg" not in dataset.images().ids
    assert "2 exact copies of other photos are left out." in dataset.notices()


def test_a_broken_photo_stays_and_is_said(root):
    (root / "north/1.jpg").write_bytes(b"no picture")
    dataset = Photos(root)
    assert len(dataset.images()) == 90
    assert "In 1 of them something that may hold tags is damaged." in dataset.notices()


def test_queries_stay_when_photos_are_added(root):
    def queries():
        dataset = Photos(root)
        images = dataset.images()
        return {images.ids[i] for i in dataset.splits()["test"]().query}

    before = queries()
    write(root / "new.jpg", 300, xmp=xmp(*tags_of(0)))
    assert len(before & queries()) >= len(before) - 1


def test_a_name_that_is_no_text_is_written_out(tmp_path):
    try:
        write(tmp_path / "photos" / os.fsdecode(b"a\xff.jpg"), 1)
    except (OSError, UnicodeError):
        pytest.skip("this system has no such names")
    assert look_through(tmp_path / "photos").ids == ("a\\xff.jpg",)


def test_a_second_call_opens_no_photo(root, monkeypatch):
    for path in root.rglob("*.jpg"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    first = Photos(root).images().fingerprint()
    opened = Path.open

    def watched(path, *arguments, **options):
        assert path.suffix != ".jpg"
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", watched)
    assert Photos(root).images().fingerprint() == first


def test_without_a_folder_it_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match="name the folder of the photos with --data-root"):
        Photos().images()
    with pytest.raises(DataError, match=r"there is no folder .*nowhere"):
        Photos(tmp_path / "nowhere").images()


def test_folders_that_will_not_do(tmp_path):
    root = tmp_path / "photos"
    root.mkdir()
    with pytest.raises(DataError, match=r"holds no photo. Expected JPEG, PNG"):
        Photos(root).images()
    (root / "a.heic").touch()
    with pytest.raises(
        DataError, match=r"holds no photo. 1 files of kinds that cannot be read: .heic \(1\)"
    ):
        Photos(root).images()
    for number in range(30):
        write(root / f"{number}.jpg", number)
    with pytest.raises(
        DataError, match=r"has no tags in sidecar files.*Give the photos keywords, or put a table"
    ):
        Photos(root).images()
    with pytest.raises(DataError, match=r"has no tags in the photos' files. Give"):
        Photos(root, "embedded").images()
    with pytest.raises(
        DataError, match=r"no table with tags .* Expected tags.csv or tags.tsv or tags.parquet"
    ):
        Photos(root, "table").images()
    (root / "1.txt").write_text("sea")
    with pytest.raises(
        DataError, match=r"some tags are held out. 0 tags .* Expected 6 or more. Tag more of"
    ):
        Photos(root).images()
    (root / "tags.csv").write_text("path,labels\n1.jpg,sea\n")
    with pytest.raises(
        DataError, match=r"^photos: 1 of 30 photos carry a label .* Expected 20 or more. Tag"
    ):
        Photos(root).splits()["test"]()
    (root / "tags.csv").write_text(f"path,labels\n1.jpg,{'|'.join(map(str, range(10_001)))}\n")
    with pytest.raises(DataError, match=r"holds 10,001 labels. Expected at most 10,000"):
        Photos(root).ground_truth()


def test_the_page_tells_the_numbers():
    page = (Path(dataset.__file__).parents[3] / "docs/datasets/photos.md").read_text()
    assert f"at least {held_out.MIN_IMAGES} photos and at" in page
    assert f"\n{held_out.MIN_HELD_OUT * held_out.PART} tags that may be held out are needed" in page
    assert f"is held out, at most {held_out.MAX_HELD_OUT:,}" in page
    assert all(f"| `{kind}` |" in page for kind in Photos.TAGS[1:])
