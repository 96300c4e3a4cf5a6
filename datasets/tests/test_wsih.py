"""The WSIH authors' files are read as they are laid out, and malformed ones are refused by name."""

import json

import h5py
import numpy as np
import pytest
from scipy.io import savemat
from scipy.sparse import csc_matrix

from hashbench import fingerprint
from hashbench.data.collection import FeatureCollection
from hashbench.data.dataset import Dataset
from hashbench.errors import DataError, LeakError
from hashbench.plugins import Plugins
from hashbench.runs.data import Opener
from hashbench_datasets.wsih import WsihCoco, WsihNus21

WIDTH = 12
ENDINGS = {"train": "tr", "test": "te", "retrieval": "db"}
# Dataset class, folder, web set and number of concepts.
KINDS = [(WsihCoco, "coco", "coco80_web", 80), (WsihNus21, "nus21", "nus21_web", 21)]
NUS = ["nus21/mat/train.mat", "nus21/mat/test.mat", "nus21/mat/retrieval.mat", "web/nus21_web.mat"]


def rows(concepts, each, seed):
    """Float32 features near one point a concept, and one-hot labels."""
    points = np.random.default_rng(0).normal(size=(concepts, WIDTH)) * 10
    found_by = np.tile(np.arange(concepts), each)
    noise = np.random.default_rng(seed).normal(size=(concepts * each, WIDTH))
    return (points[found_by] + noise).astype(np.float32), np.eye(concepts, dtype=np.uint8)[found_by]


