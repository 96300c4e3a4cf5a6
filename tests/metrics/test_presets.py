"""Presets: what undefined queries count, and the evaluators that the published ones stand for."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from hashbench.errors import ConfigError, DataError
from hashbench.metrics.average_precision import Denominator
from hashbench.metrics.named import NamedMetric
from hashbench.metrics.presets import PRESETS, SUITE, MetricPreset
from hashbench.metrics.score import Scores, score
from hashbench.ranking.blocks import Ties
from hashbench.ranking.kernels import plain
from hashbench.ranking.kernels.plain import NumpyKernel

from .oracles import close, placed, trec_eval, truth, untied

ITEMS = 6000


@pytest.fixture(scope="module")
def untied_case():
    """The first query has nothing to find, the second nothing among the first 5000 items."""
    distances, relevant = untied(queries=8, items=ITEMS, share=0.01)
    relevant[0] = False
    relevant[1] = distances[1] >= 5500
    return distances, relevant


def values(case, preset):
    distances, relevant = case
    return score(placed(distances), truth(relevant), [preset], NumpyKernel())[preset.name]


def calc_top_map(case, k):
    """CalcTopMap of DeepHash-pytorch."""
    total = 0.0
    for distances, relevant in zip(*case, strict=True):
        found = relevant[np.argsort(distances)][:k].astype(np.float64)
        hits = int(found.sum())
        if hits == 0:
            continue
        count = np.linspace(1, hits, hits)
        ranks = np.asarray(np.where(found == 1)) + 1.0
        total += np.mean(count / ranks)
    return total / len(case[0])


def maps_by_feature(case, k):
    """The loop that WSDHQ inherits from DVSQ, on similarities."""
    found = []
    for distances, relevant in zip(*case, strict=True):
        match = relevant[np.argsort(distances)[:k]]
        precisions = np.cumsum(match) / np.arange(1, k + 1)
        if match.sum() != 0:
            found.append(np.sum(precisions * match) / match.sum())
    return np.mean(found)


def mean_over_matched_queries(case, k):
    """WSIH's rule: a query without relevant items is left out, one that does not find any counts zero."""
    found = []
    for distances, relevant in zip(*case, strict=True):
        if not relevant.any():
            continue
        ranks = np.flatnonzero(relevant[np.argsort(distances)][:k]) + 1
        found.append(np.mean(np.arange(1, len(ranks) + 1) / ranks) if len(ranks) else 0.0)
    return np.mean(found)


@pytest.mark.parametrize(
    ("name", "evaluator"),
    [("deephash_pytorch", calc_top_map), ("wsdhq", maps_by_feature), ("wsih", mean_over_matched_queries)],
)
def test_published_presets_equal_the_evaluators(untied_case, name, evaluator):
    preset = PRESETS[name]
    means = values(untied_case, preset).means()
    for metric in preset.named():
        assert means[str(metric)] == close(evaluator(untied_case, metric.k or ITEMS))


@pytest.mark.parametrize("name", ["deephash_pytorch", "wsdhq", "wsih"])
def test_published_presets_leave_ties_in_database_order(name):
    distances, relevant = untied(queries=4, items=ITEMS)
    tied = distances // 40
    stable = np.argsort(np.argsort(tied, axis=1, kind="stable"), axis=1)
    preset = PRESETS[name]
    assert values((tied, relevant), preset).means() == values((stable, relevant), preset).means()


def test_trec_orders_ties_as_trec_eval_does(untied_case):
    distances, relevant = untied_case
    tied = distances // 150
    preset = PRESETS["trec"]
    got = values((tied, relevant), preset).per_query
    theirs = trec_eval(tied, relevant, "map_cut.1000", "map_cut.5000", "map")
    for metric, key in (("map@1000", "map_cut_1000"), ("map@5000", "map_cut_5000"), ("map@all", "map")):
        assert got[metric] == close(theirs[key])


def test_sklearn_takes_ties_as_scikit_learn_does(untied_case):
    distances, relevant = untied_case
    tied = distances // 150
    expected = [average_precision_score(r, -d) for d, r in zip(tied[1:], relevant[1:], strict=True)]
    assert values((tied, relevant), PRESETS["sklearn"]).per_query["map@all"] == close([0, *expected])


