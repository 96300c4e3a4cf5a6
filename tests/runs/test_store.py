"""Records are whole or absent, whoever writes and is killed meanwhile, and damaged ones are named."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from hashbench.errors import StoreError
from hashbench.files import clear_abandoned, remove_folder, whole_file, whole_folder
from hashbench.runs.failure import read_failure
from hashbench.runs.record import RunRecord
from hashbench.runs.spec import RUN_VERSION
from hashbench.runs.store import RunStore
from hashbench.runs.verify import verify

TESTS = Path(__file__).parent.parent
# Writes runs, some of which others write too, and says which are stored.
WRITER = """
import sys
from pathlib import Path
from made import add, made_spec
from hashbench.runs.store import RunStore

store, writer = RunStore(Path(sys.argv[1])), int(sys.argv[2])
store.prepare()
for number in range(10_000):
    for seed in (number, 100_000 * writer + number):
        add(store, "plain", "none", "hamming", 0.3, seed=seed)
        print(made_spec("plain", "none", seed=seed).run_id(), flush=True)
"""
# Holds a folder and a file that are being written, until it is told to die.
HOLDER = """
import sys, time
from pathlib import Path
from hashbench.files import whole_file, whole_folder

root = Path(sys.argv[1])
with whole_folder(root / "run") as folder, whole_file(root / "file") as file:
    (folder / "half").write_text("half")
    print(folder.name, file.name, flush=True)
    time.sleep(100)
"""
# Has no room for a file of more than some bytes.
CRAMPED = """
import resource, sys
from pathlib import Path
from made import add
from hashbench.errors import StoreError
from hashbench.runs.store import RunStore

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), -1))
try:
    add(RunStore(Path(sys.argv[1])), "plain", "none", "hamming", 0.3)
except StoreError as error:
    print(error)
"""


def start(script, *arguments):
    """A process that runs a script."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )


def aged(path):
    """As if it had been made two minutes ago."""
    then = time.time() - 7200
    os.utime(path, (then, then))
    return path


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
    with pytest.raises(
        StoreError, match=f"{record.folder.name}.* is damaged.*runs rm {record.folder.name}"
    ):
        list(store.records())
    said = Said()
    assert len(list(store.records(said))) == 1
    assert len(said) == 1 and said[0].startswith(f"run {record.folder.name} is damaged and left out")


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


def test_what_killed_writers_had_stored_is_there_and_whole(tmp_path):
    store, chance = RunStore(tmp_path / "runs"), random.Random(0)
    said = set()
    for _ in range(2):
        writers = [start(WRITER, store.root, number) for number in range(1, 4)]
        for writer in writers:
            said.add(writer.stdout.readline().strip())
        for writer in writers:
            time.sleep(chance.uniform(0, 0.4))
            # Nothing half-written is read while others write.
            assert all(record.metrics("hashbench") for record in store.records())
            writer.kill()
            # The last line may be cut.
            said.update(line.strip() for line in writer.communicate()[0].splitlines(keepends=True)[:-1])
    assert len(said) > 20
    assert said <= {folder.name for folder in store.folders()}
    assert verify(store) == []


def test_what_the_living_write_is_left_and_what_the_dead_left_is_cleared(tmp_path):
    store = RunStore(tmp_path)
    holder = start(HOLDER, tmp_path)
    names = set(holder.stdout.readline().split())
    assert {path.name for path in store.unfinished()} == names
    for name in names:
        aged(tmp_path / name)
    store.prepare()
    assert {path.name for path in store.unfinished()} == names, "its writer lives"
    holder.kill()
    holder.communicate()
    store.prepare()
    assert store.unfinished() == []


def test_what_is_young_is_left_to_whom_it_may_belong(tmp_path):
    (tmp_path / ".run.abc.partial").mkdir()
    clear_abandoned(tmp_path)
    assert (tmp_path / ".run.abc.partial").is_dir()


def test_what_is_hidden_and_nobodys_debris_is_left(tmp_path):
    for name in (".git", ".snapshots"):
        (tmp_path / name).mkdir()
        aged(tmp_path / name)
    aged(tmp_path / ".git")
    RunStore(tmp_path).prepare()
    assert {path.name for path in tmp_path.iterdir()} == {".git", ".snapshots"}


def test_debris_of_failures_and_rescoring_is_cleared_too(tmp_path):
    left = [tmp_path / "failures" / ".x.json.abc.partial", tmp_path / "run" / "rescored" / ".y.abc.partial"]
    for path in left:
        path.mkdir(parents=True)
        aged(path)
    store = RunStore(tmp_path)
    assert sorted(store.unfinished()) == left
    store.prepare()
    assert store.unfinished() == []