def write(path, **arrays):
    """A file as MATLAB 7.3 stores it: HDF5 with the axes reversed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = np.asarray(array).T


def write_all(root, folder, web, concepts):
    """Every file of a data set. Each second training row is a database row; the others are not."""
    database, labels = rows(concepts, 6, 1)
    other, other_labels = rows(concepts, 2, 2)
    train = np.empty((concepts * 4, WIDTH), dtype=np.float32)
    train_labels = np.empty((concepts * 4, concepts), dtype=np.uint8)
    train[::2], train_labels[::2] = database[::-1][: concepts * 2], labels[::-1][: concepts * 2]
    train[1::2], train_labels[1::2] = other, other_labels
    files = {
        "test": rows(concepts, 3, 3),
        "retrieval": (database, labels),
        "train": (train, train_labels),
    }
    for name, (features, marks) in files.items():
        ending = ENDINGS[name]
        write(root / folder / "mat" / f"{name}.mat", **{f"I_{ending}": features, f"L_{ending}": marks})
    features, marks = rows(concepts, 3, 4)
    write(root / "web" / f"{web}.mat", I_tr=features, L_tr=marks)


def edit(path, change):
    """Replace the arrays of a file by what `change` makes of them."""
    with h5py.File(path) as file:
        arrays = {name: file[name][()].T.copy() for name in file}
    write(path, **change(arrays))


@pytest.fixture
def root(tmp_path):
    """A folder with the files of both data sets."""
    for _, *layout in KINDS:
        write_all(tmp_path, *layout)
    return tmp_path


@pytest.fixture
def nus(root):
    return WsihNus21(root)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path_factory):
    """An empty cache, and room for wide lines."""
    monkeypatch.setenv("HASHBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("COLUMNS", "240")


def stored(root, name, array):
    with h5py.File(root / name) as file:
        return file[array][()].T


@pytest.mark.parametrize(("cls", "folder", "web", "concepts"), KINDS)
def test_the_collection_is_queries_then_database_then_other_training_rows(root, cls, folder, web, concepts):
    dataset = cls(root)
    images, truth = dataset.images(), dataset.ground_truth()
    assert isinstance(images, FeatureCollection)
    assert (len(images), images.features.dtype) == (concepts * 11, np.float32)
    ids = [images.ids[place] for place in (0, concepts * 3, concepts * 9, -1)]
    assert ids == ["query/00000", "database/00000", "train/00001", f"train/{concepts * 4 - 1:05d}"]
    for array, found in (("I", images.features), ("L", truth.labels)):
        parts = [
            stored(root, f"{folder}/mat/test.mat", f"{array}_te"),
            stored(root, f"{folder}/mat/retrieval.mat", f"{array}_db"),
            stored(root, f"{folder}/mat/train.mat", f"{array}_tr")[1::2],
        ]
        np.testing.assert_array_equal(found, np.concatenate(parts))
    assert images.hashes[5] == fingerprint.of_array(images.features[5])
    assert set(images.tags) == {()}
    assert truth.labels.dtype == np.bool_
    assert truth.names == dataset.label_names()
    assert (len(truth.names), truth.names[-1]) == (concepts, f"concept{concepts - 1}")


def test_training_rows_of_the_database_are_the_database_rows(nus):
    split = nus.splits()["test"]()
    np.testing.assert_array_equal(split.query, np.arange(63))
    np.testing.assert_array_equal(split.database, np.arange(63, 189))
    # The last 42 database rows, and the 42 rows that the database does not hold.
    np.testing.assert_array_equal(split.train, np.arange(189 - 42, 189 + 42))


def test_training_rows_that_are_there_twice_count_once(root):
    train = root / "nus21/mat/train.mat"
    edit(train, lambda arrays: {name: np.concatenate([a, a]) for name, a in arrays.items()})
    dataset = WsihNus21(root)
    assert len(dataset.images()) == 231
    np.testing.assert_array_equal(dataset.splits()["test"]().train, np.arange(147, 231))


def test_database_rows_that_are_there_twice_are_learnt_from_once(root):
    database = root / "nus21/mat/retrieval.mat"
    edit(database, lambda arrays: {name: np.concatenate([a, a]) for name, a in arrays.items()})
    dataset = WsihNus21(root)
    assert len(dataset.splits()["test"]().database) == 252
    np.testing.assert_array_equal(dataset.splits()["test"]().train, [*range(147, 189), *range(315, 357)])


def test_all_training_rows_may_be_in_the_database(root):
    train = root / "nus21/mat/train.mat"
    edit(train, lambda arrays: {name: a[::2] for name, a in arrays.items()})
    dataset = WsihNus21(root)
    assert len(dataset.images()) == 189
    np.testing.assert_array_equal(dataset.splits()["test"]().train, np.arange(147, 189))


@pytest.mark.parametrize(("cls", "folder", "web", "concepts"), KINDS)
def test_the_web_set_tells_what_each_image_was_searched_for(root, cls, folder, web, concepts):
    dataset = cls(root)
    assert list(dataset.web_sets()) == [web]
    found = dataset.web_sets()[web]()
    assert found.images.name == web
    assert found.concepts == dataset.label_names()
    np.testing.assert_array_equal(found.found_by, np.tile(np.arange(concepts), 3))
    np.testing.assert_array_equal(found.images.features, stored(root, f"web/{web}.mat", "I_tr"))
    assert Opener(Plugins()).open(cls.PLUGIN_NAME, "test", root).web_set(None).images.name == web


def test_each_file_is_read_once(nus):
    images, web = nus.images(), nus.web_sets()["nus21_web"]()
    for name in NUS:
        (nus.root / name).unlink()
    assert nus.images() is images
    assert nus.web_sets()["nus21_web"]() is web
    assert len(nus.splits()["test"]().query) + len(nus.ground_truth().labels) == 63 + 231
    with pytest.raises(ValueError, match="read-only"):
        images.features[0] = 0


def test_arrays_of_older_files_doubles_sparse_labels_and_other_arrays_are_read(root, nus):
    path = root / "nus21/mat/test.mat"
    features, labels = stored(root, NUS[1], "I_te"), stored(root, NUS[1], "L_te")
    before = nus.images().fingerprint(), nus.ground_truth().fingerprint()
    savemat(
        path, {"I_te": features.astype(float), "L_te": csc_matrix(labels.astype(float)), "other": "words"}
    )
    dataset = WsihNus21(root)
    assert (dataset.images().fingerprint(), dataset.ground_truth().fingerprint()) == before


def changed(name, edited):
    """A change of one array."""
    return lambda arrays: {**arrays, name: edited(arrays[name])}


def put(value, *place):
    """A change of one value of an array of doubles."""

    def edited(array):
        array = array.astype(float)
        array[place] = value
        return array

    return edited


MALFORMED = {
    "concepts": ("test", "L_te", lambda a: a[:, :20], "L_te has 20 columns. Expected 21"),
    "rows": ("retrieval", "L_db", lambda a: a[:-1], "I_db has 126 rows, L_db 125. Expected as many"),
    "widths": ("train", "I_tr", lambda a: a[:, :9], "features of 9 dimensions, .*test.mat' of 12"),
    "NaN": ("train", "I_tr", put(np.nan, 7, 3), r"row 7 of I_tr \(.*\) holds nan. Expected finite"),
    "overflow": ("test", "I_te", put(1e300, 2, 0), r"row 2 of I_te \(.*\) holds inf. Expected finite"),
    "label": ("test", "L_te", put(2, 4, 5), r"row 4 of L_te \(.*\) holds 2. Expected 0 or 1"),
    "NaN label": ("test", "L_te", put(np.nan, 4, 5), "row 4 of L_te .* holds nan. Expected 0 or 1"),
    "axes": ("test", "I_te", lambda a: a[:, 0], r"I_te is float32 \(63,\). Expected numbers"),
    "no rows": ("train", "I_tr", lambda a: a[:0], r"I_tr is float32 \(0, 12\). Expected numbers"),
    "words": ("test", "I_te", lambda a: np.array([[b"word"]]), r"I_te is \|S4 \(1, 1\). Expected numbers"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_arrays_are_refused_by_name(root, case):
    file, array, edited, message = MALFORMED[case]
    edit(root / f"nus21/mat/{file}.mat", changed(array, edited))
    with pytest.raises(DataError, match=f"{file}.mat'.* {message}"):
        WsihNus21(root).images()


def test_an_array_that_is_missing_is_named(root):
    write(root / "nus21/mat/test.mat", I_tr=np.ones((3, WIDTH)), L_tr=np.ones((3, 21)))
    with pytest.raises(DataError, match=r"test.mat' holds I_tr, L_tr. Expected I_te and L_te"):
        WsihNus21(root).images()


def use(dataset):
    dataset.images()
    dataset.web_sets()["nus21_web"]()


@pytest.mark.parametrize("name", NUS)
def test_a_missing_file_is_named_with_the_layout(root, name):
    (root / name).unlink()
    with pytest.raises(DataError) as error:
        use(WsihNus21(root))
    assert f"there is no file {str(root / name)!r}. Expected below the folder: " in str(error.value)
    assert all(expected in str(error.value) for expected in NUS)


@pytest.mark.parametrize("name", NUS)
def test_a_damaged_file_is_named(root, name):
    (root / name).write_bytes(b"nothing of the kind")
    with pytest.raises(DataError, match=name):
        use(WsihNus21(root))


@pytest.mark.parametrize(("cls", "folder", "web", "concepts"), KINDS)
def test_without_a_folder_the_layout_is_told(cls, folder, web, concepts):
    assert issubclass(cls, Dataset)
    assert len(cls().label_names()) == concepts
    message = rf"--data-root\. .*{folder}/mat/test\.mat \(I_te, L_te\), .*web/{web}\.mat \(I_tr, L_tr\)\.$"
    with pytest.raises(DataError, match=message):
        cls().images()
    with pytest.raises(DataError, match=message):
        cls().web_sets()[web]()


@pytest.mark.parametrize(("value", "count"), [(0, 0), (1, 2)])
def test_web_rows_that_are_not_one_hot_are_refused(root, value, count):
    place = (5, 5) if value == 0 else (5, 6)
    edit(root / "web/nus21_web.mat", changed("L_tr", put(value, *place)))
    message = rf"nus21_web.mat': row 5 of L_tr \(.*\) names {count} concepts. Expected one"
    with pytest.raises(DataError, match=message):
        WsihNus21(root).web_sets()["nus21_web"]()


def test_web_features_of_another_network_are_refused(root):
    edit(root / "web/nus21_web.mat", changed("I_tr", lambda a: a[:, :9]))
    with pytest.raises(DataError, match="'nus21_web' holds features of 9 dimensions"):
        Opener(Plugins()).open("wsih-nus21", "test", root).web_set(None)


def test_a_web_row_that_is_a_query_is_refused(root):
    query = stored(root, NUS[1], "I_te")[4]
    edit(root / "web/nus21_web.mat", changed("I_tr", put(query, 9)))
    with pytest.raises(LeakError, match="image 'web/00009' has the same content as image 'query/00004'"):
        Opener(Plugins()).open("wsih-nus21", "test", root).web_set(None)


@pytest.mark.parametrize(("name", "array"), [("retrieval", "I_db"), ("train", "I_tr")])
def test_a_query_that_is_learnt_from_is_told_of(root, name, array):
    query = stored(root, NUS[1], "I_te")[4]
    edit(root / f"nus21/mat/{name}.mat", changed(array, put(query, 9)))
    (notice,) = Opener(Plugins()).open("wsih-nus21", "test", root).notices
    assert "1 of" in notice and "'query/00004' and '" in notice
    assert notice.endswith("for one, as published by the authors of WSIH, MM 2022.")


def test_a_run_from_the_command_line(root, cli, tmp_path_factory):
    runs = tmp_path_factory.mktemp("store") / "runs"
    run = ["run", "--method", "lsh", "--bits", "16", "--dataset", "wsih-nus21", "--data-root", root]
    status, out, err = cli(*run, "--runs", runs, "--format", "json")
    assert status in (0, None), err
    (record,) = json.loads(out)
    assert record["metrics"]["map@all"] > 4 * record["metrics"]["chance"]
    status, out, err = cli("leaderboard", "--runs", runs, "--metrics", "wsih")
    assert status in (0, None), err
    assert "map@1000" in out.lower()


def test_a_backbone_is_refused_in_one_line(root, cli, tmp_path):
    run = ["run", "--method", "lsh", "--bits", "16", "--dataset", "wsih-nus21", "--data-root", root]
    status, out, err = cli(*run, "--backbone", "efficientnet_lite0", "--runs", tmp_path / "runs")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "'wsih-nus21' holds features of 12 dimensions. Expected neither --backbone nor" in err


def test_a_run_without_the_files_is_refused_in_one_line(cli, tmp_path):
    run = ["run", "--method", "lsh", "--bits", "16", "--dataset", "wsih-coco", "--runs", tmp_path]
    status, _, err = cli(*run)
    assert status == 2
    assert err.count("\n") == 1
    assert "wsih-coco cannot be downloaded." in err
