"""How long a step takes, with a clock that a test turns."""

import pytest

from hashbench.planning import rate
from hashbench.planning.rate import Rate, measured


def test_the_round_in_the_middle_counts_and_the_first_does_not(monkeypatch):
    took = iter([3.0, 1.0, 2.0])
    done = []

    def timed(work):
        return next(took), work()

    monkeypatch.setattr(rate, "timed", timed)
    found = measured(lambda: done.append(1), items=4, threads=2)
    assert found == Rate(seconds=0.5, threads=2, rounds=3, spread=2.0)
    assert len(done) == 4


def test_it_is_gone_on_with_until_the_time_is_over(monkeypatch):
    monkeypatch.setattr(rate, "SECONDS", 10.0)
    monkeypatch.setattr(rate, "timed", lambda work: (1.0, work()))
    assert measured(lambda: None, items=1, threads=1).rounds == 10


@pytest.mark.parametrize(("threads", "core", "four"), [(1, 0.5, 0.125), (2, 1.0, 0.25), (0, 0.0, 0.5)])
def test_cores_share_the_work_and_a_gpu_does_not(threads, core, four):
    found = Rate(0.5, threads)
    assert (found.core_seconds, found.on(4)) == (core, four)