@pytest.mark.parametrize("room", [100, 1000, 5000, 12_000])
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, room):
    process = start(CRAMPED, tmp_path / "runs", room)
    out, _ = process.communicate()
    assert process.returncode == 0
    (line,) = out.splitlines()
    assert line.startswith("cannot write ") and "Expected a disk with room" in line
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_store_that_is_a_file_is_one_line(made, tmp_path):
    (tmp_path / "runs").write_text("")
    store = RunStore(tmp_path / "runs")
    with pytest.raises(StoreError, match="cannot write to folder"):
        store.prepare()
    with pytest.raises(StoreError, match="cannot write to folder"):
        store.fail(made.failures()[0])
    with pytest.raises(StoreError, match="no run store"):
        store.folders()


def test_stores_are_merged_by_copying(made, tmp_path):
    one, other = RunStore(tmp_path / "a"), RunStore(tmp_path / "b")
    shared, *mine = made.named(["typed_64b", "typed_16b", "plain_16b"])
    for store, folders in ((one, [shared, mine[0]]), (other, [shared, mine[1]])):
        for folder in folders:
            shutil.copytree(folder, store.root / folder.name)
    (failure,) = made.failures()
    failed_here = replace(failure, run_id=mine[1].name)
    for known in (failure, failed_here):
        one.fail(known)
    assert [known.run_id for known in one.failures()] == sorted([failure.run_id, mine[1].name])
    subprocess.run(["cp", "-r", f"{one.root}/.", f"{other.root}/"], check=True)
    assert [path.name for path in other.folders()] == sorted(path.name for path in (shared, *mine))
    assert verify(other) == []
    assert [known.run_id for known in other.failures()] == [failure.run_id], "the other one succeeded there"


def test_a_failure_is_kept_until_the_run_succeeds(made, tmp_path):
    from made import add, made_spec

    store, run_id = RunStore(tmp_path), made_spec("plain", "none").run_id()
    store.fail(replace(made.failures()[0], run_id=run_id))
    assert [failure.run_id for failure in store.failures()] == [run_id]
    add(store, "plain", "none", "hamming", 0.3)
    assert store.failures() == [] and store.failure_files() == []
    store.forget(run_id)


@pytest.mark.parametrize("content", ["{", "{}", "[]", "3", '{"run_id": "x"}'])
def test_a_damaged_failure_is_named(tmp_path, content):
    path = tmp_path / "failures" / "some.json"
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(StoreError, match=r"some\.json.* is damaged"):
        read_failure(path)
    with pytest.raises(StoreError, match=r"some\.json.* is damaged"):
        RunStore(tmp_path).failures()


def test_runs_of_another_version_are_left_out_and_said(made, tmp_path):
    shutil.copytree(made.root, tmp_path / "runs")
    store = RunStore(tmp_path / "runs")
    whole = list(store.records())
    path = store.named(["plain_16b"])[0] / "config.json"
    config = json.loads(path.read_text())
    config["spec"]["version"] = RUN_VERSION - 1
    path.write_text(json.dumps(config))
    said = Said()
    assert len(list(store.records(said))) == len(whole) - 1
    assert [line.split(" in ")[0] for line in said] == ["1 of the runs"]
    with pytest.raises(StoreError, match="is of run version"):
        store.select(["plain_16b"])
    assert store.named(["plain_16b"]) == [path.parent], "so that it can be removed"


class Said(list):
    """Progress that keeps what is said."""

    notice = list.append


def test_runs_are_found_by_how_they_alone_begin(made):
    (record,) = made.select(["blocks_16b"])
    assert made.select([record.spec.run_id(), "blocks_16b"]) == [record]
    with pytest.raises(StoreError, match=r"'plain_32b' is ambiguous: plain_32b_.*, plain_32b_.*Expected"):
        made.select(["plain_32b"])
    with pytest.raises(StoreError, match=r"no run 'blocks_16bb'.*Expected an id"):
        made.select(["blocks_16bb"])


def test_a_removed_run_is_gone_and_can_be_written_again(made, tmp_path):
    shutil.copytree(made.root, tmp_path / "runs")
    store = RunStore(tmp_path / "runs")
    (record,) = store.select(["plain_16b"])
    store.remove(record)
    assert store.find(record.spec) is None
    assert store.unfinished() == []
    for _ in range(2):
        with pytest.raises(StoreError, match="cannot remove"):
            store.remove(record)
    assert store.unfinished() == []
    with pytest.raises(StoreError, match="is not stored"):
        store.remove(replace(record, folder=None))


def test_a_folder_that_goes_while_records_are_read_is_passed_over(made, tmp_path):
    shutil.copytree(made.root, tmp_path / "runs")
    store = RunStore(tmp_path / "runs")
    records = store.records()
    first = next(records)
    for folder in store.folders()[1:3]:
        remove_folder(folder)
    assert len([first, *records]) == len(list(made.records())) - 2
