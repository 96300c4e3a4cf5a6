"""`--engine ray`: the same runs as on this machine, in a store that this process alone writes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from hashbench.runs.folder import CODES, METRICS, MODEL, PER_QUERY
from hashbench.runs.store import RunStore
from hashbench.runs.verify import verify

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed"),
]
STRANGER = Path(__file__).parent.parent / "stranger"
BASE = ("run", "--dataset", "shapes", "--backbone", "pooled", "--bits", "16")
OUTCOME = (CODES, MODEL, PER_QUERY)
NOWHERE = ("--engine", "ray", "--address", "127.0.0.1:9")
CALL = "from hashbench.cli.app import main; main()"
# A head that asks for a token would not start where there is none yet.
SETTING = {"PYTHONPATH": str(STRANGER), "RAY_AUTH_MODE": "disabled", "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Address of a cluster of one machine with two cores."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path("/tmp") / f"hashbench-test-{os.getpid()}"
    process = subprocess.Popen(
        [
            *(Path(sys.executable).with_name("ray"), "start", "--head", "--block", f"--port={port}"),
            *("--num-cpus=2", "--object-store-memory=200000000", "--include-dashboard=false"),
            *("--disable-usage-stats", f"--temp-dir={folder}", "--node-ip-address=127.0.0.1"),
        ],
        env={**os.environ, **SETTING},
        cwd=tmp_path_factory.mktemp("elsewhere"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    told = []
    for line in process.stdout:
        told.append(line)
        if "--block" in line:
            break
    else:
        raise AssertionError("".join(told))
    yield f"127.0.0.1:{port}"
    process.terminate()
    process.communicate(timeout=30)
    subprocess.run(["rm", "-rf", folder], check=True)


@pytest.fixture
def on_ray(tmp_path, cluster):
    """Call `hashbench run` on the cluster, in a process that has seen no other Ray; its store in `ray`."""

    def call(*arguments, **environment):
        options = ("--runs", tmp_path / "ray", "--engine", "ray", "--address", cluster)
        done = subprocess.run(
            [sys.executable, "-c", CALL, *BASE, *map(str, options), *arguments],
            env={**os.environ, **SETTING, **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return done.returncode, done.stdout, done.stderr

    return call


def outcome(store):
    """What must be equal, by run id and file."""
    found = {}
    for folder in RunStore(store).folders():
        scores = json.loads((folder / METRICS).read_text())
        found[folder.name] = {name: (folder / name).read_bytes() for name in OUTCOME}
        found[folder.name]["scores"] = {name: scores[name] for name in scores.keys() - {"cost", "finished"}}
    return found


def test_a_grid_equals_the_local_one_whatever_becomes_of_workers(cli, on_ray, tmp_path):
    told, mark = tmp_path / "told", tmp_path / "mark"
    grid = ("--method", "itq", "--method", "wsdhq", "--method", "signs", "--format", "json")
    grid += ("--set", "wsdhq.iterations=20", "--set", f"signs.fail=once:{mark}")
    failing = ("--set", "signs.fail=bug", "--set", "signs.fail=death")
    status, out, err = on_ray(*grid, *failing, "--workers", "2", STRANGER_TOLD=str(told))
    assert status == 1, err
    assert mark.exists()
    assert [record["method"] for record in json.loads(out)] == ["itq", "wsdhq", "signs"]
    assert "wsdhq 16 bits: gradient steps ..." in err
    assert "lost its worker and begins anew" in err and "raylet" not in err

    bug, death = sorted(RunStore(tmp_path / "ray").failures(), key=lambda failure: not failure.traceback)
    assert bug.error == "ValueError: it does not fit" and "in fit" in bug.traceback
    assert f"training {bug.run_id}" in bug.log
    assert death.error == "its worker was lost, and 3 others that began it anew (WorkerCrashedError)"
    assert f"{death.run_id} failed: {death.error}" in err.splitlines()[-2:]

    # One process has shown every run to the plugins, and where it lies.
    (_,) = {line.split()[0] for line in told.read_text().splitlines()}
    shown = sorted(Path(line.split()[1]) for line in told.read_text().splitlines())
    assert shown == RunStore(tmp_path / "ray").folders()
    assert verify(RunStore(tmp_path / "ray")) == []
    # The workers have computed features into the cache that the tests' environment names.
    assert any(Path(os.environ["HASHBENCH_CACHE"]).iterdir())

    status, _, err = cli(*BASE, *grid, "--runs", tmp_path / "local", "--jobs", "2")
    assert status in (0, None), err
    assert outcome(tmp_path / "ray") == outcome(tmp_path / "local")
    for store in ("ray", "local"):
        environment = next(RunStore(tmp_path / store).records()).environment
        assert (environment["runs at once"], environment["threads"]) == (2, 1)

    # What is there asks for no cluster.
    status, _, err = cli(*BASE, *grid, "--runs", tmp_path / "ray", *NOWHERE)
    assert status in (0, None) and "3 of them in the store" in err and "Ray" not in err


def descendants(pid):
    """Process ids of a process's children, and theirs."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(path.name), *descendants(int(path.name))]
    return found


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="asks the kernel for processes")
def test_ctrl_c_ends_ray_and_leaves_nothing(tmp_path):
    store, before = tmp_path / "runs", set(Path("/tmp").glob("hashbench-*"))
    options = ("--runs", str(store), "--engine", "ray", "--workers", "2", "--method", "wsdhq")
    process = subprocess.Popen(
        [
            sys.executable,
            "-u",
            "-c",
            CALL,
            *BASE,
            *options,
            "--seed",
            "0,1,2",
            "--set",
            "iterations=1000000",
        ],
        env={**os.environ, "PYTHONPATH": str(STRANGER)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    told = 0
    for line in process.stderr:
        told += "gradient steps" in line
        if told == 2:
            break
    family = descendants(process.pid)
    assert len(family) > 4
    # As a terminal does it: to everybody.
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == "" and "Traceback" not in err
    begun = time.monotonic()
    while any(map(lives, family)):
        assert time.monotonic() - begun < 30
        time.sleep(0.05)
    assert list(store.iterdir()) == []
    assert set(Path("/tmp").glob("hashbench-*")) <= before
