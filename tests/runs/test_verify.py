"""A whole store is said to be whole, and whatever is changed in it is found."""

import json
import shutil

import pandas as pd
import pytest
from tampering import change, settle

from hashbench import fingerprint
from hashbench.errors import StoreError
from hashbench.runs.folder import HASHES, as_json, write_files
from hashbench.runs.spec import RUN_VERSION
from hashbench.runs.store import RunStore
from hashbench.runs.verify import verify

RUN = "typed_32b_toys_tags_s1"


@pytest.fixture
def store(made, tmp_path):
    """A copy of two runs and a failure, to be changed."""
    for source in made.named([RUN, "plain_16b"]):
        shutil.copytree(source, tmp_path / "runs" / source.name)
    shutil.copytree(made.root / "failures", tmp_path / "runs" / "failures")
    return RunStore(tmp_path / "runs")


@pytest.fixture
def folder(store):
    return store.named([RUN])[0]


def test_a_store_as_it_was_written_is_whole(made):
    assert verify(made) == []


def test_a_real_run_is_whole(run, tmp_path):
    run("--method", "pq", "--method", "lsh", "--bits", "16")
    assert verify(RunStore(tmp_path / "runs")) == []


WORDS = ("config", "environment", "history", "metrics", "retrieval", "split")
FILES = (
    "codes.npz",
    "log.txt",
    "model.safetensors",
    "per_query.parquet",
    *(f"{word}.json" for word in WORDS),
)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_and_a_missing_file_are_found(store, folder, name):
    content = bytearray((folder / name).read_bytes())
    where = next(place for place, byte in enumerate(content) if byte == ord("e") or place > 40)
    content[where] ^= 1
    (folder / name).write_bytes(content)
    # A folder without a readable identity cannot be held to more.
    found = verify(store)
    assert [one.run_id for one in found] == [folder.name]
    assert name in str(found[0])
    (folder / name).unlink()
    (found,) = verify(store)
    assert found.run_id == folder.name and name in str(found)


def test_what_a_hash_is_and_should_be_is_said(store, folder):
    wanted = json.loads((folder / HASHES).read_text())["log.txt"]
    (folder / "log.txt").write_text("another")
    (found,) = verify(store)
    actual = fingerprint.of_bytes(b"another")
    assert str(found) == f"{folder.name}/log.txt: has SHA-256 {actual}. Expected {wanted}."


def test_a_file_that_nobody_named_is_found(store, folder):
    (folder / "deep").mkdir()
    (folder / "deep" / "note.txt").write_text("!")
    (found,) = verify(store)
    assert (found.file, found.problem) == (
        "deep/note.txt",
        "is not named in files.json. Expected no such file.",
    )


@pytest.mark.parametrize("content", [None, "{", "[]", "3"])
def test_a_run_without_hashes_is_found(store, folder, content):
    (folder / HASHES).write_text(content) if content else (folder / HASHES).unlink()
    (found,) = verify(store)
    assert found.file == HASHES and "Expected the SHA-256" in found.problem


def test_a_folder_of_another_name_is_found(store, folder):
    folder.rename(folder.with_name("renamed_000000000000"))
    (found,) = verify(store)
    assert found.run_id == "renamed_000000000000" and folder.name in found.problem


def test_a_folder_that_is_no_run_is_found(store):
    (store.root / "stray").mkdir()
    (found,) = verify(store)
    assert found.run_id == "stray" and "config.json" in found.problem


def test_a_key_that_is_not_that_of_the_coordinates_is_found(store, folder):
    change(folder, "config.json", lambda config: config.update(key="0" * 64))
    (found,) = verify(store)
    assert found.file == "config.json" and "states key 000" in found.problem
    change(folder, "config.json", lambda config: config["spec"].update(seed=77))
    assert {one.file for one in verify(store)} == {"config.json", ""}


def test_a_run_of_another_version_is_named_as_such(store, folder):
    change(folder, "config.json", lambda config: config["spec"].update(version=RUN_VERSION - 1))
    (found,) = verify(store)
    assert f"is of run version {RUN_VERSION - 1}" in found.problem


def test_means_that_are_not_those_of_the_queries_are_found(store, folder):
    def edit(metrics):
        metrics["scores"]["aqd"]["trec"]["map@all"] += 1e-6
        del metrics["scores"]["feature"]["hashbench"]["ndcg@100"]

    change(folder, "metrics.json", edit)
    one, other = sorted(verify(store), key=str)
    assert (
        "states no mean for ndcg@100 by 'feature' under preset 'hashbench'" in one.problem + other.problem
    )
    assert "for map@all by 'aqd' under preset 'trec'. Expected 0." in one.problem + other.problem


