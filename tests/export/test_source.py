"""What is exported: the run's own codes or a set of them, and what the suite finds there."""

import numpy as np
import pytest
from made_codes import codes_of_kind, naive_distances, stored_run, stored_set

from hashbench.errors import DataError, StoreError
from hashbench.export.check import recall, same_neighbours
from hashbench.export.source import source_of
from hashbench.runs.store import RunStore

KINDS = ("binary", "additive-inner", "additive", "product", "float-inner", "scalar")


@pytest.mark.parametrize("kind", KINDS)
def test_a_set_in_shards_is_searched_as_the_run_is(tmp_path, kind):
    folder = stored_run(tmp_path / "runs", kind)
    query, database, embeddings = codes_of_kind(kind)
    stored_set(tmp_path / "set", database, folder.name)
    true = np.sort(naive_distances(query, database, embeddings), axis=1)[:, :20]
    for source in (source_of(folder), source_of(folder, tmp_path / "set")):
        found = source.nearest(20)
        naive = np.take_along_axis(naive_distances(query, database, embeddings), found, axis=1)
        assert np.allclose(naive, true, atol=1e-4)
        assert same_neighbours(source, found)


def test_ties_are_in_the_order_of_the_database(tmp_path):
    folder = stored_run(tmp_path / "runs", "binary")
    stored_set(tmp_path / "set", codes_of_kind("binary")[1], folder.name, shards=5)
    whole, parts = source_of(folder), source_of(folder, tmp_path / "set")
    assert len(parts.parts) == 5 and np.array_equal(whole.nearest(50), parts.nearest(50))


def test_items_and_queries_have_names(tmp_path):
    folder = stored_run(tmp_path / "runs", "binary")
    stored_set(tmp_path / "set", codes_of_kind("binary")[1], folder.name)
    own, others = source_of(folder), source_of(folder, tmp_path / "set")
    assert own.parts[0].names()[1] == f"{1:064x}" and own.query_names[3] == "picture 03"
    assert [name for part in others.parts for name in part.names()][-1] == "picture 699"


def test_codes_of_another_run_are_refused(tmp_path):
    folder = stored_run(tmp_path / "runs", "additive")
    database = codes_of_kind("additive")[1]
    stored_set(tmp_path / "foreign", database, "another_run")
    with pytest.raises(DataError, match="made by run 'another_run'"):
        source_of(folder, tmp_path / "foreign")
    stored_set(tmp_path / "binary", codes_of_kind("binary")[1], folder.name)
    with pytest.raises(DataError, match="holds other codes"):
        source_of(folder, tmp_path / "binary")
    other = type(database)(database.indices, database.codebooks + 1, database.similarity)
    stored_set(tmp_path / "trained-anew", other, folder.name)
    with pytest.raises(DataError, match="holds other codes"):
        source_of(folder, tmp_path / "trained-anew")


def test_a_run_is_found_by_path_and_by_the_beginning_of_its_id(tmp_path):
    folder = stored_run(tmp_path / "runs", "binary")
    store = RunStore(tmp_path / "runs")
    assert store.folder(str(folder)) == folder == store.folder("plain_")
    with pytest.raises(StoreError, match="no run 'itq'"):
        store.folder("itq")


def test_the_check_takes_ties_in_any_order_and_nothing_else(tmp_path):
    source = source_of(stored_run(tmp_path / "runs", "binary"))
    query, database, _ = codes_of_kind("binary")
    distances = naive_distances(query, database, None)
    ours = source.nearest(30)
    last = np.lexsort((-np.arange(len(source)), distances[0]))[:30]
    other = ours.copy()
    other[0] = last
    assert set(last) != set(ours[0]) and same_neighbours(source, other[:, ::-1])

    farther = ours.copy()
    farther[7, 4] = distances[7].argmax()
    with pytest.raises(DataError, match="query 'picture 07'"):
        same_neighbours(source, farther)
    for wrong in (ours[5, 0], -1, len(source)):
        broken = ours.copy()
        broken[5, 1] = wrong
        with pytest.raises(DataError, match="are not 30 items"):
            same_neighbours(source, broken)


def test_the_check_finds_an_item_that_is_a_little_too_far(tmp_path):
    source = source_of(stored_run(tmp_path / "runs", "additive"))
    more = source.nearest(31)
    skipped = np.delete(more, 10, axis=1)
    with pytest.raises(DataError, match="number 11 is at another distance"):
        same_neighbours(source, skipped)


def test_recall_counts_what_is_as_near_as_the_last(tmp_path):
    source = source_of(stored_run(tmp_path / "runs", "additive-inner"))
    found = source.nearest(20)
    assert recall(source, found) == 1
    found[:, :5] = -1
    assert recall(source, found) == pytest.approx(0.75)
