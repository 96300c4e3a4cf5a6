"""Many jobs by Ray's workers: each once, whatever becomes of a worker, and every error as it was raised.

Shards are such jobs: codes of pictures and their scores are the same as from this process, to the byte.
"""

import gc
import os
import signal
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from spread_work import DiesOnce, Summed, deadly, doubled, refusing, seen, worded

from hashbench.codes.storage import load_codes
from hashbench.encoding.encode import encode
from hashbench.encoding.encoder import EncoderMaker
from hashbench.engines.choice import Engine, spread
from hashbench.errors import HashbenchError, UnknownNameError
from hashbench.progress import SilentProgress
from hashbench.sharded import DatabaseLabels, Queries, evaluate_shards
from hashbench.spread import here

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed"),
]
TESTS = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def outside():
    """What is to be as it was when Ray is gone."""
    return signal.getsignal(signal.SIGTERM)


@pytest.fixture(scope="module")
def on_ray(outside):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{TESTS}{os.pathsep}{TESTS / 'stranger'}")
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


@pytest.fixture
def pictures(tmp_path):
    from stranger import draw

    (tmp_path / "pictures").mkdir()
    for number in range(40):
        (tmp_path / "pictures" / f"{number:02}.png").write_bytes(draw(number)[0])
    (tmp_path / "pictures" / "notes.jpg").write_text("no picture")
    return tmp_path / "pictures"


def with_a_death(spreading, mark, make, jobs):
    """The same, but for a worker that dies in the middle of its second job."""
    return spreading(DiesOnce(make, mark), jobs)


def test_shards_are_equal_to_the_byte_though_a_worker_dies(on_ray, run, pictures, tmp_path):
    folder = Path(run("--method", "pq", "--bits", "16")[0]["run_dir"])
    maker = EncoderMaker(folder, pictures, None, "cpu", keep_embeddings=True)
    query, _, embeddings = load_codes(folder / "codes.npz")
    labels = np.arange(40) % 3
    np.save(tmp_path / "labels.npy", labels)
    asking = Queries(query, embeddings, np.arange(len(query)) % 3)

    def coded_and_scored(where, spreading=None):
        given = {} if spreading is None else {"spread": spreading}
        codes = encode(maker, tmp_path / where, SilentProgress(), items=9, **given).codes
        report = evaluate_shards(
            codes.folder,
            DatabaseLabels(tmp_path / "labels.npy"),
            asking,
            SilentProgress(),
            metrics=["map@20"],
            **given,
        )
        return codes, report.scores

    local, expected = coded_and_scored("here")
    there, found = coded_and_scored("there", partial(with_a_death, on_ray, tmp_path / "mark"))
    assert (tmp_path / "mark").exists()
    names = sorted(path.name for path in local.folder.iterdir())
    assert names == sorted(path.name for path in there.folder.iterdir()) and len(names) == 7
    for name in names:
        assert (local.folder / name).read_bytes() == (there.folder / name).read_bytes()
    for distance, presets in expected.items():
        for preset, scores in presets.items():
            for metric, values in scores.per_query.items():
                other = found[distance][preset].per_query[metric]
                assert np.array_equal(values, other, equal_nan=True)
