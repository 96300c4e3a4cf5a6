"""What training takes is measured, and measured again to the same figure."""

import time

import numpy as np
import pytest

from hashbench.runs.measure import peak_memory, timed

MIB = 2**20


def hold(mebibytes, seconds=0.05):
    array = np.ones(mebibytes * MIB // 8)
    time.sleep(seconds)
    return array[0]


def test_time_is_measured_and_the_result_passed_on():
    seconds, result = timed(lambda: hold(1))
    assert result == 1.0
    assert 0.05 <= seconds < 5


@pytest.mark.parametrize("mebibytes", [64, 256])
def test_memory_that_is_freed_again_counts(mebibytes):
    taken, result = peak_memory(lambda: hold(mebibytes), "cpu")
    assert result == 1.0
    assert taken / MIB == pytest.approx(mebibytes, rel=0.2)


def test_many_small_arrays_cost_a_second_run_as_much_as_the_first():
    def work():
        kept = [np.ones(2_000) for _ in range(4_000)]
        time.sleep(0.05)
        return len(kept)

    taken = [peak_memory(work, "cpu")[0] / MIB for _ in range(3)]
    assert taken == [pytest.approx(61, rel=0.3)] * 3


def test_work_that_needs_nothing_takes_nothing():
    taken, _ = peak_memory(lambda: time.sleep(0.02), "cpu")
    assert 0 <= taken < 2 * MIB


def test_a_failure_is_passed_on():
    with pytest.raises(ZeroDivisionError):
        peak_memory(lambda: 1 / 0, "cpu")


@pytest.mark.gpu
def test_on_a_gpu_its_own_memory_counts():
    import torch

    taken, _ = peak_memory(lambda: torch.ones(64 * MIB // 4, device="cuda").sum().item(), "cuda")
    assert taken / MIB == pytest.approx(64, rel=0.2)
