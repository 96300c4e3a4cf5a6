"""Hit rate against brute force over orders and torchmetrics."""

import pytest
from hypothesis import given
from torchmetrics.functional.retrieval import retrieval_hit_rate

from hashbench.metrics.hit_rate import hit_rate
from hashbench.ranking.blocks import Ties

from .oracles import close, for_torchmetrics, literal_hit_rate, ranked, rankings, untied


@given(ranking=rankings(all_items=False))
def test_expected_ties_equal_the_mean_over_all_orders(ranking):
    assert hit_rate(ranking.blocks(), ranking.k) == close([ranking.expected(literal_hit_rate)])


@given(ranking=rankings(all_items=False))
def test_the_band_is_the_worst_and_the_best_order(ranking):
    values = ranking.in_all_orders(literal_hit_rate)
    for ties, expected in ((Ties.PESSIMISTIC, values.min()), (Ties.OPTIMISTIC, values.max())):
        assert hit_rate(ranking.blocks().under(ties), ranking.k) == close([expected])


@pytest.mark.parametrize("k", [1, 3, 30])
def test_equals_torchmetrics(k):
    distances, relevant = untied(share=0.05)
    pairs = for_torchmetrics(distances, relevant)
    expected = [float(retrieval_hit_rate(score, wanted, top_k=k)) for score, wanted in pairs]
    assert hit_rate(ranked(distances, relevant), k) == close(expected, 1e-6)


def test_one_relevant_item_among_many_ties_is_drawn_like_a_lot():
    blocks = ranked([[7] * 1000], [[1] + [0] * 999])
    assert hit_rate(blocks, 10) == close([0.01])
