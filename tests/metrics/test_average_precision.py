"""Average precision against brute force over orders, scikit-learn, trec_eval and torchmetrics."""

import itertools

import numpy as np
import pytest
import pytrec_eval
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score
from torchmetrics.functional.retrieval import retrieval_average_precision

from hashbench.metrics.average_precision import Denominator, average_precision
from hashbench.metrics.ranked import Ties, one_block, rank


def literal_ap(relevance, k, denominator):
    """The definition, item by item."""
    cut = len(relevance) if k is None else min(k, len(relevance))
    hits, summed = 0, 0.0
    for i in range(cut):
        if relevance[i]:
            hits += 1
            summed += hits / (i + 1)
    total = sum(relevance)
    divisor = {
        Denominator.RETRIEVED: hits,
        Denominator.TOTAL: total,
        Denominator.MIN_K_TOTAL: min(cut, total),
    }[denominator]
    return summed / divisor if divisor else float("nan")


def mean_over_orders(distances, relevance, k, denominator):
    """Every order that sorts the distances, with equal weight; orders without a hit count zero."""
    orders = itertools.permutations(range(len(distances)))
    sorted_ones = (o for o in orders if all(distances[a] <= distances[b] for a, b in itertools.pairwise(o)))
    values = np.array([literal_ap([relevance[i] for i in o], k, denominator) for o in sorted_ones])
    return np.nan if np.isnan(values).all() else np.nan_to_num(values).mean()


small_rankings = st.integers(1, 6).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 3), min_size=n, max_size=n),
        st.lists(st.booleans(), min_size=n, max_size=n),
        st.one_of(st.none(), st.integers(1, 8)),
    )
)


@pytest.mark.parametrize("denominator", list(Denominator))
@given(case=small_rankings)
def test_expected_ties_equal_the_mean_over_all_orders(denominator, case):
    distances, relevance, k = case
    ranked = rank(np.array([distances]), np.array([relevance]))
    got = average_precision(ranked, k, denominator)[0]
    assert got == pytest.approx(mean_over_orders(distances, relevance, k, denominator), nan_ok=True)


@pytest.mark.parametrize("denominator", list(Denominator))
@given(case=small_rankings)
def test_tie_rules_are_ordered_and_are_orders_that_exist(denominator, case):
    distances, relevance, k = case
    if denominator is Denominator.RETRIEVED:
        k = None  # showing more relevant items can lower AP over the retrieved ones
    scores = {
        ties: average_precision(rank(np.array([distances]), np.array([relevance]), ties), k, denominator)[0]
        for ties in Ties
    }
    if np.isnan(scores[Ties.EXPECTED]):
        return
    assert scores[Ties.PESSIMISTIC] <= scores[Ties.EXPECTED] + 1e-12
    assert scores[Ties.EXPECTED] <= scores[Ties.OPTIMISTIC] + 1e-12
    order = np.argsort(distances, kind="stable")
    in_order = literal_ap([relevance[i] for i in order], k, denominator)
    assert scores[Ties.DATABASE_ORDER] == pytest.approx(in_order)


@pytest.fixture
def untied():
    generator = np.random.default_rng(0)
    distances = np.stack([generator.permutation(200) for _ in range(30)]).astype(np.float64)
    return distances, generator.random((30, 200)) < 0.2


def test_equals_scikit_learn_at_all(untied):
    distances, relevant = untied
    got = average_precision(rank(distances, relevant), None, Denominator.TOTAL)
    expected = [average_precision_score(r, -d) for r, d in zip(relevant, distances, strict=True)]
    assert got == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("k", [5, 10, 100])
def test_equals_trec_eval_over_total(untied, k):
    distances, relevant = untied
    names = [f"d{i:03d}" for i in range(200)]
    truth = {
        f"q{q}": {name: int(r) for name, r in zip(names, row, strict=True)}
        for q, row in enumerate(relevant)
    }
    run = {
        f"q{q}": {name: -float(d) for name, d in zip(names, row, strict=True)}
        for q, row in enumerate(distances)
    }
    scored = pytrec_eval.RelevanceEvaluator(truth, {f"map_cut.{k}"}).evaluate(run)
    expected = [scored[f"q{q}"][f"map_cut_{k}"] for q in range(30)]
    got = average_precision(rank(distances, relevant), k, Denominator.TOTAL)
    assert got == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("k", [5, 50])
def test_equals_torchmetrics_over_retrieved(untied, k):
    distances, relevant = untied
    got = average_precision(rank(distances, relevant), k, Denominator.RETRIEVED)
    # torchmetrics drops items whose score is not above zero
    scores = torch.from_numpy(1 + distances.max() - distances)
    expected = [
        float(retrieval_average_precision(s, t, top_k=k))
        for s, t in zip(scores, torch.from_numpy(relevant), strict=True)
    ]
    assert np.nan_to_num(got) == pytest.approx(expected, abs=1e-6)


def test_five_items_by_hand():
    # relevant at ranks 1, 3 and 5: precisions 1, 2/3, 3/5
    ranked = rank(np.array([[1, 2, 3, 4, 5]]), np.array([[True, False, True, False, True]]))
    assert average_precision(ranked, None, Denominator.TOTAL)[0] == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    assert average_precision(ranked, 3, Denominator.RETRIEVED)[0] == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(ranked, 3, Denominator.TOTAL)[0] == pytest.approx((1 + 2 / 3) / 3)
    assert average_precision(ranked, 2, Denominator.MIN_K_TOTAL)[0] == pytest.approx(1 / 2)


def test_chance_is_the_mean_over_shuffles():
    generator = np.random.default_rng(1)
    relevant = np.arange(40) < 9
    exact = average_precision(one_block(relevant[None]), None, Denominator.TOTAL)[0]
    drawn = [literal_ap(generator.permutation(relevant), None, Denominator.TOTAL) for _ in range(4000)]
    assert exact == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / np.sqrt(len(drawn)))


def test_nothing_relevant_is_not_a_number():
    ranked = rank(np.array([[1, 2]]), np.array([[False, False]]))
    for denominator in Denominator:
        assert np.isnan(average_precision(ranked, None, denominator)[0])


def test_inputs_are_not_changed():
    distances, relevant = np.array([[3, 1, 2, 1]]), np.array([[True, False, True, True]])
    copies = distances.copy(), relevant.copy()
    for ties in Ties:
        average_precision(rank(distances, relevant, ties), 3, Denominator.RETRIEVED)
    assert np.array_equal(distances, copies[0]) and np.array_equal(relevant, copies[1])
