"""Precision-recall curves against loops over queries, ranks and radii."""

import math

import numpy as np
import pytest
from hypothesis import given

from hashbench.metrics.curves import Averaging, curve_by_radius, curve_by_rank
from hashbench.metrics.radius import EmptyBall

from .oracles import (
    Ranking,
    close,
    counted,
    databases,
    literal_precision,
    literal_recall,
    ranked,
    untied,
)

BITS = 5


def mean(values):
    return sum(values) / len(values) if values else math.nan


def with_relevant(distances, grades):
    return [(list(d), list(g)) for d, g in zip(distances, grades, strict=True) if g.any()]


@given(case=databases())
def test_macro_by_rank_is_the_mean_over_queries_and_orders(case):
    ranks = [1, 2, 5, 9]
    curve = curve_by_rank(ranked(*case), ranks, Averaging.MACRO)
    for at, k in enumerate(ranks):
        queries = [Ranking(*row, k) for row in with_relevant(*case)]
        assert curve.precision[at] == close(mean([q.expected(literal_precision) for q in queries]))
        assert curve.recall[at] == close(mean([q.expected(literal_recall) for q in queries]))


@given(case=databases())
def test_micro_by_rank_puts_the_items_of_all_queries_in_one_pot(case):
    ranks = [1, 2, 5, 9]
    curve = curve_by_rank(ranked(*case), ranks, Averaging.MICRO)
    rows = with_relevant(*case)
    for at, k in enumerate(ranks):
        hits = sum(Ranking(*row, k).expected(literal_precision) * k for row in rows)
        relevant = sum(sum(g > 0 for g in grades) for _, grades in rows)
        assert curve.precision[at] == close(hits / (k * len(rows)) if rows else math.nan)
        assert curve.recall[at] == close(hits / relevant if rows else math.nan)


@pytest.mark.parametrize("empty", list(EmptyBall))
@given(case=databases())
def test_macro_by_radius_is_the_mean_over_queries(empty, case):
    curve = curve_by_radius(counted(*case, bits=BITS), Averaging.MACRO, empty)
    for radius in range(BITS + 1):
        precisions, recalls = [], []
        for distances, grades in with_relevant(*case):
            inside = [g > 0 for d, g in zip(distances, grades, strict=True) if d <= radius]
            recalls.append(sum(inside) / sum(g > 0 for g in grades))
            if inside or empty is EmptyBall.ZERO:
                precisions.append(sum(inside) / max(len(inside), 1))
        assert curve.precision[radius] == close(mean(precisions))
        assert curve.recall[radius] == close(mean(recalls))


@given(case=databases())
def test_micro_by_radius_puts_the_items_of_all_queries_in_one_pot(case):
    curve = curve_by_radius(counted(*case, bits=BITS), Averaging.MICRO, EmptyBall.ZERO)
    rows = with_relevant(*case)
    relevant = sum(g > 0 for _, grades in rows for g in grades)
    for radius in range(BITS + 1):
        inside = [g > 0 for row in rows for d, g in zip(*row, strict=True) if d <= radius]
        assert curve.precision[radius] == close(sum(inside) / len(inside) if inside else math.nan)
        assert curve.recall[radius] == close(sum(inside) / relevant if relevant else math.nan)


def test_curves_say_where_their_points_are():
    distances, relevant = untied(queries=3, items=6)
    assert curve_by_rank(ranked(distances, relevant), [1, 4], Averaging.MACRO).at.tolist() == [1, 4]
    counts = counted(distances, relevant.astype(int), bits=8)
    assert np.array_equal(curve_by_radius(counts, Averaging.MICRO, EmptyBall.SKIP).at, np.arange(9))
