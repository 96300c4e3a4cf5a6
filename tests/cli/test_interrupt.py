"""Real processes, really interrupted: no record, no debris in the way, and the next call works."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

STRANGER = Path(__file__).parent.parent / "stranger"
CALL = "from hashbench.cli.app import main; main()"


def start(store, *settings):
    arguments = ("run", "--dataset", "shapes", "--backbone", "pooled", "--method", "wsdhq", "--bits", "16")
    return subprocess.Popen(
        [sys.executable, "-u", "-c", CALL, *arguments, "--runs", str(store), *settings],
        env={**os.environ, "PYTHONPATH": str(STRANGER)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_stopped_run_leaves_no_record_and_is_run_again(tmp_path, number, status):
    store = tmp_path / "runs"
    process = start(store, "--set", "iterations=1000000")
    for line in process.stderr:
        if "after embedding and merging" in line:  # training has begun
            break
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert out == "" and "Traceback" not in err
    assert list(store.iterdir()) == []

    again = start(store, "--set", "iterations=5")
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    assert len(list(store.iterdir())) == 1
