"""`--jobs`: the same results from several processes, whatever becomes of one of them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from hashbench.codes.storage import load_codes
from hashbench.runs.store import RunStore

pytestmark = pytest.mark.slow
STRANGER = Path(__file__).parent.parent / "stranger"
CALL = "from hashbench.cli.app import main; main()"
BASE = ("run", "--dataset", "shapes", "--backbone", "pooled", "--bits", "16")


def start(store, *arguments, threads=2):
    return subprocess.Popen(
        [sys.executable, "-u", "-c", CALL, *BASE, "--runs", str(store), *arguments],
        env={**os.environ, "PYTHONPATH": str(STRANGER), "OMP_NUM_THREADS": str(threads)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def codes(store):
    """Arrays of every run's codes, by run id."""
    return {
        folder.name: [part.arrays() for part in load_codes(folder / "codes.npz")[:2]]
        for folder in RunStore(store).folders()
    }


def test_workers_give_the_same_codes_as_one_process_with_their_threads(tmp_path):
    methods = ("--method", "itq", "--method", "pq", "--method", "wsdhq", "--set", "wsdhq.iterations=20")
    processes = [
        start(tmp_path / "one", *methods, threads=1),
        start(tmp_path / "two", *methods, "--jobs", "2", "--format", "json"),
    ]
    (_, err), (out, told) = (process.communicate(timeout=300) for process in processes)
    assert [process.returncode for process in processes] == [0, 0], err + told
    # In the order in which they were asked for, whichever was over first.
    assert [record["method"] for record in json.loads(out)] == ["itq", "pq", "wsdhq"]
    one, two = codes(tmp_path / "one"), codes(tmp_path / "two")
    assert one.keys() == two.keys()
    for run, parts in one.items():
        for part, other in zip(parts, two[run], strict=True):
            assert all(np.array_equal(part[name], other[name]) for name in part)
    environment = next(RunStore(tmp_path / "two").records()).environment
    assert (environment["runs at once"], environment["threads"]) == (2, 1)
    assert "wsdhq 16 bits: gradient steps ..." in told


def test_a_worker_that_dies_costs_its_run_only(cli, tmp_path):
    status, out, err = cli(
        *(*BASE, "--runs", tmp_path / "runs", "--jobs", "2", "--format", "json"),
        *("--method", "signs", "--method", "lsh", "--method", "itq", "--seed", "0,1"),
        *("--set", "signs.fail=death"),
    )
    assert status == 1
    assert sorted(record["method"] for record in json.loads(out)) == ["itq", "itq", "lsh", "lsh"]
    for line in err.splitlines()[-2:]:
        assert line.endswith("failed: its process was killed by signal 9")
    assert len(RunStore(tmp_path / "runs").failures()) == 2


def test_a_bug_in_a_worker_comes_with_its_traceback(cli, tmp_path):
    arguments = (*BASE, "--runs", tmp_path / "runs", "--jobs", "2", "--method", "signs")
    status, _, err = cli(*arguments, "--set", "fail=bug")
    assert status == 2 and "error: ValueError: it does not fit. That is a bug" in err
    (failure,) = RunStore(tmp_path / "runs").failures()
    assert "in fit" in failure.traceback and f"training {failure.run_id}" in failure.log


def test_a_full_disk_stops_every_worker(cli, tmp_path):
    store = tmp_path / "runs"
    status, _, err = cli(
        *(*BASE, "--runs", store, "--jobs", "2", "--method", "signs", "--seed", "0,1"),
        *("--set", "fail=disk"),
    )
    assert status == 2
    assert err.splitlines()[-1] == "error: cannot write the store: No space left on device."
    assert list(store.iterdir()) == []


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def workers(pid):
    """Process ids of a command's workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in children if "spawn_main" in Path(f"/proc/{one}/cmdline").read_text()]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="asks the kernel for processes")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_command_that_ends_takes_its_workers_with_it(tmp_path, number, status):
    store = tmp_path / "runs"
    endless = ("--method", "wsdhq", "--seed", "0,1,2", "--set", "iterations=1000000", "--jobs", "2")
    process = start(store, *endless)
    told = 0
    for line in process.stderr:
        told += "gradient steps" in line
        if told == 2:
            break
    pids = workers(process.pid)
    assert len(pids) == 2
    process.send_signal(number)
    begun = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert process.returncode == status and out == "" and "Traceback" not in err
    while any(map(alive, pids)):
        assert time.monotonic() - begun < 10
        time.sleep(0.05)
    assert list(store.iterdir()) == []
