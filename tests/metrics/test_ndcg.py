"""NDCG against brute force over orders, scikit-learn and torchmetrics."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import ndcg_score
from torchmetrics.functional.retrieval import retrieval_normalized_dcg

from hashbench.metrics.ndcg import Gain, ndcg
from hashbench.ranking.blocks import Ties

from .oracles import GAINS, close, for_torchmetrics, literal_ndcg, ranked, rankings

BOTH_GAINS = pytest.mark.parametrize("gain", list(Gain))


@BOTH_GAINS
@given(ranking=rankings())
def test_expected_ties_equal_the_mean_over_all_orders(gain, ranking):
    expected = ranking.expected(partial(literal_ndcg, gain=GAINS[gain]))
    assert ndcg(ranking.blocks(), ranking.k, gain) == close([expected])


@BOTH_GAINS
@given(ranking=rankings())
def test_the_band_is_the_worst_and_the_best_order(gain, ranking):
    values = ranking.in_all_orders(partial(literal_ndcg, gain=GAINS[gain]))
    for ties, expected in ((Ties.PESSIMISTIC, values.min()), (Ties.OPTIMISTIC, values.max())):
        assert ndcg(ranking.blocks().under(ties), ranking.k, gain) == close([expected])


@pytest.mark.parametrize("k", [None, 1, 7, 60, 100])
def test_equals_scikit_learn_which_averages_ties(k):
    generator = np.random.default_rng(0)
    distances, grades = generator.integers(0, 9, (20, 60)), generator.integers(0, 4, (20, 60))
    expected = [ndcg_score(g[None], -d[None], k=k) for d, g in zip(distances, grades, strict=True)]
    assert ndcg(ranked(distances, grades), k, Gain.LINEAR) == close(expected)


@pytest.mark.parametrize("k", [None, 1, 7, 60])
def test_equals_torchmetrics_without_ties(k):
    generator = np.random.default_rng(0)
    distances = np.stack([generator.permutation(60) for _ in range(20)])
    grades = generator.integers(0, 4, (20, 60))
    pairs = for_torchmetrics(distances, grades)
    expected = [float(retrieval_normalized_dcg(score, wanted, top_k=k)) for score, wanted in pairs]
    assert ndcg(ranked(distances, grades), k, Gain.LINEAR) == close(expected, 1e-6)


def test_grades_as_high_as_they_get_do_not_overflow():
    blocks = ranked([[1, 2]], [[1, 255]])
    assert ndcg(blocks, None, Gain.EXPONENTIAL) == close([1 / np.log2(3)])
