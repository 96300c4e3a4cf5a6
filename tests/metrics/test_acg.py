"""Average cumulative gain against brute force over orders."""

from hypothesis import given

from hashbench.metrics.acg import acg
from hashbench.ranking.blocks import Ties

from .oracles import close, literal_acg, ranked, rankings


@given(ranking=rankings(all_items=False))
def test_expected_ties_equal_the_mean_over_all_orders(ranking):
    assert acg(ranking.blocks(), ranking.k) == close([ranking.expected(literal_acg)])


@given(ranking=rankings(all_items=False))
def test_the_band_is_the_worst_and_the_best_order(ranking):
    values = ranking.in_all_orders(literal_acg)
    for ties, expected in ((Ties.PESSIMISTIC, values.min()), (Ties.OPTIMISTIC, values.max())):
        assert acg(ranking.blocks().under(ties), ranking.k) == close([expected])


def test_nothing_relevant_gains_nothing():
    assert acg(ranked([[1, 2]], [[0, 0]]), 2).tolist() == [0]
