"""Average precision against brute force over orders, scikit-learn, trec_eval and torchmetrics."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import average_precision_score
from torchmetrics.functional.retrieval import retrieval_average_precision

from hashbench.metrics.average_precision import Denominator, average_precision
from hashbench.ranking.blocks import Blocks, Ties, one_block

from .oracles import Ranking, close, for_torchmetrics, literal_ap, ranked, rankings, trec_eval, untied

DENOMINATORS = pytest.mark.parametrize("denominator", list(Denominator))


@DENOMINATORS
@given(ranking=rankings())
def test_expected_ties_equal_the_mean_over_all_orders(denominator, ranking):
    got = average_precision(ranking.blocks(), ranking.k, denominator)
    assert got == close([ranking.expected(partial(literal_ap, denominator=denominator))])


@DENOMINATORS
@given(ranking=rankings())
def test_the_band_is_the_worst_and_the_best_order(denominator, ranking):
    if denominator is Denominator.RETRIEVED and ranking.k is not None:
        return  # showing more relevant items can lower AP over the retrieved ones
    blocks = ranking.blocks()
    values = ranking.in_all_orders(partial(literal_ap, denominator=denominator))
    for ties, expected in ((Ties.PESSIMISTIC, values.min()), (Ties.OPTIMISTIC, values.max())):
        assert average_precision(blocks.under(ties), ranking.k, denominator) == close([expected])


@given(ranking=rankings(most=30))
def test_whole_blocks_equal_scikit_learn_with_ties(ranking):
    got = average_precision(ranking.blocks(), None, Denominator.TOTAL, whole_blocks=True)
    relevant = np.array(ranking.grades) > 0
    if not relevant.any():
        assert np.isnan(got).all()
        return
    assert got == close([average_precision_score(relevant, -np.array(ranking.distances))])


@DENOMINATORS
@given(ranking=rankings())
def test_whole_blocks_and_expectation_agree_without_ties(denominator, ranking):
    order = Ranking(list(range(len(ranking.grades))), ranking.grades, None)
    whole = average_precision(order.blocks(), None, denominator, whole_blocks=True)
    assert whole == close(average_precision(order.blocks(), None, denominator))


@pytest.mark.parametrize("k", [1, 5, 10, 100, 1000])
def test_equals_trec_eval_over_total(k):
    distances, relevant = untied()
    got = average_precision(ranked(distances, relevant), k, Denominator.TOTAL)
    assert got == close(trec_eval(distances, relevant, f"map_cut.{k}")[f"map_cut_{k}"])


@pytest.mark.parametrize("k", [5, 50, 200])
def test_equals_torchmetrics_over_retrieved(k):
    distances, relevant = untied()
    got = average_precision(ranked(distances, relevant), k, Denominator.RETRIEVED)
    pairs = for_torchmetrics(distances, relevant)
    expected = [float(retrieval_average_precision(score, wanted, top_k=k)) for score, wanted in pairs]
    assert np.nan_to_num(got) == close(expected, 1e-6)


def test_five_items_by_hand():
    # relevant at ranks 1, 3 and 5: precisions 1, 2/3, 3/5
    blocks = ranked([[1, 2, 3, 4, 5]], [[1, 0, 1, 0, 1]])
    assert average_precision(blocks, None, Denominator.TOTAL) == close([(1 + 2 / 3 + 3 / 5) / 3])
    assert average_precision(blocks, 3, Denominator.RETRIEVED) == close([(1 + 2 / 3) / 2])
    assert average_precision(blocks, 3, Denominator.TOTAL) == close([(1 + 2 / 3) / 3])
    assert average_precision(blocks, 2, Denominator.MIN_K_TOTAL) == close([1 / 2])


@DENOMINATORS
@given(ranking=rankings())
def test_chance_is_the_mean_over_all_orders_of_all_items(denominator, ranking):
    blocks = ranking.blocks()
    tied = Ranking([0] * len(ranking.grades), ranking.grades, ranking.k)
    got = average_precision(one_block(blocks.total, blocks.items), ranking.k, denominator)
    assert got == close([tied.expected(partial(literal_ap, denominator=denominator))])


@DENOMINATORS
def test_nothing_relevant_is_not_a_number(denominator):
    assert np.isnan(average_precision(ranked([[1, 2]], [[0, 0]]), None, denominator)).all()


def test_no_hit_within_k_is_zero_unless_only_the_retrieved_count():
    blocks = ranked([[1, 2, 3]], [[0, 0, 1]])
    assert np.isnan(average_precision(blocks, 2, Denominator.RETRIEVED)).all()
    assert average_precision(blocks, 2, Denominator.TOTAL).tolist() == [0]
    assert average_precision(blocks, 2, Denominator.MIN_K_TOTAL).tolist() == [0]


def test_a_million_items_in_pairs_lose_no_digits():
    # The closed form subtracts large numbers; here each pair is summed in extended precision instead.
    pairs = 500_000
    hits = np.random.default_rng(0).integers(0, 3, pairs)
    start = 2 * np.arange(pairs)
    size = np.full(pairs, 2)
    blocks = Blocks(start[None], size[None], hits[None, :, None], hits.sum(keepdims=True)[None], 2 * pairs)
    r, s = hits.astype(np.longdouble), start.astype(np.longdouble)
    before = np.cumsum(r) - r
    first, second = (before + 1) / (s + 1), (before + r) / (s + 2)
    expected = (r / 2 * (first + second)).sum() / r.sum()
    assert average_precision(blocks, None, Denominator.TOTAL) == close([float(expected)])
