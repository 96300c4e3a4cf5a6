"""FAISS indexes of our codes: the same neighbours, and no byte an item more than the code has."""

import json

import faiss
import numpy as np
import pytest
from made_codes import BOOKS, ITEMS, codes_of_kind, naive_distances, stored_run, stored_set

from hashbench.errors import ConfigError, DataError, UnknownNameError
from hashbench.export import faiss_index
from hashbench.export.faiss_index import product_codebooks, write_faiss
from hashbench.export.source import source_of
from hashbench.runs.measure import peak_memory

INDEXES = {
    "binary": ("IndexBinaryFlat", 3),
    "additive-inner": ("IndexLocalSearchQuantizer", BOOKS),
    "additive": ("IndexLocalSearchQuantizer", BOOKS),
    "additive-few-inner": ("IndexLocalSearchQuantizer", BOOKS),
    "product": ("IndexPQ", BOOKS),
    "product-inner": ("IndexPQ", BOOKS),
    "product-few": ("IndexPQ", BOOKS),
    "float": ("IndexFlat", 48),
    "float-inner": ("IndexFlat", 48),
    "scalar": ("IndexScalarQuantizer", 12),
    "scalar-inner": ("IndexScalarQuantizer", 12),
}


@pytest.mark.parametrize("kind", INDEXES)
def test_an_index_finds_the_nearest_and_keeps_the_codes_size(tmp_path, kind):
    source = source_of(stored_run(tmp_path / "runs", kind))
    exported = write_faiss(source, tmp_path / "x.faiss")
    binary = kind == "binary"
    index = (faiss.read_index_binary if binary else faiss.read_index)(str(tmp_path / "x.faiss"))
    query, database, embeddings = codes_of_kind(kind)
    queries = query.packed if binary else query.values if kind.startswith("float") else embeddings
    _, found = index.search(queries, 100)
    distances = naive_distances(query, database, embeddings)
    true = np.sort(distances, axis=1)[:, :100]
    assert np.allclose(np.sort(np.take_along_axis(distances, found, axis=1), axis=1), true, atol=1e-4)
    name, size = INDEXES[kind]
    about = json.loads((tmp_path / "x.faiss.json").read_text())
    assert (
        about["index"]
        == name
        == type(index).__name__.replace("IndexFlatL2", "IndexFlat").replace("IndexFlatIP", "IndexFlat")
    )
    assert (index.code_size if binary else index.sa_code_size()) == size == database.bytes_per_item
    assert about["run"] == source.run_id and about["items"] == ITEMS
    assert exported.check == "the suite's 100 nearest of all 40 queries"
    names = (tmp_path / "x.faiss.ids").read_text().splitlines()
    assert names == [f"{place:064x}" for place in range(ITEMS)]
    assert list(exported.files) == [tmp_path / f"x.faiss{end}" for end in ("", ".ids", ".json")]


@pytest.mark.parametrize("kind", ["binary", "additive-inner", "product"])
def test_a_set_in_shards_gives_the_same_index(tmp_path, kind):
    folder = stored_run(tmp_path / "runs", kind)
    stored_set(tmp_path / "set", codes_of_kind(kind)[1], folder.name)
    write_faiss(source_of(folder), tmp_path / "one")
    write_faiss(source_of(folder, tmp_path / "set"), tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert (tmp_path / "other.ids").read_text().startswith("picture 0\npicture 1\n")


@pytest.mark.parametrize("kind", ["hash", "hnsw"])
def test_an_approximate_index_says_how_much_it_finds(tmp_path, kind):
    source = source_of(stored_run(tmp_path / "runs", "binary"))
    exported = write_faiss(source, tmp_path / "x", kind)
    about = json.loads((tmp_path / "x.json").read_text())
    assert about["index"] == {"hash": "IndexBinaryHash", "hnsw": "IndexBinaryHNSW"}[kind]
    assert 0.2 < about["recall"] <= 1 and exported.check.endswith("approximate")


def test_fewer_items_than_neighbours(tmp_path):
    source = source_of(stored_run(tmp_path / "runs", "additive", items=30))
    assert write_faiss(source, tmp_path / "x").check.startswith("the suite's 30 nearest")


def test_product_codebooks_are_told_from_others():
    product, other = (codes_of_kind(kind)[1].codebooks for kind in ("product", "additive"))
    slices = product_codebooks(product)
    assert slices.shape == (BOOKS, 256, 3)
    assert np.array_equal(slices[2], product[2, :, 6:9])
    assert product_codebooks(other) is None
    assert product_codebooks(product[::-1]) is None
    assert product_codebooks(np.zeros((5, 256, 12), dtype=np.float32)) is None


def test_codes_that_faiss_has_no_index_for_are_refused(tmp_path):
    source = source_of(stored_run(tmp_path / "runs", "scalar-factors"))
    with pytest.raises(ConfigError, match="factors for each item"):
        write_faiss(source, tmp_path / "x" / "x")
    assert not list((tmp_path / "x").iterdir())


def test_an_approximate_index_is_for_binary_codes(tmp_path):
    source = source_of(stored_run(tmp_path / "runs", "additive"))
    with pytest.raises(ConfigError, match="--index hnsw is for binary codes"):
        write_faiss(source, tmp_path / "x", "hnsw")
    with pytest.raises(UnknownNameError, match="Did you mean 'hash'"):
        write_faiss(source, tmp_path / "x", "hsh")


@pytest.mark.parametrize("taken", ["x", "x.ids", "x.json"])
def test_nothing_is_written_over(tmp_path, taken):
    source = source_of(stored_run(tmp_path / "runs", "binary"))
    (tmp_path / taken).write_text("mine")
    with pytest.raises(ConfigError, match=f"{taken}' already exists"):
        write_faiss(source, tmp_path / "x")
    assert (tmp_path / taken).read_text() == "mine"


def test_an_index_that_finds_something_else_is_not_kept(tmp_path, monkeypatch):
    source = source_of(stored_run(tmp_path / "runs", "additive-inner"))
    search = faiss_index._search
    monkeypatch.setattr(faiss_index, "_search", lambda *given: (search(*given) + 1) % ITEMS)
    with pytest.raises(DataError, match="finds other items than the suite"):
        write_faiss(source, tmp_path / "out" / "x")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["binary", "additive-inner"])
def test_building_an_index_takes_memory_of_the_codes_size(tmp_path, kind):
    folder = stored_run(tmp_path / "runs", kind)
    items = 4_000_000
    database = codes_of_kind(kind, items)[1]
    stored_set(tmp_path / "set", database, folder.name, shards=8)
    code_bytes = items * database.bytes_per_item
    del database
    source = source_of(folder, tmp_path / "set")
    peak, _ = peak_memory(lambda: faiss_index._write_index(source, "flat", tmp_path / "x"), "cpu")
    # FAISS's vector grows by doubling, and while it does both lengths are there; a shard's codes are looked
    # over. Embeddings would take 48 bytes an item.
    assert code_bytes / 2 < peak < 3.5 * code_bytes
    assert (tmp_path / "x").stat().st_size < code_bytes + 200_000
