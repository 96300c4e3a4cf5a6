"""Precision and recall at k against brute force over orders, trec_eval and torchmetrics."""

import numpy as np
import pytest
from hypothesis import given
from torchmetrics.functional.retrieval import retrieval_precision, retrieval_recall

from hashbench.metrics.precision import precision
from hashbench.metrics.recall import recall
from hashbench.ranking.blocks import Ties

from .oracles import (
    close,
    for_torchmetrics,
    literal_precision,
    literal_recall,
    ranked,
    rankings,
    trec_eval,
    untied,
)

BOTH = pytest.mark.parametrize(
    ("metric", "literal"),
    [(precision, literal_precision), (recall, literal_recall)],
    ids=["precision", "recall"],
)


@BOTH
@given(ranking=rankings(all_items=False))
def test_expected_ties_equal_the_mean_over_all_orders(metric, literal, ranking):
    assert metric(ranking.blocks(), ranking.k) == close([ranking.expected(literal)])


@BOTH
@given(ranking=rankings(all_items=False))
def test_the_band_is_the_worst_and_the_best_order(metric, literal, ranking):
    values = ranking.in_all_orders(literal)
    for ties, expected in ((Ties.PESSIMISTIC, values.min()), (Ties.OPTIMISTIC, values.max())):
        assert metric(ranking.blocks().under(ties), ranking.k) == close([expected])


@pytest.mark.parametrize("k", [1, 10, 100, 500])
def test_equal_trec_eval(k):
    distances, relevant = untied()
    blocks, theirs = ranked(distances, relevant), trec_eval(distances, relevant, f"P.{k}", f"recall.{k}")
    assert precision(blocks, k) == close(theirs[f"P_{k}"])
    assert recall(blocks, k) == close(theirs[f"recall_{k}"])


@pytest.mark.parametrize("k", [1, 10, 100])
def test_equal_torchmetrics(k):
    distances, relevant = untied()
    pairs, blocks = for_torchmetrics(distances, relevant), ranked(distances, relevant)
    for metric, theirs in ((precision, retrieval_precision), (recall, retrieval_recall)):
        expected = [float(theirs(score, wanted, top_k=k)) for score, wanted in pairs]
        assert metric(blocks, k) == close(expected, 1e-6)


def test_ties_are_shared_out():
    # one of the two nearest is relevant, and only one place is left for them
    blocks = ranked([[1, 1, 2]], [[1, 0, 1]])
    assert precision(blocks, 1).tolist() == [0.5]
    assert recall(blocks, 1).tolist() == [0.25]


def test_k_beyond_the_database_divides_by_k():
    blocks = ranked([[1, 2]], [[1, 1]])
    assert precision(blocks, 4).tolist() == [0.5]
    assert recall(blocks, 4).tolist() == [1.0]


def test_recall_of_nothing_is_not_a_number():
    assert np.isnan(recall(ranked([[1, 2]], [[0, 0]]), 1)).all()
