"""NUS-WIDE is read as it is laid out, whatever photos a person keeps; what is wrong or missing is said."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hashbench.data.drawing import Sizes
from hashbench.data.split import check_disjoint_content
from hashbench.errors import DataError, UnknownNameError
from hashbench_datasets import nuswide
from hashbench_datasets.nuswide import NusWide10, NusWide21, NusWide81
from hashbench_datasets.nuswide.concepts import CONCEPTS
from hashbench_datasets.nuswide.plan import Plan

IMAGES = 240
LABELLED = 220
TAG_LIST = ("nature", "sky", "blue", "water", "clouds")
# As Flickr sends them: double blanks, blanks only Unicode knows, no tags at all, bytes that are no text.
TYPED = {
    1: b"nature  sky water ",
    2: b"",
    3: b"ni\xc3\xb1o sky\xc2\xa0line \xff",
}
# By frequency, so that the 21 most frequent ones are those of the official files.
BY_COUNT = (
    *("sky", "clouds", "person", "water", "animal", "grass", "buildings", "window", "plants", "lake"),
    *("ocean", "road", "flowers", "sunset", "reflection", "rocks", "vehicle", "snow", "tree", "beach"),
    "mountain",
)


def number(image):
    return 2124494179 + image


def name(image):
    return f"{'actor' if image <= 90 else 'adam_s-apple'}/{image:04d}_{number(image)}.jpg"


def members(concept):
    """The images of a concept: more, the earlier it is in `BY_COUNT`; none after the first 220."""
    rank = BY_COUNT.index(concept) if concept in BY_COUNT else 40
    start = CONCEPTS.index(concept) * 17
    return sorted({(start + 7 * step) % LABELLED + 1 for step in range(70 - rank)})


def jpeg(image):
    buffer = io.BytesIO()
    Image.new("RGB", (12, 8), (image, 255 - image, 7)).save(buffer, "jpeg")
    return buffer.getvalue()


def column(concept):
    there = set(members(concept))
    return b"".join(b"%d\r\n" % (image in there) for image in range(1, IMAGES + 1))


def listed(image):
    """The tags of AllTags1k.txt, which does not agree with All_Tags.txt."""
    return TAG_LIST[image % 5 :: 3]


def text_files():
    """What the three archives unfold to, with the line ends and blanks of the official ones."""
    names = [name(image).replace("/", "\\") for image in range(1, IMAGES + 1)]
    typed = [TYPED.get(image, b"tag%d sky" % image) for image in range(1, IMAGES + 1)]
    rows = [[tag in listed(image) for tag in TAG_LIST] for image in range(1, IMAGES + 1)]
    return {
        "ImageList/Imagelist.txt": "".join(f"{line} \r\n" for line in names).encode(),
        "ImageList/TrainImagelist.txt": b"",
        "NUS_WID_Tags/All_Tags.txt": b"".join(
            b"%d      %s \r\n" % (number(image), tags) for image, tags in enumerate(typed, 1)
        ),
        "NUS_WID_Tags/TagList1k.txt": "".join(f"{tag}  \r\n" for tag in TAG_LIST).encode(),
        "NUS_WID_Tags/AllTags1k.txt": b"".join(
            b"".join(b"%d\t" % cell for cell in row) + b"\r\n" for row in rows
        ),
        # By tags: no ground truth.
        "NUS_WID_Tags/AllTags81.txt": b"1 " * 81 * IMAGES,
        # The official one has this line, and nobody needs it.
        "Groundtruth/TrainTestLabels/Labels_lake_Train.txt": b"0\r\n-1130179\r\n",
        **{f"Groundtruth/AllLabels/Labels_{concept}.txt": column(concept) for concept in CONCEPTS},
    }


def write(folder, files):
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


@pytest.fixture(scope="module")
def photos():
    return {name(image): jpeg(image) for image in range(1, IMAGES + 1)}


@pytest.fixture(autouse=True)
def small(tmp_path, monkeypatch):
    """As many images and splits as small; an empty cache; no network."""
    monkeypatch.setenv("HASHBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(NusWide21, "IMAGES", IMAGES)
    parts = [
        nuswide.Part(
            nuswide.Archive(f"https://unreachable.invalid/{part.archive.name}"), part.folder, part.holds
        )
        for part in NusWide21.PARTS
    ]
    monkeypatch.setattr(NusWide21, "PARTS", tuple(parts))
    plans = {
        "deephash": Plan(Sizes(21, 42, LABELLED - 21), by_label=True),
        "wdht": Plan(Sizes(20, None, 90)),
    }
    monkeypatch.setattr(NusWide21, "SPLITS", plans)
    monkeypatch.setattr(NusWide10, "SPLITS", {"dpchash": Plan(Sizes(20, 30, 100))})
    monkeypatch.setattr(NusWide81, "SPLITS", {"hashnet": Plan(Sizes(20, 50, 219), unlabelled=True)})


@pytest.fixture
def root(tmp_path, photos):
    """Everything unpacked, the photos in folders by search word."""
    write(tmp_path / "data", text_files())
    write(tmp_path / "data/Flickr", photos)
    return tmp_path / "data"


def lose(root, images):
    for image in images:
        (root / "Flickr" / name(image)).unlink()


@pytest.mark.parametrize(("cls", "count"), [(NusWide21, 21), (NusWide10, 10), (NusWide81, 81)])
def test_photos_and_labels(root, photos, cls, count):
    images, truth = cls(root).images(), cls(root).ground_truth()
    assert images.name == cls.PLUGIN_NAME == f"nuswide{count}"
    assert images.ids == tuple(name(image).removesuffix(".jpg") for image in range(1, IMAGES + 1))
    assert images.read(100) == photos[name(101)]
    assert (
        truth.names == cls(root).label_names() == tuple(sorted(truth.names)) and len(truth.names) == count
    )
    assert truth.labels.dtype == np.bool_ and truth.labels.shape == (IMAGES, count)
    for place, concept in enumerate(truth.names):
        assert (np.flatnonzero(truth.labels[:, place]) + 1).tolist() == members(concept)
    assert not truth.labels[LABELLED:].any()
    assert cls(root).notices() == ()


def test_the_names_are_the_most_frequent_concepts():
    assert set(NusWide21.LABELS) == set(BY_COUNT) and set(NusWide10.LABELS) == set(BY_COUNT[:10])
    assert len(CONCEPTS) == 81 and list(CONCEPTS) == sorted(set(CONCEPTS))


def test_another_concept_that_is_more_frequent_is_refused(root):
    (root / "Groundtruth/AllLabels/Labels_zebra.txt").write_bytes(b"1\n" * 55 + b"0\n" * (IMAGES - 55))
    with pytest.raises(DataError, match="'zebra' is on 55 images, 'mountain' on 50. Expected nuswide21"):
        NusWide21(root).ground_truth()
    NusWide10(root).ground_truth()
    NusWide81(root).ground_truth()


def test_concepts_that_are_as_frequent_are_accepted(root):
    (root / "Groundtruth/AllLabels/Labels_zebra.txt").write_bytes(b"1\n" * 50 + b"0\n" * (IMAGES - 50))
    NusWide21(root).ground_truth()


def test_tags_are_as_people_typed_them(root):
    tags = NusWide21(root).images().tags
    assert tags[0] == ("nature", "sky", "water")
    assert tags[1] == ()
    assert tags[2] == ("niño", "sky\N{NO-BREAK SPACE}line", "\N{REPLACEMENT CHARACTER}")
    assert tags[-1] == (f"tag{IMAGES}", "sky")


def test_the_1k_tags_are_those_of_their_own_matrix(root):
    tags = NusWide21(root, "1k").images().tags
    assert tags == tuple(listed(image) for image in range(1, IMAGES + 1))
    with pytest.raises(UnknownNameError, match="kind of tags of nuswide21 '81'"):
        NusWide21(root, "81")


def test_photos_may_lie_in_one_folder(root, photos):
    by_word = NusWide21(root).images().fingerprint()
    (root / "Flickr").rename(root / "elsewhere")
    write(root / "images", {path.rpartition("/")[2]: content for path, content in photos.items()})
    assert NusWide21(root).images().fingerprint() == by_word


def test_an_older_list_with_full_paths_is_the_same(root):
    before = NusWide21(root).images().fingerprint()
    path = root / "ImageList/Imagelist.txt"
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"".join(b"C:\\ImageData\\Flickr\\%s\n" % line.strip() for line in lines))
    assert NusWide21(root).images().fingerprint() == before


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for inner, content in files.items():
            archive.writestr(zipfile.ZipInfo(inner), content)


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("fetched", [False, True])
def test_archives_are_unpacked_into_the_cache_once(root, tmp_path, photos, flat, fetched):
    other = tmp_path / "zips"
    write(other / "Flickr", photos)
    target = tmp_path / "cache/datasets/nuswide" if fetched else other
    target.mkdir(parents=True, exist_ok=True)
    for part in NusWide21.PARTS:
        files = {path: c for path, c in text_files().items() if path.startswith(f"{part.folder}/")}
        zipped(
            target / part.archive.name,
            {path.removeprefix(f"{part.folder}/" if flat else ""): c for path, c in files.items()},
        )
    for _ in range(2):
        for kind in NusWide21.TAGS:
            assert (
                NusWide21(other, kind).images().fingerprint()
                == NusWide21(root, kind).images().fingerprint()
            )
        assert NusWide21(other).ground_truth().fingerprint() == NusWide21(root).ground_truth().fingerprint()
    folders = [path for path in (tmp_path / "cache/datasets/nuswide").iterdir() if path.is_dir()]
    assert len(folders) == 3
    if fetched:
        assert len(list(target.glob("*.zip.sha256"))) == 3


def test_what_cannot_be_fetched_is_named(tmp_path, photos):
    write(tmp_path / "Flickr", photos)
    with pytest.raises(DataError, match=r"cannot fetch https://unreachable.*ImageList.zip.*put the file"):
        NusWide21(tmp_path).images()


def test_an_archive_with_something_else_is_refused(root, tmp_path, photos):
    (root / "ImageList").rename(tmp_path / "elsewhere")
    zipped(root / "ImageList.zip", {"readme.txt": b"?"})
    with pytest.raises(DataError, match=r"ImageList.zip holds no Imagelist.txt. Expected"):
        NusWide21(root).images()


def test_without_photos_the_layout_is_told(root, tmp_path):
    (root / "Flickr").rename(root / "elsewhere")
    with pytest.raises(DataError, match=r"no photos are below .*Expected the photos as Flickr/actor/0001"):
        NusWide21(root).images()
    with pytest.raises(DataError, match="not for download. Name their folder with --data-root. Expected"):
        NusWide21().images()
    assert not (tmp_path / "cache").exists()


def test_missing_photos_are_left_out_and_listed(root, tmp_path):
    lost = [1, 2, 50, 238]
    before, labels = NusWide21(root).images(), NusWide21(root).ground_truth().labels
    lose(root, lost[:3])
    (root / "Flickr" / name(238)).write_bytes(b"")  # a download that failed
    dataset = NusWide21(root)
    images = dataset.images()
    there = [image - 1 for image in range(1, IMAGES + 1) if image not in lost]
    for part in ("ids", "hashes", "tags"):
        assert getattr(images, part) == tuple(getattr(before, part)[place] for place in there)
    assert NusWide21(root, "1k").images().tags == tuple(listed(place + 1) for place in there)
    assert (dataset.ground_truth().labels == labels[there]).all()
    assert images.read(0) == jpeg(3)
    (notice,) = dataset.notices()
    assert notice.startswith("nuswide21: 4 of 240 photos are missing; datasets/nuswide/missing-")
    (path,) = (tmp_path / "cache/datasets/nuswide").glob("missing-*.txt")
    assert path.name in notice and path.read_text().splitlines() == [name(image) for image in lost]
    assert dataset.notices() == (notice,)


def test_half_of_the_photos_must_be_there(root):
    lose(root, range(1, 121))
    assert len(NusWide21(root).images()) == 120
    lose(root, [121])
    with pytest.raises(DataError, match="only 119 of the 240 photos are below .*Expected the photos as"):
        NusWide21(root).images()


def test_one_picture_in_place_of_many_is_said(root):
    for image in range(1, 12):
        assert NusWide21(root).notices() == ()
        (root / "Flickr" / name(image)).write_bytes(b"\xff\xd8 This photo is no longer available")
    (notice,) = NusWide21(root).notices()
    assert "11 photos are one and the same, actor/0001_2124494180.jpg among them" in notice


@pytest.mark.parametrize(
    "missing",
    [
        *("ImageList/Imagelist.txt", "NUS_WID_Tags/All_Tags.txt", "NUS_WID_Tags/AllTags1k.txt"),
        *("NUS_WID_Tags/TagList1k.txt", "Groundtruth/AllLabels/Labels_zebra.txt"),
    ],
)
def test_a_missing_file_is_named(root, missing):
    (root / missing).unlink()
    with pytest.raises(DataError, match=Path(missing).stem if "1k" in missing else Path(missing).parts[0]):
        for tags in NusWide21.TAGS:
            dataset = NusWide21(root, tags)
            dataset.images()
            dataset.ground_truth()


def change(path, row, line):
    lines = path.read_bytes().split(b"\r\n")
    lines[row - 1] = line
    path.write_bytes(b"\r\n".join(lines))


@pytest.mark.parametrize("line", [b"-1130179", b"2", b"", b"10", b"0 1", b"\xd9\xa1", b"x" * 5000])
@pytest.mark.parametrize("concept", ["lake", "zebra"])
def test_a_label_that_is_neither_0_nor_1_is_named(root, concept, line):
    change(root / f"Groundtruth/AllLabels/Labels_{concept}.txt", 78, line)
    with pytest.raises(DataError, match=f"Labels_{concept}.txt', line 78: .*Expected 0 or 1") as caught:
        NusWide21(root).ground_truth()
    assert len(str(caught.value).splitlines()) == 1 and len(str(caught.value)) < 300


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b" \r\n", b"\t\n"])
@pytest.mark.parametrize("last", [b"", b"\n", b" \n\r\n"])
def test_labels_are_read_whatever_ends_their_lines(root, ending, last):
    expected = NusWide21(root).ground_truth().fingerprint()
    path = root / "Groundtruth/AllLabels/Labels_sky.txt"
    path.write_bytes(b"\xef\xbb\xbf" * (last == b"\n") + ending.join(path.read_bytes().split()) + last)
    assert NusWide21(root).ground_truth().fingerprint() == expected


@pytest.mark.parametrize(
    ("file", "tags"),
    [
        ("ImageList/Imagelist.txt", "typed"),
        ("NUS_WID_Tags/All_Tags.txt", "typed"),
        ("NUS_WID_Tags/AllTags1k.txt", "1k"),
        ("Groundtruth/AllLabels/Labels_sky.txt", "typed"),
    ],
)
def test_every_file_has_a_line_an_image(root, file, tags):
    path = root / file
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    for changed, message in [
        (lines[:-1], "has 239 lines. Expected 240"),
        ([*lines, lines[-1]], "line 241: .*Expected 240 lines"),
    ]:
        path.write_bytes(b"".join(changed))
        with pytest.raises(DataError, match=f"{path.name}'?,? {message}"):
            dataset = NusWide21(root, tags)
            dataset.images()
            dataset.ground_truth()


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"actor", b"..\\0007_1.jpg", b"actor\\..\\..", b"actor\\0007_1.png", b"actor\\x_1.jpg"),
        *(b"\\0007_1.jpg", b"C:0007_1.jpg", b"a" * 5000),
    ],
)
def test_a_line_that_names_no_image_is_refused(root, line):
    change(root / "ImageList/Imagelist.txt", 7, line)
    with pytest.raises(DataError, match="Imagelist.txt', line 7: .*Expected an image, such as"):
        NusWide21(root).images()


def test_an_image_that_is_listed_twice_is_refused(root):
    change(root / "ImageList/Imagelist.txt", 7, name(3).replace("/", "\\").encode())
    with pytest.raises(DataError, match=f"line 7: '{name(3)}', which is line 3 as well"):
        NusWide21(root).images()


def test_one_photo_in_two_folders_is_two_images(root):
    """As Flickr's number 702409954 in the official list, with other labels each time."""
    change(root / "ImageList/Imagelist.txt", 200, f"zoo\\0007_{number(3)}.jpg".encode())
    change(root / "NUS_WID_Tags/All_Tags.txt", 200, b"%d  other tags" % number(3))
    write(root / "Flickr/zoo", {f"0007_{number(3)}.jpg": jpeg(3)})
    dataset = NusWide21(root)
    images = dataset.images()
    assert images.hashes[199] == images.hashes[2] and images.tags[199] == ("other", "tags")
    for make in dataset.splits().values():
        assert not {2, 199} & set(make().query)
        check_disjoint_content(make(), images)


