"""LanceDB tables of our codes: the same neighbours without an index, and nothing loaded at once."""

import lancedb
import numpy as np
import pytest
from made_codes import ITEMS, codes_of_kind, naive_distances, stored_run, stored_set

from hashbench.errors import ConfigError, DataError
from hashbench.export import lance_table
from hashbench.export.lance_table import write_lance
from hashbench.export.source import source_of

COLUMNS = {
    "binary": ["id", "place", "code"],
    "additive-inner": ["id", "place", "code", "vector"],
    "product": ["id", "place", "code", "vector"],
    "float-inner": ["id", "place", "vector"],
    "scalar": ["id", "place", "code", "vector"],
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_table_finds_the_nearest(tmp_path, kind):
    source = source_of(stored_run(tmp_path / "runs", kind))
    exported = write_lance(source, tmp_path / "db")
    assert exported.check == "the suite's 100 nearest of all 40 queries"
    table = lancedb.connect(tmp_path / "db").open_table("codes")
    assert table.schema.names == COLUMNS[kind] and table.count_rows() == ITEMS
    about = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert about["run"] == source.run_id and about["kind"] == source.query.KIND
    query, database, embeddings = codes_of_kind(kind)
    queries = query.packed if kind == "binary" else query.values if embeddings is None else embeddings
    true = naive_distances(query, database, embeddings)
    for place in (0, 17):
        search = table.search(queries[place], vector_column_name=COLUMNS[kind][-1])
        found = search.distance_type(about["distance"]).limit(50).to_arrow()
        names = [int(name, 16) for name in found["id"].to_pylist()]
        assert names == found["place"].to_pylist()
        assert np.allclose(true[place][names], np.sort(true[place])[:50], atol=1e-4)


def test_a_set_in_shards_is_written_part_by_part(tmp_path, monkeypatch):
    monkeypatch.setattr(lance_table, "_ROWS", 100)
    folder = stored_run(tmp_path / "runs", "additive")
    stored_set(tmp_path / "set", codes_of_kind("additive")[1], folder.name)
    source = source_of(folder, tmp_path / "set")
    schema = lance_table._schema(source)
    assert max(len(batch) for batch in lance_table._batches(source, schema)) == 100
    write_lance(source, tmp_path / "db")
    rows = lancedb.connect(tmp_path / "db").open_table("codes").to_arrow()
    assert rows["id"].to_pylist() == [f"picture {place}" for place in range(ITEMS)]
    assert rows["place"].to_pylist() == list(range(ITEMS))


def test_codes_with_factors_are_refused(tmp_path):
    source = source_of(stored_run(tmp_path / "runs", "scalar-factors"))
    with pytest.raises(ConfigError, match="factors for each item"):
        write_lance(source, tmp_path / "db")


def test_nothing_is_written_over(tmp_path):
    source = source_of(stored_run(tmp_path / "runs", "binary"))
    (tmp_path / "db").mkdir()
    with pytest.raises(ConfigError, match="db' already exists"):
        write_lance(source, tmp_path / "db")


def test_a_table_that_finds_something_else_is_not_kept(tmp_path, monkeypatch):
    source = source_of(stored_run(tmp_path / "runs", "additive"))
    search = lance_table._search
    monkeypatch.setattr(lance_table, "_search", lambda *given: (search(*given) + 1) % ITEMS)
    with pytest.raises(DataError, match="finds other items than the suite"):
        write_lance(source, tmp_path / "out" / "db")
    assert not list((tmp_path / "out").iterdir())
