"""Precision and recall at k against a naive count and trec_eval."""

import numpy as np
import pytest
import pytrec_eval

from hashbench.metrics.precision import precision
from hashbench.metrics.ranked import rank
from hashbench.metrics.recall import recall


@pytest.mark.parametrize("k", [1, 10, 100])
def test_equal_trec_eval(k):
    generator = np.random.default_rng(0)
    distances = np.stack([generator.permutation(150) for _ in range(20)])
    relevant = generator.random((20, 150)) < 0.1
    truth = {f"q{q}": {f"d{i}": int(r) for i, r in enumerate(row)} for q, row in enumerate(relevant)}
    run = {f"q{q}": {f"d{i}": -float(d) for i, d in enumerate(row)} for q, row in enumerate(distances)}
    scored = pytrec_eval.RelevanceEvaluator(truth, {f"P.{k}", f"recall.{k}"}).evaluate(run)
    ranked = rank(distances, relevant)
    assert precision(ranked, k) == pytest.approx([scored[f"q{q}"][f"P_{k}"] for q in range(20)])
    assert recall(ranked, k) == pytest.approx([scored[f"q{q}"][f"recall_{k}"] for q in range(20)])


def test_ties_are_shared_out():
    # one of the two nearest is relevant, and only one place is left for them
    ranked = rank(np.array([[1, 1, 2]]), np.array([[True, False, True]]))
    assert precision(ranked, 1).tolist() == [0.5]
    assert recall(ranked, 1).tolist() == [0.25]


def test_k_beyond_the_database_divides_by_k():
    ranked = rank(np.array([[1, 2]]), np.array([[True, True]]))
    assert precision(ranked, 4).tolist() == [0.5]
    assert recall(ranked, 4).tolist() == [1.0]


def test_recall_of_nothing_is_not_a_number():
    assert np.isnan(recall(rank(np.array([[1, 2]]), np.zeros((1, 2), dtype=bool)), 1)).all()