@pytest.mark.parametrize("line", [b"", b"sky water", b"2124494179 sky"])
def test_tags_of_another_photo_are_refused(root, line):
    change(root / "NUS_WID_Tags/All_Tags.txt", 9, line)
    with pytest.raises(DataError, match=f"All_Tags.txt', line 9: photo .*Expected {number(9)}"):
        NusWide21(root).images()


@pytest.mark.parametrize("line", [b"0\t1\t0\t1\t", b"0\t1\t0\t1\t1\t1\t", b"0\t1\t0\t1\t2\t", b""])
def test_a_line_of_the_1k_matrix_must_fit_its_list(root, line):
    change(root / "NUS_WID_Tags/AllTags1k.txt", 9, line)
    with pytest.raises(DataError, match="AllTags1k.txt', line 9: .*each of the 5 tags of TagList1k.txt"):
        NusWide21(root, "1k").images()


@pytest.mark.parametrize("content", [b"", b" \r\n", b"sky\r\nsky\r\n"])
def test_a_list_of_tags_names_each_once(root, content):
    (root / "NUS_WID_Tags/TagList1k.txt").write_bytes(content)
    with pytest.raises(DataError, match="TagList1k.txt' names . tags. Expected one a line, each once"):
        NusWide21(root, "1k").images()


