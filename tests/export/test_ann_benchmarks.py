"""Files of ann-benchmarks: their neighbours are right by that suite's own distances."""

import h5py
import numpy as np
import pytest
from made_codes import ITEMS, QUERIES, WIDTH, codes_of_kind, naive_distances, stored_run, stored_set

from hashbench.errors import ConfigError, DataError
from hashbench.export import ann_benchmarks
from hashbench.export.ann_benchmarks import write_ann_benchmarks
from hashbench.export.source import source_of

# As ann_benchmarks/distance.py defines them.
METRICS = {
    "hamming": lambda a, b: np.mean(a ^ b),
    "euclidean": lambda a, b: np.linalg.norm(a.astype(np.float64) - b),
    "angular": lambda a, b: 1 - a.astype(np.float64) @ b / (np.linalg.norm(a) * np.linalg.norm(b)),
}
KINDS = {
    "binary": ("hamming", 24),
    "additive-inner": ("angular", WIDTH + 1),
    "additive": ("euclidean", WIDTH),
    "product": ("euclidean", WIDTH),
    "float-inner": ("angular", WIDTH + 1),
    "scalar": ("euclidean", WIDTH),
}


@pytest.mark.parametrize("kind", KINDS)
def test_neighbours_are_right_by_the_files_own_distance(tmp_path, kind):
    source = source_of(stored_run(tmp_path / "runs", kind))
    exported = write_ann_benchmarks(source, tmp_path / "x.hdf5", 100)
    assert "20 found anew in the file" in exported.check
    distance, width = KINDS[kind]
    with h5py.File(tmp_path / "x.hdf5") as file:
        attributes = dict(file.attrs)
        train, test, near, far = (file[name][:] for name in ("train", "test", "neighbors", "distances"))
        names = [name.decode() for name in file["train_ids"][:]]
        queries = [name.decode() for name in file["test_ids"][:]]
    assert attributes["type"] == "dense" and attributes["distance"] == distance
    assert attributes["dimension"] == width == train.shape[1] == test.shape[1]
    assert attributes["point_type"] == ("bit" if kind == "binary" else "float")
    assert train.dtype == test.dtype == (np.bool_ if kind == "binary" else np.float32)
    assert near.shape == far.shape == (QUERIES, 100) and near.dtype == np.int32 and far.dtype == np.float32
    assert len(names) == ITEMS and queries == source.query_names
    for query in (0, 21, 39):
        true = np.array([METRICS[distance](test[query], point) for point in train])
        assert np.allclose(true[near[query]], far[query], atol=1e-5)
        assert np.allclose(np.sort(true)[:100], far[query], atol=1e-5)
        assert (np.diff(far[query]) >= 0).all()


def test_angles_are_in_the_order_of_inner_products(tmp_path):
    source = source_of(stored_run(tmp_path / "runs", "additive-inner"))
    write_ann_benchmarks(source, tmp_path / "x.hdf5", 60)
    products = naive_distances(*codes_of_kind("additive-inner"))
    with h5py.File(tmp_path / "x.hdf5") as file:
        near, train, test = file["neighbors"][:], file["train"][:], file["test"][:]
    assert np.allclose(np.linalg.norm(train, axis=1), np.linalg.norm(train[0]), rtol=1e-6)
    assert not test[:, -1].any()
    found = np.take_along_axis(products, near.astype(int), axis=1)
    assert np.allclose(found, np.sort(products, axis=1)[:, :60], atol=1e-5)


def test_a_set_in_shards_gives_the_same_neighbours(tmp_path, monkeypatch):
    monkeypatch.setattr(ann_benchmarks, "_ROWS", 100)
    folder = stored_run(tmp_path / "runs", "additive-inner")
    stored_set(tmp_path / "set", codes_of_kind("additive-inner")[1], folder.name)
    for name, source in (("one", source_of(folder)), ("other", source_of(folder, tmp_path / "set"))):
        write_ann_benchmarks(source, tmp_path / name, 10)
    with h5py.File(tmp_path / "one") as one, h5py.File(tmp_path / "other") as other:
        for array in ("train", "test", "neighbors"):
            assert np.array_equal(one[array][:], other[array][:])


def test_a_zero_query_and_items_that_are_all_zero_have_distances():
    points = np.zeros((3, 4), dtype=np.float32)
    assert ann_benchmarks._distances("inner_product", points[0], points).tolist() == [1, 1, 1]


@pytest.mark.parametrize("count", [0, ITEMS + 1])
def test_no_more_neighbours_than_items(tmp_path, count):
    source = source_of(stored_run(tmp_path / "runs", "binary"))
    with pytest.raises(ConfigError, match=f"Expected 1 to {ITEMS}"):
        write_ann_benchmarks(source, tmp_path / "x", count)


def test_codes_with_factors_are_refused(tmp_path):
    source = source_of(stored_run(tmp_path / "runs", "scalar-factors"))
    with pytest.raises(ConfigError, match="factors for each item"):
        write_ann_benchmarks(source, tmp_path / "x", 10)


def test_nothing_is_written_over(tmp_path):
    source = source_of(stored_run(tmp_path / "runs", "binary"))
    (tmp_path / "x").write_text("mine")
    with pytest.raises(ConfigError, match="x' already exists"):
        write_ann_benchmarks(source, tmp_path / "x", 10)


def test_vectors_that_the_neighbours_are_not_those_of_are_not_kept(tmp_path, monkeypatch):
    source = source_of(stored_run(tmp_path / "runs", "additive"))
    points = ann_benchmarks._points
    monkeypatch.setattr(ann_benchmarks, "_points", lambda codes, radius: -points(codes, radius))
    with pytest.raises(DataError, match="not the nearest of the vectors in the file"):
        write_ann_benchmarks(source, tmp_path / "out" / "x", 10)
    assert not list((tmp_path / "out").iterdir())