def test_queries_that_are_skipped_do_not_count(store, folder):
    path = folder / "per_query.parquet"
    columns = pd.read_parquet(path)
    columns.loc[3, "aqd.map@all"] = float("nan")
    columns["aqd.ndcg@100"] = float("nan")
    columns.to_parquet(path, index=False)
    settle(folder, path.name)

    def edit(metrics):
        metrics["scores"]["aqd"]["hashbench"]["map@all"] = columns["aqd.map@all"].dropna().mean()
        metrics["scores"]["aqd"]["hashbench"]["ndcg@100"] = 0.0

    change(folder, "metrics.json", edit)
    assert verify(store) == []


def test_queries_and_distances_without_columns_are_found(store, folder):
    path = folder / "per_query.parquet"
    columns = pd.read_parquet(path)
    left = [name for name in columns if "feature." not in name]
    columns[left].iloc[:-1].to_parquet(path, index=False)
    settle(folder, path.name)
    said = [one.problem for one in verify(store)]
    assert "has 39 rows. Expected 40, one a query." in said
    assert "has no column of distance 'feature'. Expected those that metrics.json scores." in said


def test_codes_of_another_number_or_size_are_found(store, folder):
    change(folder, "metrics.json", lambda metrics: metrics["sizes"].update(database=501))
    change(folder, "metrics.json", lambda metrics: metrics["cost"].update(code_bytes=5))
    said = [one.problem for one in verify(store)]
    assert said == [
        "holds 40 query codes of 4 bytes. Expected 40 of 5.",
        "holds 500 database codes of 4 bytes. Expected 501 of 5.",
    ]
    (folder / "codes.npz").write_bytes(b"no codes")
    settle(folder, "codes.npz")
    (found,) = verify(store)
    assert (found.file, "does not hold codes" in found.problem) == ("codes.npz", True)


def test_a_later_scoring_is_verified_likewise(store, folder):
    again = folder / "rescored" / "20261121T120000Z-00000000"
    again.mkdir(parents=True)
    metrics = json.loads((folder / "metrics.json").read_text())
    files = {
        "metrics.json": as_json(
            {"scores": metrics["scores"], "rescored": {"codes": fingerprint.of_file(folder / "codes.npz")}}
        ),
        "per_query.parquet": lambda path: shutil.copy(folder / "per_query.parquet", path),
        "retrieval.json": lambda path: shutil.copy(folder / "retrieval.json", path),
    }
    write_files(again, files)
    assert verify(store) == []
    change(again, "metrics.json", lambda metrics: metrics["rescored"].update(codes="0" * 64))
    (found,) = verify(store)
    assert (
        found.file == f"rescored/{again.name}/metrics.json"
        and "scores codes of SHA-256 000" in found.problem
    )
    (again / "metrics.json").write_text("{}")
    (found,) = verify(store)
    assert found.file == f"rescored/{again.name}/metrics.json" and "has SHA-256" in found.problem
    (again / "metrics.json").write_text("{}")
    settle(again, "metrics.json")
    (found,) = verify(store)
    assert "does not say what runs say" in found.problem
    shutil.rmtree(again)
    (folder / "rescored" / "note.txt").write_text("!")
    (found,) = verify(store)
    assert found.file == "rescored/note.txt"


def test_a_damaged_failure_is_found(store):
    (path,) = (store.root / "failures").iterdir()
    path.write_text("{")
    (found,) = verify(store)
    assert (found.run_id, found.file) == ("failures", path.name)
    assert verify(store, store.folders()) == []


def test_what_a_killed_writer_left_is_no_run(store):
    (store.root / ".plain_32b.abc.partial").mkdir()
    assert verify(store) == []
    assert [path.name for path in store.unfinished()] == [".plain_32b.abc.partial"]


def test_no_store_is_no_whole_store(tmp_path):
    with pytest.raises(StoreError, match="no run store"):
        verify(RunStore(tmp_path / "nothing"))


def test_a_file_that_is_gone_together_with_its_hash_is_missed(store, folder):
    (folder / "model.safetensors").unlink()
    hashes = json.loads((folder / HASHES).read_text())
    del hashes["model.safetensors"]
    (folder / HASHES).write_text(json.dumps(hashes))
    (found,) = verify(store)
    assert found.file == "model.safetensors" and "is not named in files.json" in found.problem