def test_deephash_draws_as_many_of_each_concept(root):
    dataset = NusWide21(root)
    labels, split = dataset.ground_truth().labels, dataset.splits()["deephash"]()
    assert (len(split.query), len(split.train), len(split.database)) == (21, 42, LABELLED - 21)
    assert split.notice == "" and next(iter(dataset.splits())) == "deephash"
    assert (labels[split.query].sum(axis=0) >= 1).all() and (labels[split.train].sum(axis=0) >= 2).all()
    assert set(split.train) <= set(split.database)
    assert labels[split.database].any(axis=1).all()


def test_wdht_learns_from_its_database(root):
    split = NusWide21(root).splits()["wdht"]()
    assert len(split.query) == 20 and len(split.database) == 90
    assert split.train.tolist() == split.database.tolist()


def test_hashnet_searches_unlabelled_images_too_and_never_with_them(root):
    dataset = NusWide81(root)
    split = dataset.splits()["hashnet"]()
    labelled = dataset.ground_truth().labels.any(axis=1)
    assert (len(split.query), len(split.train), len(split.database)) == (20, 50, 219)
    assert labelled[split.query].all()
    assert not labelled[split.database].all() and not labelled[split.train].all()


def test_where_photos_are_missing_the_database_is_the_rest(root):
    lose(root, range(91, 141))
    for cls, rest in ((NusWide21, LABELLED - 50 - 21), (NusWide81, IMAGES - 50 - 20)):
        dataset = cls(root)
        split = next(iter(dataset.splits().values()))()
        plan = cls.SPLITS[split.name]
        assert len(split.query) == plan.sizes.query and len(split.train) == plan.sizes.train
        assert len(split.database) == rest
        assert split.notice == (
            f"{cls.PLUGIN_NAME}, split {split.name!r}: {rest} database images in place of "
            f"{plan.sizes.database}, as photos are missing."
        )


