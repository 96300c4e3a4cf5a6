"""A run's folder: what is in it, what is newest, and what is said of a damaged one."""

import json
import shutil
import stat

import numpy as np
import pandas as pd
import pytest

from hashbench import fingerprint
from hashbench.errors import StoreError
from hashbench.runs.folder import (
    HASHES,
    RETRIEVAL,
    OtherVersionError,
    as_json,
    as_safetensors,
    column,
    parsed_column,
    per_query,
    read_json,
    read_run,
    scores_folder,
    write_files,
)
from hashbench.runs.spec import RUN_VERSION
from hashbench.runs.store import RunStore


@pytest.fixture
def folder(made, tmp_path):
    """A copy of one run, to be changed."""
    (source,) = made.named(["typed_32b_toys_tags_s1"])
    return shutil.copytree(source, tmp_path / "runs" / source.name)


@pytest.mark.parametrize("preset", ["hashbench", "trec"])
def test_a_columns_name_can_be_read(preset):
    assert parsed_column(column("hamming", "map@all/optimistic", preset)) == (
        preset,
        "hamming",
        "map@all/optimistic",
    )


def test_every_file_is_for_all_to_read_and_named_with_its_hash(folder):
    hashes = json.loads((folder / HASHES).read_text())
    assert {path.name for path in folder.iterdir()} == {*hashes, HASHES}
    for name, value in hashes.items():
        assert fingerprint.of_file(folder / name) == value
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o644


def test_the_last_scores_count(folder):
    first = read_run(folder)
    for when, level in (("20261121T120000Z-aa", 0.7), ("20261122T120000Z-00", 0.8)):
        again = folder / "rescored" / when
        again.mkdir(parents=True)
        scores = {"aqd": {"hashbench": {"map@all": level}}}
        write_files(again, {"metrics.json": as_json({"scores": scores}), RETRIEVAL: as_json({"at": level})})
        pd.DataFrame({"query": ["q"], "aqd.map@all": [level]}).to_parquet(again / "per_query.parquet")
    (folder / "rescored" / ".20270101T120000Z.partial").mkdir()
    assert scores_folder(folder).name == "20261122T120000Z-00"
    record = read_run(folder)
    assert record.metrics("hashbench") == {"map@all": 0.8}
    assert (record.spec, record.cost, record.notices) == (first.spec, first.cost, first.notices)
    assert per_query(folder, ["aqd.map@all"])["aqd.map@all"].tolist() == [0.8]
    assert read_json(folder, RETRIEVAL) == {"at": 0.8}
    assert read_json(folder, "history.json"), "what scoring does not change is where it was"


def test_a_query_has_a_row(folder):
    found = per_query(folder)
    assert len(found) == 40
    assert found["query"].iloc[0] == "picture 00"
    assert found["aqd.map@all"].dtype == np.float64


def test_a_run_of_another_version_is_refused_in_one_line(folder):
    config = json.loads((folder / "config.json").read_text())
    config["spec"] |= {"version": RUN_VERSION - 1, "a coordinate of yore": 1}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(OtherVersionError, match=f"run version {RUN_VERSION - 1}.*Expected {RUN_VERSION}"):
        read_run(folder)


NOT_JSON = [
    (name, text) for name in ("config.json", "metrics.json", "environment.json") for text in "{\udcff"
]
NO_RUN = [(name, text) for name in ("config.json", "metrics.json") for text in ("[]", "{}", '{"spec": 3}')]


@pytest.mark.parametrize(("name", "content"), [*NOT_JSON, *NO_RUN])
def test_a_damaged_file_is_named_in_one_line(folder, name, content):
    (folder / name).write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(StoreError, match="is damaged") as said:
        read_run(folder)
    assert folder.name in str(said.value) and "\n" not in str(said.value)


def test_columns_that_are_not_there_are_named(folder):
    with pytest.raises(StoreError, match=r"per_query.parquet.*nothing"):
        per_query(folder, ["nothing"])
    (folder / "per_query.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match=r"per_query.parquet.*Expected"):
        per_query(folder)


def test_scores_that_are_not_there_are_said_with_a_way_to_get_them(folder):
    record = next(RunStore(folder.parent).records())
    with pytest.raises(StoreError, match=r"no scores under metric preset 'new'.*runs rescore"):
        record.metrics("new")


def test_what_was_learnt_keeps_its_shapes():
    from safetensors.numpy import load

    state = {"one": np.array(0.5), "turned": np.arange(6.0).reshape(2, 3).T, "none": np.zeros((2, 0))}
    found = load(as_safetensors(state))
    assert {name: array.shape for name, array in found.items()} == {
        "one": (),
        "turned": (3, 2),
        "none": (2, 0),
    }
    assert all(np.array_equal(found[name], array) for name, array in state.items())
