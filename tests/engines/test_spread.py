"""Many jobs by Ray's workers: each once, whatever becomes of a worker, and every error as it was raised."""

import gc
import os
import signal
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from spread_work import Summed, deadly, doubled, refusing, seen, worded

from hashbench.engines.choice import Engine, spread
from hashbench.errors import HashbenchError, UnknownNameError
from hashbench.spread import here

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
TESTS = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def outside():
    """What is to be as it was when Ray is gone."""
    return signal.getsignal(signal.SIGTERM)


@pytest.fixture(scope="module")
def on_ray(outside):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(TESTS))
        patch.setenv("HASHBENCH_WORD", "handed on")
        patch.setenv("OMP_NUM_THREADS", "4")
        with spread(Engine.RAY, workers=2) as spreading:
            yield spreading
    assert signal.getsignal(signal.SIGTERM) is outside


def test_every_job_is_done_once_and_arrays_are_ones_own(on_ray):
    # Some large enough to travel through Ray's store.
    jobs = [(number, np.arange(300_000) + number) for number in range(6)]
    results = [result for _, result in on_ray(doubled, jobs)]
    assert sorted(number for number, _, _ in results) == [0, 1, 2, 3, 4, 5]
    for number, array, _ in results:
        assert np.array_equal(array, 2 * (np.arange(300_000) + number))
        assert array.flags.writeable
    assert os.getpid() not in {worker for _, _, worker in results}
    assert len({worker for _, _, worker in results}) <= 2


def test_results_come_as_they_are_done_and_jobs_are_taken_as_workers_are_free(on_ray):
    taken = []

    class Jobs:
        def __iter__(self):
            for number in range(5):
                taken.append(number)
                yield number

    done = on_ray(worded, Jobs())
    next(done)
    assert len(taken) <= 3
    done.close()


def test_no_jobs_need_no_worker(on_ray):
    assert list(on_ray(deadly, [])) == []


def test_a_worker_that_dies_changes_no_result(on_ray, tmp_path):
    jobs = [0, 1, 2, 3]
    results = sorted((job, result.sum()) for job, result in on_ray(Summed(tmp_path / "mark"), jobs))
    assert (tmp_path / "mark").exists()
    assert results == [(job, result.sum()) for job, result in here(Summed(tmp_path / "mark"), jobs)]


def test_an_error_is_the_one_that_was_raised(on_ray):
    with pytest.raises(UnknownNameError) as raised:
        list(on_ray(refusing, [0, 1, 2]))
    with pytest.raises(UnknownNameError) as expected:
        list(here(refusing, [1]))
    assert str(raised.value) == str(expected.value)
    # And there are workers for whatever comes then.
    assert len(list(on_ray(doubled, [(0, np.ones(1))]))) == 1


def test_workers_see_the_callers_surroundings(on_ray, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ((_, found),) = on_ray(seen, ["HASHBENCH_WORD"])
    assert found == ("handed on", str(tmp_path), "2")


def test_another_version_on_a_worker_is_refused(on_ray, monkeypatch):
    monkeypatch.setattr("hashbench.engines.pool.versions", lambda: {"torch": "1.0"})
    with pytest.raises(
        HashbenchError, match=r"a worker on .* has .*torch .* for 1.0.* Expected the versions"
    ):
        list(on_ray(seen, ["HASHBENCH_WORD"]))


def test_nothing_is_left_when_the_block_is_left_in_the_middle(on_ray):
    done = on_ray(doubled, [(number, np.ones(1)) for number in range(4)])
    next(done)
    del done
    gc.collect()
    assert len(list(on_ray(doubled, [(0, np.ones(1))]))) == 1
