"""Intervals and tests against scipy, against every choice of signs, and by hand."""

import time
from itertools import product

import numpy as np
import pytest
from scipy import stats

from hashbench.reports import statistics
from hashbench.reports.statistics import Seeds, bootstrap_interval, half_width, sign_flip_p, welch_interval


def drawn(rows, queries, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(np.linspace(0, 0.3, rows)[:, None], 1, (rows, queries))


@pytest.mark.parametrize("number", [2, 3, 10])
def test_the_interval_over_seeds_is_that_of_scipy(number):
    values = np.random.default_rng(number).normal(size=number)
    low, high = stats.t.interval(0.95, number - 1, values.mean(), stats.sem(values))
    assert half_width(np.std(values, ddof=1), number) == pytest.approx((high - low) / 2)


def test_the_interval_by_hand():
    """t(.975; 2) = 4.3027, and the standard deviation of 1, 2 and 3 is 1."""
    assert half_width(np.array([1.0]), np.array([3]))[0] == pytest.approx(4.3027 / 3**0.5, abs=1e-4)


def test_one_seed_has_no_interval_and_equal_seeds_one_of_no_width():
    widths = half_width(np.array([np.nan, 0.0]), np.array([1, 3]))
    assert np.isnan(widths[0]) and widths[1] == 0


@pytest.mark.parametrize("seed", range(20))
def test_welch_agrees_with_scipy(seed):
    generator = np.random.default_rng(seed)
    one, other = generator.normal(0, 1, 3), generator.normal(2, 0.3, 2 + seed % 4)
    interval = stats.ttest_ind(one, other, equal_var=False).confidence_interval()
    found = welch_interval(Seeds(one.tolist()), Seeds(other.tolist()))
    assert found == pytest.approx((interval.low, interval.high))


def test_seeds_that_do_not_differ_leave_no_width():
    equal, other = Seeds([0.5, 0.5]), Seeds([0.4, 0.4, 0.4])
    assert welch_interval(equal, equal) == (0, 0)
    assert welch_interval(equal, other) == pytest.approx((0.1, 0.1))


def test_a_method_without_randomness_adds_nothing_to_the_interval_of_the_other():
    values = [0.5, 0.52, 0.57]
    fixed, drawn_at_random = Seeds([0.5], random=False), Seeds(values)
    low, high = stats.t.interval(0.95, 2, np.mean(values) - 0.5, stats.sem(values))
    assert welch_interval(drawn_at_random, fixed) == pytest.approx((low, high))
    assert welch_interval(fixed, drawn_at_random) == pytest.approx((-high, -low))
    assert welch_interval(fixed, Seeds([0.4], random=False)) == pytest.approx((0.1, 0.1))


def test_one_seed_that_others_could_differ_from_has_no_interval():
    assert welch_interval(Seeds([0.5]), Seeds([0.5, 0.6])) is None
    assert welch_interval(Seeds([0.5], random=False), Seeds([0.5])) is None


def test_chances_are_those_of_every_choice_of_signs():
    differences = drawn(4, 10)
    signs = np.array(list(product((-1, 1), repeat=10)))
    exact = [(np.abs(signs @ row) >= abs(row.sum()) - 1e-12).mean() for row in differences]
    np.testing.assert_allclose(sign_flip_p(differences), exact, atol=0.02)


def test_chances_agree_with_scipy():
    differences = drawn(5, 60)
    found = [
        stats.permutation_test(
            (row,), np.mean, permutation_type="samples", n_resamples=9_999, rng=np.random.default_rng(1)
        ).pvalue
        for row in differences
    ]
    np.testing.assert_allclose(sign_flip_p(differences), found, atol=0.02)


def test_a_chance_by_hand():
    """Of the eight choices of signs of 1, 1 and 1, two have a sum of 3 or -3."""
    assert sign_flip_p(np.ones((1, 3)))[0] == pytest.approx(2 / 8, abs=0.02)
    assert sign_flip_p(np.zeros((1, 3)))[0] == 1


def test_the_interval_over_queries_agrees_with_scipy():
    differences = drawn(3, 80)
    low, high = bootstrap_interval(differences)
    for number, row in enumerate(differences):
        interval = stats.bootstrap(
            (row,), np.mean, method="percentile", rng=np.random.default_rng(1)
        ).confidence_interval
        assert (low[number], high[number]) == pytest.approx((interval.low, interval.high), abs=0.015)


def test_skipped_queries_do_not_count():
    differences = drawn(1, 50)
    with_gaps = np.full((1, 90), np.nan)
    with_gaps[:, ::2][:, :45] = differences[:, :45]
    with_gaps[:, 1:11:2] = differences[:, 45:]
    assert sign_flip_p(with_gaps) == pytest.approx(sign_flip_p(differences), abs=0.02)
    np.testing.assert_allclose(bootstrap_interval(with_gaps), bootstrap_interval(differences), atol=0.03)


def test_no_query_at_all():
    nothing = np.full((2, 5), np.nan)
    nothing[1] = 1.0
    assert sign_flip_p(nothing)[0] == 1
    low, high = bootstrap_interval(nothing)
    assert np.isnan(low[0]) and np.isnan(high[0]) and low[1] == high[1] == 1


@pytest.mark.parametrize("block", [1, 10_000, 1 << 18])
def test_blocks_change_nothing_that_matters(monkeypatch, block):
    """Draws fall otherwise into other blocks of signs; chances move as they do with another seed."""
    differences = drawn(3, 30)
    p, ends = sign_flip_p(differences), bootstrap_interval(differences)
    monkeypatch.setattr(statistics, "_BLOCK", block)
    monkeypatch.setattr(statistics, "RESAMPLES", 2_000)
    np.testing.assert_allclose(sign_flip_p(differences), p, atol=0.04)
    np.testing.assert_allclose(bootstrap_interval(differences), ends, atol=0.04)


def test_equal_input_gives_equal_output():
    differences = drawn(3, 300)
    assert np.array_equal(sign_flip_p(differences), sign_flip_p(differences.copy()))
    assert np.array_equal(bootstrap_interval(differences), bootstrap_interval(differences.copy()))


def test_hundreds_of_tests_take_about_a_second():
    differences = drawn(300, 400)
    start = time.perf_counter()
    sign_flip_p(differences)
    assert time.perf_counter() - start < 5
