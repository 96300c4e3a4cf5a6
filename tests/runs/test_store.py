"""Records are whole or absent, and damaged ones are named."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hashbench.errors import StoreError
from hashbench.files import whole_file, whole_folder
from hashbench.runs.record import RunRecord
from hashbench.runs.store import RunStore


@pytest.fixture
def store(run, tmp_path):
    run("--method", "lsh", "--bits", "16", "--seed", "0,1")
    return RunStore(tmp_path / "runs")


def test_a_record_survives_being_stored(store):
    first, second = store.records()
    assert first.spec.seed == 0 and second.spec.seed == 1
    again = RunRecord.from_json(first.config_json(), first.metrics_json(), first.environment, first.folder)
    assert again == first
    assert store.find(first.spec) == first


def test_a_store_can_be_copied(store, tmp_path):
    shutil.copytree(store.root, tmp_path / "copy")
    copied = RunStore(tmp_path / "copy")
    assert [record.spec for record in copied.records()] == [record.spec for record in store.records()]


@pytest.mark.parametrize("name", ["config.json", "metrics.json", "environment.json"])
def test_a_damaged_record_is_named(store, name):
    record = next(store.records())
    (record.folder / name).write_text("{")
    with pytest.raises(StoreError, match=f"{record.folder.name}.* is damaged"):
        list(store.records())


def test_a_record_of_another_identity_under_the_same_name_is_not_taken(store):
    record = next(store.records())
    path = record.folder / "config.json"
    config = json.loads(path.read_text())
    config["spec"]["seed"] = 77
    path.write_text(json.dumps(config))
    assert store.find(record.spec) is None


def test_half_written_folders_are_never_seen(store):
    target = store.root / "half"
    with pytest.raises(RuntimeError), whole_folder(target) as partial:
        (partial / "config.json").write_text("{}")
        raise RuntimeError
    assert not target.exists()
    assert len(list(store.root.iterdir())) == 2


def test_two_writers_of_one_folder_both_succeed(tmp_path):
    def write(number):
        with whole_folder(tmp_path / "same") as partial:
            (partial / "content").write_text("equal")
        return number

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(write, range(40))) == list(range(40))
    assert [path.name for path in tmp_path.iterdir()] == ["same"]
    assert (tmp_path / "same" / "content").read_text() == "equal"


def test_a_file_is_whole_or_as_it_was(tmp_path):
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(RuntimeError), whole_file(target) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    with whole_file(target) as partial:
        partial.write_text("new")
    assert target.read_text() == "new"
    assert list(Path(tmp_path).iterdir()) == [target]
