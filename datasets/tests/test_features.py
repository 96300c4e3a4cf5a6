"""Features come out of every form that people keep them in, and whatever is wrong is named in a line."""

import csv
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.numpy import save_file
from scipy import sparse

import scale
from hashbench import fingerprint
from hashbench.data.collection import TruthKind
from hashbench.data.split import check_disjoint_content
from hashbench.errors import DataError, LeakError
from hashbench_datasets.features import Features

RNG = np.random.default_rng(0)
IMAGES, WIDTH = 30, 5
FEATURES = RNG.standard_normal((IMAGES, WIDTH)).astype(np.float32)
WORDS = ("dog", "pier", "sea")
LABELS = RNG.random((IMAGES, 3)) < 0.5
LABELS[0] = [True, False, True]
TAGS = RNG.random((IMAGES, 3)) < 0.4
TAGGED = tuple(tuple(word for word, marked in zip(WORDS, row, strict=True) if marked) for row in TAGS)
LABELLED = tuple(tuple(word for word, marked in zip(WORDS, row, strict=True) if marked) for row in LABELS)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HASHBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path):
    """Features and labels in a folder of their own."""
    (tmp_path / "My Set").mkdir()
    np.save(tmp_path / "My Set/features.npy", FEATURES)
    np.save(tmp_path / "My Set/labels.npy", LABELS)
    return tmp_path / "My Set"


def matlab73(path, arrays):
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            if array.dtype.kind == "U":
                cells = [
                    file.create_dataset(f"#refs#/{name}{n}", data=[[ord(c)] for c in word])
                    for n, word in enumerate(array)
                ]
                file.create_dataset(
                    name, data=np.array([[cell.ref for cell in cells]], dtype=h5py.ref_dtype)
                )
                file[name].attrs["MATLAB_class"] = np.bytes_("cell")
            else:
                file[name] = array.T
    content = bytearray(path.read_bytes())
    content[:19] = b"MATLAB 7.3 MAT-file"
    path.write_bytes(content)


def parquet(path, arrays):
    columns = {
        name: pa.array(array.tolist(), pa.list_(pa.float32())) if name == "features" else array.tolist()
        for name, array in arrays.items()
    }
    pq.write_table(pa.table(columns), path, row_group_size=7)


def words73(array):
    return array.astype(object) if array.dtype.kind == "U" else array


WRITERS = {
    "npz": (".npz", lambda path, arrays: np.savez_compressed(path, **arrays)),
    "v5": (".mat", lambda path, arrays: scipy.io.savemat(path, {n: words73(a) for n, a in arrays.items()})),
    "v7.3": (".mat", matlab73),
    "parquet": (".parquet", parquet),
    "safetensors": (".safetensors", lambda path, arrays: save_file(arrays, path)),
}


@pytest.fixture(params=WRITERS)
def written(request, tmp_path):
    """Write named arrays to one file of each kind."""
    suffix, write = WRITERS[request.param]

    def call(**arrays):
        if request.param == "safetensors":
            arrays = {name: array for name, array in arrays.items() if array.dtype.kind != "U"}
        if request.param == "parquet":
            arrays = {name: array for name, array in arrays.items() if len(array) == IMAGES}
        write(tmp_path / f"file{suffix}", arrays)
        return tmp_path / f"file{suffix}"

    return call


def refused(root, what=None):
    """The one line that opening ends with."""
    with pytest.raises(DataError) as error:
        dataset = Features(root)
        dataset.images()
        dataset.ground_truth()
        dataset.splits()["test"]()
    assert "\n" not in str(error.value) and len(str(error.value)) < 500
    return str(error.value)


def test_one_file_of_every_kind(written):
    dataset = Features(
        written(features=FEATURES, labels=LABELS.astype(np.uint8), label_names=np.array(WORDS))
    )
    images, truth = dataset.images(), dataset.ground_truth()
    assert images.name == "file" and images.kind == "features of 5 dimensions"
    assert images.features.dtype == np.float32 and np.array_equal(images.features, FEATURES)
    assert images.hashes == tuple(fingerprint.of_array(row) for row in FEATURES)
    assert np.array_equal(truth.labels, LABELS) and truth.by is TruthKind.LABELS
    assert truth.names in (WORDS, ("label000", "label001", "label002"))
    assert images.tags == ((),) * IMAGES