METRICS = (
    "map@2",
    "map@all",
    "precision@2",
    "recall@2",
    "hit_rate@2",
    "r_precision",
    "ndcg@2",
    "acg@2",
    "wap@2",
)


@pytest.mark.parametrize(("rule", "counted"), [("zero", 0.0), ("one", 1.0), ("skip", np.nan)])
def test_a_query_without_relevant_items_counts_what_the_preset_says(rule, counted):
    # the other query has all it looks for in the first places
    case = np.array([[1, 2, 3], [1, 2, 3]]), np.array([[False] * 3, [True, True, False]])
    scores = values(case, replace(SUITE, metrics=METRICS, no_relevant=rule))
    for metric in METRICS:
        assert scores.per_query[metric] == close([counted, 1])
        assert scores.means()[metric] == close(1 if rule == "skip" else (counted + 1) / 2)


@pytest.mark.parametrize("tile", [1, 1_000_000])
def test_a_query_without_relevant_items_is_named_where_the_preset_refuses_it(monkeypatch, tile):
    monkeypatch.setattr(plain, "_TILE_ENTRIES", tile)
    case = np.zeros((4, 3)), np.array([[True] * 3, [True] * 3, [False] * 3, [False] * 3])
    with pytest.raises(DataError) as stop:
        values(case, replace(SUITE, no_relevant="error"))
    assert str(stop.value) == (
        "query 2 has no relevant item (2 of 4 queries have none). Metric preset 'hashbench' expects one "
        "for each."
    )


@pytest.mark.parametrize(("rule", "counted"), [("zero", 0.0), ("skip", np.nan)])
def test_a_query_without_hits_counts_what_the_preset_says(rule, counted):
    case = np.array([[1, 2, 3], [1, 2, 3]]), np.array([[False, False, True], [True, False, False]])
    preset = replace(
        SUITE, metrics=("map@2", "map@all"), denominator=Denominator.RETRIEVED, no_hit=rule, band=False
    )
    scores = values(case, preset)
    assert scores.per_query["map@2"] == close([counted, 1])
    assert scores.per_query["map@all"] == close([1 / 3, 1])
    assert scores.means()["map@2"] == close(1 if rule == "skip" else 1 / 2)


def test_settling_leaves_what_was_computed_as_it_was():
    computed, relevant = np.array([0.25, np.nan, np.nan]), np.array([3, 2, 0])
    before = computed.copy()
    preset = replace(SUITE, no_hit="zero", no_relevant="one")
    assert preset.settle(NamedMetric("map", 5), computed, relevant).tolist() == [0.25, 0, 1]
    # an empty Hamming ball is no missed hit
    of_ball = preset.settle(NamedMetric("precision_within", 2), computed, relevant)
    assert of_ball == close([0.25, np.nan, 1])
    assert np.array_equal(computed, before, equal_nan=True)


def test_the_mean_is_over_the_queries_that_count():
    scores = Scores("one", {"some": np.array([0.5, np.nan, 1.0]), "none": np.array([np.nan, np.nan])})
    assert scores.means() == {"some": 0.75, "none": 0.0}


@pytest.mark.parametrize(
    "metric", ["map@5000", "precision@10", "ndcg@all", "r_precision", "recall_within@2"]
)
def test_whole_blocks_are_refused_where_a_rank_cuts_them(metric):
    with pytest.raises(ConfigError, match=f"metric preset 'mine'.*map@all only, not for '{metric}'"):
        MetricPreset("mine", ("map@all", metric), Denominator.TOTAL, "zero", "zero", ties=Ties.WHOLE_BLOCK)


def test_a_preset_knows_its_metrics_when_it_is_made():
    with pytest.raises(ConfigError, match="unknown metric 'mapp@5'"):
        replace(SUITE, metrics=("mapp@5",))


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_preset_says_whose_it_is(preset):
    assert preset.about and PRESETS[preset.name] is preset
