"""Fifty kills at random moments, most of them while a run is being written: nothing is lost or torn."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hashbench.runs.folder import CODES, METRICS, PER_QUERY
from hashbench.runs.store import RunStore
from hashbench.runs.verify import verify

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="asks the kernel for processes"),
]

STRANGER = Path(__file__).parent.parent / "stranger"
CALL = "from hashbench.cli.app import main; main()"
GRID = """
grids:
  - {dataset: shapes, backbone: pooled, method: [lsh, itq, pq], bits: [8, 16], seed: [0, 1, 2, 3, 4]}
  - {dataset: shapes, backbone: pooled, method: wsdhq, bits: 8, seed: [0, 1], set: {iterations: 5}}
"""
RUNS = 32
KILLS = 50
# Of a worker, and of the command itself with or without them, which begins anew.
TARGETS = ["worker"] * 11 + ["parent", "group", "start-up"]


class Command:
    """`hashbench sweep` in a session of its own, one thread a run."""

    def __init__(self, store, *, jobs=2):
        file = store.parent / "grid.yaml"
        file.write_text(GRID)
        # Where nothing asks whether there is a GPU, most of the runs are spared torch, and begin sooner.
        options = ("--device", "cpu", "--jobs", str(jobs))
        arguments = ("sweep", str(file), "--runs", str(store), *options)
        self.errors = (store.parent / f"{store.name}.err").open("a+")
        self.process = subprocess.Popen(
            [sys.executable, "-c", CALL, *arguments],
            env={**os.environ, "PYTHONPATH": str(STRANGER), "OMP_NUM_THREADS": str(jobs)},
            stdout=subprocess.DEVNULL,
            stderr=self.errors,
            start_new_session=True,
        )
        self.store = store

    @property
    def runs(self):
        """Whether it is not over."""
        return self.process.poll() is None

    def family(self):
        """Ids of its workers and their like."""
        pid = self.process.pid
        try:
            return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except OSError:
            return []

    def workers(self):
        """Ids of its workers."""
        return [one for one in self.family() if "spawn_main" in words(one)]

    def wait_for_writing(self):
        """Until a run is being written, or the command is over; returns what killed writers had left."""
        left = half_written(self.store)
        while self.runs and half_written(self.store) <= left:
            time.sleep(0.003)
        return left

    def kill(self, target, dice):
        """Kill a worker, the command or all at once; says whether the command is gone."""
        if target == "worker":
            for pid in dice.sample(self.workers(), 1) if self.workers() else []:
                os.kill(pid, signal.SIGKILL)
            return False
        family = self.family()
        send = os.killpg if target == "group" else os.kill
        send(self.process.pid, signal.SIGKILL)
        self.process.wait()
        # Whom nobody has killed ends by itself.
        give_up = time.monotonic() + 20
        while any(lives(pid) for pid in family):
            assert time.monotonic() < give_up
            time.sleep(0.01)
        return True


def half_written(store):
    """Folders of runs that are being written, or were when their writer was killed."""
    return set(store.glob(".*_*"))


def words(pid):
    """The command line of a process, empty where there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def lives(pid):
    """Whether there is such a process, and it is no corpse that nobody has looked at."""
    return words(pid) != ""


def finish(store):
    """Call the command, and leave it in peace."""
    command = Command(store)
    assert command.process.wait(timeout=300) == 0, command.errors.seek(0) or command.errors.read()


def thin_out(store, dice):
    """Take some finished runs away, so that there is something to do."""
    folders = RunStore(store).folders()
    for folder in dice.sample(folders, len(folders) // 2):
        shutil.rmtree(folder)


def outcome(store):
    """Everything that a store holds but times, bytes and places, by run id."""
    found = {}
    for folder in RunStore(store).folders():
        metrics = json.loads((folder / METRICS).read_text())
        for differs in ("cost", "finished"):
            del metrics[differs]
        with np.load(folder / CODES) as codes:
            arrays = {name: (array.dtype.str, array.tolist()) for name, array in codes.items()}
        found[folder.name] = (metrics, arrays, pd.read_parquet(folder / PER_QUERY).to_dict("list"))
    return found


def debris(store):
    """What killed writers have left, from now on so old that the next command clears it away."""
    left = half_written(store)
    for folder in left:
        os.utime(folder, (0, 0))
    return left


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What a store holds that was filled in peace."""
    store = tmp_path_factory.mktemp("peace") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HASHBENCH_CACHE", str(store.parent / "cache"))
        finish(store)
    held = outcome(store)
    assert len(held) == RUNS
    return held


def test_a_killed_grid_is_whole_and_is_finished_as_if_nothing_had_happened(tmp_path, undisturbed):
    dice, store = random.Random(5), tmp_path / "runs"
    command, killed, while_writing = Command(store), 0, 0
    while killed < KILLS:
        if not command.runs:
            thin_out(store, dice)
            command = Command(store)
        target = dice.choice(TARGETS)
        if target == "start-up":
            command.kill("parent", dice)
            command, left = Command(store), half_written(store)
            time.sleep(dice.uniform(0, 3))
        else:
            left = command.wait_for_writing()
            time.sleep(dice.uniform(0, 0.02))
        if command.runs:
            while_writing += half_written(store) > left
            killed += 1
            if command.kill("parent" if target == "start-up" else target, dice):
                command = Command(store)
    if command.runs:
        command.kill("group", dice)
    assert while_writing > KILLS // 3, while_writing
    assert [str(finding) for finding in verify(RunStore(store))] == []
    debris(store)
    finish(store)
    assert not debris(store)
    assert RunStore(store).failures() == []
    assert verify(RunStore(store)) == []
    assert outcome(store) == undisturbed


def test_two_processes_that_fill_one_store_lose_nothing(tmp_path, undisturbed):
    dice, store = random.Random(6), tmp_path / "runs"
    for _ in range(2):
        pair = [Command(store, jobs=1) for _ in range(2)]
        dice.choice(pair).wait_for_writing()
        for command in dice.sample(pair, 2):
            time.sleep(dice.uniform(0, 0.3))
            command.kill("parent", dice)
        assert verify(RunStore(store)) == []
    pair = [Command(store, jobs=1) for _ in range(2)]
    assert [command.process.wait(timeout=300) for command in pair] == [0, 0]
    assert verify(RunStore(store)) == []
    assert outcome(store) == undisturbed