def test_splits_need_enough_images(root, monkeypatch):
    monkeypatch.setattr(NusWide10, "SPLITS", {"dpchash": Plan(Sizes(20, 230, 200))})
    with pytest.raises(DataError, match="nuswide10, split 'dpchash': .* images are needed"):
        NusWide10(root).splits()["dpchash"]()


def test_sizes_are_the_papers_and_the_page_tells_them(monkeypatch):
    monkeypatch.undo()
    text = (Path(nuswide.__file__).parents[3] / "docs/datasets/nuswide.md").read_text()
    plans = {**NusWide21.SPLITS, **NusWide10.SPLITS, **NusWide81.SPLITS}
    assert {name: plan.sizes for name, plan in plans.items()} == {
        "deephash": Sizes(2_100, 10_500, 193_734),
        "wdht": Sizes(2_000, None, 100_000),
        "dpchash": Sizes(5_000, 5_000, 181_577),
        "hashnet": Sizes(5_000, 10_000, 218_491),
    }
    assert NusWide21.IMAGES == 269_648
    for split, plan in plans.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{split}`"))
        assert all(f"{n:,}" in row for n in (plan.sizes.query, plan.sizes.train, plan.sizes.database) if n)
    assert all(part.archive.name in text for part in NusWide21.PARTS)
    assert ", ".join(NusWide21.LABELS) in " ".join(text.split())


@pytest.mark.skipif(
    "HASHBENCH_NUSWIDE" not in os.environ,
    reason="HASHBENCH_NUSWIDE names no folder of the official archives and photos",
)
def test_the_official_archives_hold_what_papers_report(monkeypatch):
    monkeypatch.undo()
    root = Path(os.environ["HASHBENCH_NUSWIDE"])
    names = text_of(NusWide21, root)
    assert len(names) == 269_648
    assert len({path.rpartition("_")[2] for path in names}) == 269_642
    folder = NusWide21(root)._folder(NusWide21.PARTS[0]) / "AllLabels"
    every = nuswide.text_files.label_columns(folder, CONCEPTS, 269_648)
    for cls, images, labels in (
        (NusWide21, 195_834, 411_438),
        (NusWide10, 186_577, 332_189),
        (NusWide81, 209_347, 503_848),
    ):
        chosen = every[:, [CONCEPTS.index(concept) for concept in cls.LABELS]]
        assert chosen.any(axis=1).sum() == images and chosen.sum() == labels
        cls(root).ground_truth()
    chosen = every[:, [CONCEPTS.index(concept) for concept in NusWide21.LABELS]]
    chosen = chosen[chosen.any(axis=1)].astype(np.float32)
    sample = chosen[np.random.default_rng(0).choice(len(chosen), 2_000, replace=False)]
    assert abs(float((sample @ chosen.T > 0).mean()) - 0.319) < 0.01
    tags = NusWide21(root)._folder(NusWide21.PARTS[1])
    assert len((tags / "Final_Tag_List.txt").read_bytes().split()) == 5_018
    whole = range(269_648)
    vocabulary = set((tags / "TagList1k.txt").read_text(encoding="utf-8").split())
    typed = nuswide.text_files.typed_tags(tags / "All_Tags.txt", names, whole)
    listed = nuswide.text_files.listed_tags(tags / "AllTags1k.txt", tags / "TagList1k.txt", 269_648, whole)
    assert sum(map(len, listed)) == 1_559_464
    assert sum(len(vocabulary.intersection(words)) for words in typed) == 1_559_503


def text_of(cls, root):
    part = cls.PARTS[2]
    return nuswide.text_files.image_names(cls(root)._folder(part) / part.holds, cls.IMAGES)
