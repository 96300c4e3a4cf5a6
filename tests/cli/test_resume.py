"""Twenty kills at random moments of a WSDHQ run: what is taken up again ends as if nothing had happened."""

import multiprocessing
import random
import time

import pytest
from interrupted_run import call

from hashbench.runs.folder import CODES, LOG, MODEL, PER_QUERY
from hashbench.runs.store import RunStore

KILLS = 20
# All that a run imports: without it, most of the time would go there.
PRELOADED = [
    "hashbench.cli.app",
    "hashbench.ranking.kernels.compiled",
    "hashbench.reports.leaderboard",
    "hashbench.runs.runner",
    "hashbench.runs.sweep",
    "hashbench.training.harness",
    "hashbench_baselines.catalog",
    "hashbench_wsdhq.objective",
    "hashbench_wsdhq.quantizer",
    "hashbench_wsdhq.semantics",
    "rich.table",
    "sklearn.cluster",
]
# What must not differ by a byte.
OUTCOME = (CODES, MODEL, PER_QUERY)


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """Starts the command; libraries are loaded once for all, and nothing has computed before."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)

    def start(store, *options, seconds="0"):
        process = context.Process(target=call, args=(store, options, seconds))
        process.start()
        return process

    return start


def finish(process):
    process.join(120)
    assert process.exitcode == 0


def outcome(store):
    (folder,) = RunStore(store).folders()
    return {name: (folder / name).read_bytes() for name in OUTCOME}


def kept(store):
    return RunStore(store).checkpoints()


def times(store):
    try:
        return [path.stat().st_mtime_ns for path in kept(store)]
    except FileNotFoundError:  # the run has come to its end between the list and the look
        return []


def kill(process, store, dice):
    """Kill it at a random moment after it has kept something; says whether it was not over."""
    before = times(store)
    while process.is_alive() and times(store) == before:
        time.sleep(0.002)
    time.sleep(dice.random() * 0.25)
    process.kill()
    process.join()
    return process.exitcode < 0


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_codes(started, tmp_path):
    finish(started(tmp_path / "undisturbed"))
    expected, dice = outcome(tmp_path / "undisturbed"), random.Random(0)
    kills, finished = 0, 0
    while kills < KILLS:
        store = tmp_path / f"store{finished}"
        process = started(store)
        while kills < KILLS and kill(process, store, dice):
            kills += 1
            process = started(store)
        finish(process)
        finished += 1
        assert outcome(store) == expected
        assert kept(store) == []
        (folder,) = RunStore(store).folders()
        assert "was interrupted after iteration" in (folder / LOG).read_text()
    assert kills == KILLS