@pytest.mark.parametrize("name", ["X", "feats", "embeddings"])
def test_features_and_labels_go_by_other_names(written, name):
    dataset = Features(written(**{name: FEATURES, "y": np.arange(IMAGES) % 4}))
    if name != "X" or dataset.root.suffix != ".parquet":  # a list of doubles there is fine, too
        assert np.array_equal(dataset.images().features, FEATURES)
    assert dataset.label_names() == ("0", "1", "2", "3")


def test_a_folder_is_named_after_itself_and_its_floats_are_mapped(folder, cache):
    images = Features(folder).images()
    assert images.name == "my-set" and images.ids[3] == "row/000003"
    assert isinstance(images.features, np.memmap) and Path(images.features.filename).parent == folder
    assert not list(cache.rglob("rows.npy")) and not images.features.flags.writeable


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.uint8])
def test_other_numbers_are_converted_once(folder, cache, dtype, monkeypatch):
    stored = (FEATURES * 20 + 100).astype(dtype)
    np.save(folder / "features.npy", stored)
    first = Features(folder).images()
    assert np.array_equal(first.features, stored.astype(np.float32))
    assert isinstance(first.features, np.memmap) and cache in Path(first.features.filename).parents
    monkeypatch.setattr("hashbench_datasets.features.rows._convert", None)
    assert Features(folder).images().fingerprint() == first.fingerprint()


def test_columns_first_in_memory_is_no_other_content(folder):
    straight = Features(folder).images()
    np.save(folder / "features.npy", np.asfortranarray(FEATURES))
    turned = Features(folder).images()
    assert turned.hashes == straight.hashes and np.array_equal(turned.features, FEATURES)


def test_other_content_of_the_same_name_is_read_again(folder):
    Features(folder).images()
    np.save(folder / "features.npy", FEATURES + 1)
    assert np.array_equal(Features(folder).images().features, FEATURES + 1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    content=arrays(
        np.float64, st.tuples(st.integers(1, 9), st.integers(1, 4)), elements=st.floats(-9, 9, width=32)
    ),
    kind=st.sampled_from(["npz", "v5", "v7.3", "safetensors"]),
    block=st.integers(1, 200),
)
def test_blocks_of_any_size_give_the_same(tmp_path, monkeypatch, content, kind, block):
    suffix, write = WRITERS[kind]
    monkeypatch.setattr("hashbench.data.array_kinds._BLOCK_BYTES", block)
    path = tmp_path / f"{fingerprint.of_array(content)}{suffix}"
    write(path, {"features": content, "labels": np.ones((len(content), 2))})
    images = Features(path).images()
    assert np.array_equal(images.features, content.astype(np.float32))
    assert Features(path).ground_truth().labels.shape == (len(content), 2)


CLASSES = np.arange(IMAGES) % 4 - 1
NAMED = np.array(["", "cat", "dog", "sea"])[CLASSES + 1]


@pytest.mark.parametrize("classes", [CLASSES, CLASSES.astype(float), CLASSES[:, None], NAMED])
def test_classes_as_numbers_or_words(folder, classes):
    np.save(folder / "labels.npy", classes)
    truth = Features(folder).ground_truth()
    assert truth.names == (("cat", "dog", "sea") if classes is NAMED else ("0", "1", "2"))
    assert np.array_equal(truth.labels, CLASSES[:, None] == np.arange(3)[None])


def test_classes_in_a_row_of_matlab_with_their_names(folder):
    (folder / "labels.npy").unlink()
    scipy.io.savemat(folder / "labels.mat", {"labels": CLASSES[None]})
    (folder / "label_names.txt").write_text("cat\ndog\nsea\nlake\n")
    truth = Features(folder).ground_truth()
    assert truth.names == ("cat", "dog", "sea", "lake")
    assert np.array_equal(truth.labels, CLASSES[:, None] == np.arange(4)[None])


