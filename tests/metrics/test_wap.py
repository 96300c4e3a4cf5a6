"""Weighted average precision against brute force over orders."""

from functools import partial

import pytest
from hypothesis import given

from hashbench.metrics.average_precision import Denominator, average_precision
from hashbench.metrics.wap import wap
from hashbench.ranking.blocks import Ties

from .oracles import Ranking, close, literal_wap, ranked, rankings

DENOMINATORS = pytest.mark.parametrize("denominator", list(Denominator))


@DENOMINATORS
@given(ranking=rankings())
def test_expected_ties_equal_the_mean_over_all_orders(denominator, ranking):
    expected = ranking.expected(partial(literal_wap, denominator=denominator))
    assert wap(ranking.blocks(), ranking.k, denominator) == close([expected])


@pytest.mark.parametrize("denominator", [Denominator.TOTAL, Denominator.MIN_K_TOTAL])
@given(ranking=rankings())
def test_the_band_is_the_worst_and_the_best_order(denominator, ranking):
    values = ranking.in_all_orders(partial(literal_wap, denominator=denominator))
    for ties, expected in ((Ties.PESSIMISTIC, values.min()), (Ties.OPTIMISTIC, values.max())):
        assert wap(ranking.blocks().under(ties), ranking.k, denominator) == close([expected])


@DENOMINATORS
@given(ranking=rankings())
def test_is_average_precision_where_every_hit_shares_one_label(denominator, ranking):
    one = Ranking(ranking.distances, [min(grade, 1) for grade in ranking.grades], ranking.k)
    got = wap(one.blocks(), one.k, denominator)
    assert got == close(average_precision(ranking.blocks(), ranking.k, denominator))


def test_three_items_by_hand():
    # gains 2, 0, 1: at the hits, ranks 1 and 3, the mean gain so far is 2 and then 1
    assert wap(ranked([[1, 2, 3]], [[2, 0, 1]]), None).tolist() == [1.5]