def test_sparse_labels_and_tags_with_a_vocabulary(folder):
    (folder / "labels.npy").unlink()
    sparse.save_npz(folder / "labels.npz", sparse.csc_array(LABELS))
    sparse.save_npz(folder / "tags.npz", sparse.coo_array(TAGS.astype(np.float32)))
    (folder / "vocabulary.txt").write_text("".join(f"{word}\n" for word in WORDS))
    dataset = Features(folder)
    assert np.array_equal(dataset.ground_truth().labels, LABELS)
    assert dataset.images().tags == TAGGED


@pytest.mark.parametrize("between", ["\t", ","])
def test_tags_a_line_an_image(folder, between):
    lines = (between.join(f" {word} " for word in row) for row in TAGGED)
    (folder / "tags.txt").write_text("".join(f"{line}\r\n" for line in lines), newline="")
    assert Features(folder).images().tags == TAGGED


def test_tags_with_commas_in_csv(folder):
    with (folder / "tags.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([*row, "sun, and rain"] for row in TAGGED)
    assert Features(folder).images().tags == tuple((*row, "sun, and rain") for row in TAGGED)


def test_lists_of_words_in_parquet(tmp_path):
    columns = {
        "embeddings": pa.array(FEATURES.astype(np.float16).tolist(), pa.list_(pa.float16(), WIDTH)),
        "labels": [list(row) for row in LABELLED],
        "tags": [list(row) or None for row in TAGGED],
        "ids": pa.array([f"im{n}.jpg" for n in range(IMAGES)]).dictionary_encode(),
        "split": ["query"] * 3 + ["database"] * (IMAGES - 8) + ["train"] * 4 + [None],
    }
    pq.write_table(pa.table(columns), tmp_path / "all.parquet")
    dataset = Features(tmp_path / "all.parquet")
    images, split = dataset.images(), dataset.splits()["test"]()
    assert images.tags == TAGGED and images.ids[4] == "im4.jpg"
    assert np.array_equal(dataset.ground_truth().labels, LABELS)
    assert split.query.tolist() == [0, 1, 2] and split.train.tolist() == [25, 26, 27, 28]
    assert split.database.tolist() == list(range(3, 29))


def test_without_labels_tags_are_held_out(folder):
    (folder / "labels.npy").unlink()
    assert "holds neither labels nor tags" in refused(folder)
    many = np.random.default_rng(1).random((400, 9)) < 0.1
    np.save(folder / "features.npy", np.random.default_rng(2).random((400, 4)))
    words = ("dog", "pier", "sea", "lawn", "tulip", "castle", "violin", "bread", "glacier")
    (folder / "tags.txt").write_text(
        "".join(",".join(w for w, m in zip(words, row, strict=True) if m) + "\n" for row in many)
    )
    dataset = Features(folder)
    truth = dataset.ground_truth()
    assert truth.by is TruthKind.HELD_OUT_TAGS and set(truth.names) < set(words)
    assert not {tag for tags in dataset.images().tags for tag in tags} & set(truth.names)


def test_a_drawn_split_has_no_copies_for_queries(folder):
    copied = FEATURES[np.arange(IMAGES) % 20]
    np.save(folder / "features.npy", copied)
    LABELS_AND_NONE = np.array(LABELS)
    LABELS_AND_NONE[15] = False
    np.save(folder / "labels.npy", LABELS_AND_NONE)
    dataset = Features(folder)
    split = dataset.splits()["test"]()
    check_disjoint_content(split, dataset.images())
    assert len(split.query) == LABELS_AND_NONE.any(axis=1).sum() // 10
    assert set(split.query) <= set(range(10, 20)) - {15} and 15 not in split.database
    assert np.array_equal(split.query, Features(folder).splits()["test"]().query)


@pytest.mark.parametrize(
    "values", [[0, 1, 2, -1], ["Query", "database", "train ", ""], ["0", "1", "2", "-1"]]
)
def test_a_split_by_part(folder, values):
    np.save(folder / "split.npy", np.array(values)[np.arange(IMAGES) % 4])
    split = Features(folder).splits()["test"]()
    assert split.query.tolist() == list(range(0, IMAGES, 4))
    assert split.train.tolist() == list(range(2, IMAGES, 4))
    assert split.database.tolist() == [n for n in range(IMAGES) if n % 4 in (1, 2)]


@pytest.mark.parametrize("name", ["indices", "idx"])
def test_a_split_by_indices(written, name):
    parts = {f"query_{name}": np.array([3, 1]), f"db_{name}": np.arange(4, IMAGES)}
    path = written(features=FEATURES, labels=LABELS.astype(np.uint8), **parts)
    if path.suffix == ".parquet":  # whose columns are of one length
        return
    split = Features(path).splits()["test"]()
    assert split.query.tolist() == [3, 1] and split.train.tolist() == list(range(4, IMAGES))


@pytest.mark.parametrize("letters", [True, False])
def test_parts_apart_and_training_rows_of_the_database(tmp_path, letters):
    rows = {"query": range(4), "database": range(4, 24), "train": [*range(20, 30), 29]}
    endings, names = (
        {"query": "te", "database": "db", "train": "tr"},
        {"features": "I", "labels": "L", "tags": "T"},
    )
    content = {"features": FEATURES, "labels": LABELS.astype(float), "tags": TAGS.astype(np.uint8)}
    arrays = {
        f"{names[thing]}_{endings[part]}" if letters else f"{part}_{thing}": array[list(rows[part])]
        for part in rows
        for thing, array in content.items()
    }
    scipy.io.savemat(tmp_path / "sides.mat", {**arrays, "tag_names": np.array(WORDS, dtype=object)})
    dataset = Features(tmp_path / "sides.mat")
    images, split = dataset.images(), dataset.splits()["test"]()
    assert np.array_equal(images.features, FEATURES) and images.tags == TAGGED
    assert np.array_equal(dataset.ground_truth().labels, LABELS)
    assert split.query.tolist() == list(range(4)) and split.database.tolist() == list(range(4, 24))
    assert split.train.tolist() == list(range(20, 30))
    assert images.ids[0] == "query/000000" and images.ids[24] == "train/000004"


def test_a_published_query_with_a_copy_is_refused(folder):
    np.save(folder / "features.npy", FEATURES[np.arange(IMAGES) % 29])
    np.savez(folder / "query_indices.npz", [0])
    np.savez(folder / "database_indices.npz", np.arange(1, IMAGES))
    dataset = Features(folder)
    with pytest.raises(LeakError, match="my-set, split 'test': .*the same content as .*row/000029"):
        check_disjoint_content(dataset.splits()["test"](), dataset.images())


ROW = np.arange(IMAGES)[:, None]
BAD = {
    "no features": ("features", None, "holds labels.npy. Expected a folder with features and labels"),
    "objects": ("features", np.array([{}] * IMAGES), "features.npy' cannot be read .*Python objects"),
    "words": (
        "features",
        np.array([["a"]] * IMAGES),
        r"holds <U1 \(30, 1\). Expected float16",
    ),
    "a vector": ("features", FEATURES[:, 0], r"holds float32 \(30,\). Expected float16, float32"),
    "complex": ("features", FEATURES + 1j, "holds complex64"),
    "long integers": ("features", np.ones((IMAGES, 2), int), "holds int64"),
    "no width": ("features", FEATURES[:, :0], "has 0 numbers a row. Expected one or more"),
    "no rows": ("features", FEATURES[:0], "features.npy' holds no row"),
    "nan": (
        "features",
        np.where(np.arange(IMAGES)[:, None] == 7, np.nan, FEATURES),
        "row 7 .*holds nan. Expected finite",
    ),
    "too large": (
        "features",
        np.where(np.arange(IMAGES)[:, None] == 8, 1e300, FEATURES.astype(float)),
        r"row 8 .*holds 1e\+300",
    ),
    "fewer": ("labels", LABELS[:-1], "labels.npy' has 29 rows, the features have 30. Expected as many"),
    "counts": ("labels", LABELS * 2, "row 0 .*holds 2. Expected 0 or 1"),
    "half": ("labels", np.arange(IMAGES) / 2, "row 1 .*holds 0.5. Expected the number of a class"),
    "nan class": ("labels", np.full(IMAGES, np.nan), "row 0 .*holds nan. Expected the number of a class"),
    "deep": ("labels", np.ones((IMAGES, 2, 2)), "labels.npy' is float64 of 3 axes"),
    "dates": ("labels", np.zeros(IMAGES, "M8[s]"), "labels.npy' is datetime64.* Expected words"),
    "no names": (
        "tags",
        TAGS,
        "tags.npy' has 3 columns without names. Expected tag_names, or voc",
    ),
    "numbers": ("tags", CLASSES, "tags.npy' holds a number an image. Expected words"),
    "long word": ("tags", np.array(["a" * 1001] * IMAGES), "holds a word of more than 1,000 characters"),
    "few names": ("label_names", np.array(WORDS[:2]), "labels.npy' has 3 columns. Expected 2, one a name"),
    "empty name": ("label_names", np.array(["a", "", "b"]), "row 1 .*holds 0 names. Expected one"),
    "few ids": ("ids", np.array(WORDS), "ids.npy' has 3 rows, the features have 30"),
    "equal ids": ("ids", np.array(["a"] * IMAGES), "image ids are not unique"),
    "split": ("split", np.arange(IMAGES), "split.npy': row 3 .*holds '3'. Expected query, database, train"),
    "short split": ("split", np.arange(2), "split.npy' has 2 rows, the features have 30"),
    "no query": ("split", np.ones(IMAGES, int), "part 'query' holds no image"),
    "one side": ("query_indices", np.arange(2), "holds no database_indices"),
    "a part": ("query_features", FEATURES, "holds features of all, query images. Expected features, or"),
    "part's labels": ("query_labels", LABELS, "holds labels of other parts than features"),
}


@pytest.mark.parametrize(("name", "array", "message"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_in_a_line(folder, name, array, message):
    if array is None:
        (folder / f"{name}.npy").unlink()
    else:
        np.save(folder / f"{name}.npy", array)
    with pytest.raises(DataError, match=message):
        raise DataError(refused(folder))


@pytest.mark.parametrize("index", [[-1], [IMAGES], [0.5]])
def test_indices_are_of_images(folder, index):
    np.save(folder / "query_indices.npy", index)
    np.save(folder / "database_indices.npy", np.arange(5))
    assert "Expected rows of images, 0 to 29" in refused(folder)
    np.save(folder / "split.npy", np.arange(IMAGES) % 3)
    assert "holds more than one split" in refused(folder)


def test_two_files_of_one_thing(folder):
    np.savez(folder / "embeddings.npz", FEATURES)
    message = refused(folder)
    assert "features may be any of" in message and "Expected one of them" in message


def test_a_file_of_several_arrays_in_a_folder(folder):
    np.savez(folder / "tags.npz", a=TAGS, b=TAGS)
    assert "tags.npz' holds a, b. Expected one array, or one of name tags" in refused(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00", "cannot be read ('utf-8' codec"),
        (b"a" * (1 << 21), "has a line of more than 1,048,576 characters"),
        (b"dog\n" * 29, "has 29 rows, the features have 30"),
    ],
)
@pytest.mark.parametrize("suffix", [".txt", ".csv"])
def test_broken_text(folder, content, message, suffix):
    (folder / f"tags{suffix}").write_bytes(content)
    assert message in refused(folder)


def test_a_file_that_is_no_data(tmp_path):
    assert "there is no such file" in refused(tmp_path / "nowhere.npz")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    assert "of unknown kind. Expected .npy, .npz, .mat, .parquet, .safetensors" in refused(
        tmp_path / "photo.jpg"
    )
    assert "name your file or folder with --data-root" in refused(None)
    assert "no file of a known kind" in refused(tmp_path)


def test_truncated_files_leave_nothing_behind(written, cache):
    path = written(features=np.random.default_rng(0).random((IMAGES, 400)), labels=LABELS.astype(np.uint8))
    whole = path.read_bytes()
    for share in (0.2, 0.6, 0.95):
        path.write_bytes(whole[: int(share * len(whole))])
        assert "cannot be read" in refused(path)
    assert not list((cache / "datasets").rglob("*.npy")) if (cache / "datasets").exists() else True


@pytest.mark.parametrize(
    "column",
    [
        pa.array([{"a": 1.0}] * IMAGES),
        pa.array([[[1.0], [2.0]]] * IMAGES),
        pa.array([[1.0]] * 29 + [[1.0, 2.0]]),
        pa.array([[1.0]] * 29 + [None]),
        pa.array([[1.0, None]] * IMAGES),
        pa.array([b"raw"] * IMAGES),
        pa.nulls(IMAGES),
    ],
    ids=lambda column: str(column.type),
)
def test_columns_of_other_types(tmp_path, column):
    pq.write_table(pa.table({"features": column, "labels": ["a"] * IMAGES}), tmp_path / "odd.parquet")
    assert "'features'" in refused(tmp_path / "odd.parquet")


def test_huge_shapes_take_no_memory(tmp_path):
    def header(stream, shape):
        np.lib.format.write_array_header_1_0(
            stream, {"descr": "<f4", "fortran_order": False, "shape": shape}
        )

    with (tmp_path / "features.npy").open("wb") as stream:
        header(stream, (10**9, 10**4))
    np.save(tmp_path / "labels.npy", LABELS)
    assert "features.npy' cannot be read" in refused(tmp_path)
    with h5py.File(tmp_path / "features.mat", "w") as file:
        file.create_dataset("features", (10**6, 10**9), np.float32, chunks=(100, 100))
    assert "claims 4,000,000,000,000,000 bytes, in a file of" in refused(tmp_path / "features.mat")


def test_other_files_are_not_followed(tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["features"] = FEATURES.T
    with h5py.File(tmp_path / "file.mat", "w") as file:
        file["features"] = h5py.ExternalLink("secret.h5", "/features")
    assert "'features' is a link. Expected an array in the file itself" in refused(tmp_path / "file.mat")


LIMITED = """
import resource, sys
from pathlib import Path
import h5py, scipy.sparse, pyarrow.parquet, safetensors
from hashbench.data.split import check_disjoint_content
from hashbench_datasets.features import Features

held = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmData"))
limit = 1024 * held + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
dataset = Features(Path(sys.argv[1]))
images, split = dataset.images(), dataset.splits()["test"]()
check_disjoint_content(split, images)
print(len(images), len(split.query), sum(map(len, images.tags)), dataset.ground_truth().labels.sum())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and a limit on a process's data")
@pytest.mark.slow
def test_memory_is_far_below_what_the_arrays_are(tmp_path):
    scale.make(tmp_path / "made", 20_000, 64, 1_000, 50)
    tags, labels = (sparse.load_npz(tmp_path / f"made/{name}.npz") for name in ("tags", "labels"))
    arrays = {
        "features": np.load(tmp_path / "made/features.npy").astype(float),
        "labels": labels.toarray().astype(np.uint8),
        "tags": tags.toarray().astype(float),
        "tag_names": np.array((tmp_path / "made/vocabulary.txt").read_text().split()),
    }
    np.savez_compressed(tmp_path / "large.npz", **arrays)
    room = arrays["tags"].nbytes * 3 // 4
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "large.npz"), str(room)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["20000", "2000", str(tags.nnz), str(labels.sum())]
