"""Scoring whole runs against brute force; tiles and other presets do not change a number."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hashbench.codes.binary import BinaryCodes
from hashbench.metrics.average_precision import Denominator
from hashbench.metrics.ndcg import Gain
from hashbench.metrics.presets import PRESETS, SUITE
from hashbench.metrics.radius import EmptyBall
from hashbench.metrics.score import CHANCE, score
from hashbench.ranking.blocks import Ties
from hashbench.ranking.distances import cosine, hamming
from hashbench.ranking.kernels import plain
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.relevance import Relevance

from .oracles import (
    BY_RANK,
    EVERY,
    GAINS,
    MINE,
    Ranking,
    close,
    literal_acg,
    literal_ap,
    literal_hit_rate,
    literal_ndcg,
    literal_precision,
    literal_r_precision,
    literal_recall,
    literal_wap,
    placed,
    truth,
    untied,
)


def literal(metric, preset):
    """The literal definition of a metric by rank."""
    return {
        "map": partial(literal_ap, denominator=preset.denominator),
        "precision": literal_precision,
        "recall": literal_recall,
        "hit_rate": literal_hit_rate,
        "r_precision": literal_r_precision,
        "ndcg": partial(literal_ndcg, gain=GAINS[preset.gain]),
        "acg": literal_acg,
        "wap": partial(literal_wap, denominator=preset.denominator),
    }[metric.kind]


@st.composite
def searches(draw):
    """Codes of one byte with many ties, and labels, of 1 to 3 queries and 1 to 5 items."""
    queries, items = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    codes = [draw(arrays(np.uint8, (n, 1), elements=st.integers(0, 3))) for n in (queries, items)]
    labels = [draw(arrays(np.bool_, (n, 3), fill=st.booleans())) for n in (queries, items)]
    return *codes, *labels


def literal_search(search):
    """Distances and grades of each query's items, as lists."""
    query, database, query_labels, labels = search
    for code, wanted in zip(query[:, 0], query_labels, strict=True):
        yield (
            [int(code ^ other).bit_count() for other in database[:, 0]],
            [int((wanted & has).sum()) for has in labels],
        )


def run(search, presets):
    query, database, query_labels, labels = search
    distances = hamming(BinaryCodes(query), BinaryCodes(database))
    return score(distances, Relevance.of(query_labels, labels), presets, NumpyKernel())


@settings(max_examples=40)
@pytest.mark.parametrize("gain", list(Gain))
@pytest.mark.parametrize("denominator", [Denominator.TOTAL, Denominator.MIN_K_TOTAL])
@given(search=searches())
def test_a_search_scores_what_its_definitions_say(denominator, gain, search):
    preset = replace(MINE, denominator=denominator, gain=gain)
    got = run(search, [preset])[preset.name].per_query
    for query, (distances, grades) in enumerate(literal_search(search)):
        for metric in preset.named():
            ranking = Ranking(distances, grades, metric.k)
            if not any(grades):
                assert np.isnan(got[str(metric)][query])
                continue
            if metric.by_radius:
                inside = [g > 0 for d, g in zip(distances, grades, strict=True) if d <= metric.k]
                of = len(inside) if metric.kind == "precision_within" else sum(g > 0 for g in grades)
                assert got[str(metric)][query] == close(sum(inside) / max(of, 1))
                continue
            values = ranking.in_all_orders(literal(metric, preset))
            assert got[str(metric)][query] == close(values.mean())
            if metric.kind == "map":
                assert got[f"{metric}/pessimistic"][query] == close(values.min())
                assert got[f"{metric}/optimistic"][query] == close(values.max())
        chance = Ranking([0] * len(grades), grades, None).expected(
            partial(literal_ap, denominator=denominator)
        )
        assert got[CHANCE][query] == close(chance)


@settings(max_examples=40)
@pytest.mark.parametrize("ties", [Ties.DATABASE_ORDER, Ties.ID_DESCENDING, Ties.RANDOM])
@given(search=searches(), seed=st.integers(0, 5))
def test_ties_in_an_order_are_that_order(ties, search, seed):
    preset = replace(MINE, ties=ties, seed=seed, band=False)
    got = run(search, [preset])[preset.name].per_query
    items = len(search[1])
    order = {
        Ties.DATABASE_ORDER: np.arange(items),
        Ties.ID_DESCENDING: np.arange(items)[::-1],
        Ties.RANDOM: np.random.default_rng(seed).permutation(items),
    }[ties]
    for query, (distances, grades) in enumerate(literal_search(search)):
        ordered = [grades[item] for item in sorted(order, key=distances.__getitem__)]
        for metric in preset.named():
            if not metric.by_radius and any(grades):
                assert got[str(metric)][query] == close(literal(metric, preset)(ordered, metric.k))


# A search by floats stops at the last rank that a metric asks for; ties there are cut or kept whole.
@settings(max_examples=40)
@pytest.mark.parametrize("metrics", [BY_RANK, ("map@2",), ("wap@3", "acg@1")], ids=["all", "two", "three"])
@given(search=searches())
def test_equal_distances_score_alike_whatever_they_measure(metrics, search):
    literally = list(literal_search(search))
    placed_alike = placed(np.array([distances for distances, _ in literally], dtype=np.float32))
    relevance = Relevance.of(*search[2:])
    presets = [replace(preset, metrics=metrics) for preset in EVERY if preset.ties is not Ties.WHOLE_BLOCK]
    floats = score(placed_alike, relevance, presets, NumpyKernel())
    for name, scores in run(search, presets).items():
        for metric, values in scores.per_query.items():
            assert floats[name].per_query[metric] == close(values)


QUERIES, ITEMS = 40, 500


@pytest.fixture(scope="module")
def large():
    """The same ground truth of rare and common labels, with codes of many ties and floats of none."""
    generator = np.random.default_rng(0)
    codes = [generator.integers(0, 256, (n, 1), dtype=np.uint8) for n in (QUERIES, ITEMS)]
    labels = [generator.random((n, 4)) < [0.02, 0.1, 0.3, 0.5] for n in (QUERIES, ITEMS)]
    distances, _ = untied(QUERIES, ITEMS)
    return hamming(*map(BinaryCodes, codes)), placed(distances), Relevance.of(*labels)


@pytest.mark.parametrize("measured", [0, 1], ids=["hamming", "feature"])
@pytest.mark.parametrize("rows", [1, 5])
def test_tiles_equal_one_pass(large, measured, rows, monkeypatch):
    distances, relevance = large[measured], large[2]
    whole = score(distances, relevance, EVERY, NumpyKernel())
    monkeypatch.setattr(plain, "_TILE_ENTRIES", rows * distances.items)
    tiled = score(distances, relevance, EVERY, NumpyKernel())
    for name, scores in whole.items():
        for metric, values in scores.per_query.items():
            assert np.array_equal(tiled[name].per_query[metric], values, equal_nan=True), (name, metric)


@pytest.mark.parametrize("measured", [0, 1], ids=["hamming", "feature"])
def test_all_presets_at_once_equal_each_alone(large, measured):
    distances, relevance = large[measured], large[2]
    presets = {preset.name: preset for preset in sorted(EVERY, key=lambda preset: preset.graded)}
    together = score(distances, relevance, presets.values(), NumpyKernel())
    assert list(together) == list(presets) and together.keys() >= PRESETS.keys()
    for name, preset in presets.items():
        alone = score(distances, relevance, [preset], NumpyKernel())[name]
        assert alone.per_query.keys() == together[name].per_query.keys()
        for metric, values in alone.per_query.items():
            assert np.array_equal(together[name].per_query[metric], values, equal_nan=True), (name, metric)


def test_a_preset_asked_for_twice_scores_each_query_once(large):
    distances, _, relevance = large
    scores = score(distances, relevance, [SUITE, SUITE], NumpyKernel())[SUITE.name]
    assert {len(values) for values in scores.per_query.values()} == {QUERIES}


def test_random_ties_depend_on_the_seed_alone(large):
    distances, _, relevance = large
    presets = [replace(MINE, name=str(seed), ties=Ties.RANDOM, seed=seed) for seed in range(5)]
    first, second = (score(distances, relevance, presets, NumpyKernel()) for _ in range(2))
    found = {name: scores.per_query["map@all"].tobytes() for name, scores in first.items()}
    assert found == {name: scores.per_query["map@all"].tobytes() for name, scores in second.items()}
    assert len(set(found.values())) == 5


@pytest.mark.parametrize("ties", [Ties.RANDOM, Ties.ID_DESCENDING])
def test_other_orders_are_the_database_order_of_a_database_in_that_order(large, ties):
    distances, _, relevance = large
    order = np.random.default_rng(7).permutation(ITEMS) if ties is Ties.RANDOM else np.arange(ITEMS)[::-1]
    preset = replace(MINE, ties=ties, seed=7)
    got = score(distances, relevance, [preset], NumpyKernel())["mine"]
    moved = distances.take(order), relevance.take(order)
    expected = score(*moved, [replace(MINE, ties=Ties.DATABASE_ORDER)], NumpyKernel())["mine"]
    assert got.per_query.keys() == expected.per_query.keys()
    for metric, values in got.per_query.items():
        assert np.array_equal(values, expected.per_query[metric], equal_nan=True)


def test_a_perfect_ranking_scores_one_at_every_k():
    labels = np.eye(2, dtype=bool), np.repeat(np.eye(2, dtype=bool), 4000, axis=0)
    distances = placed(np.where(labels[0] @ labels[1].T, 0, 1))
    means = score(distances, Relevance.of(*labels), [SUITE], NumpyKernel())[SUITE.name].means()
    perfect = {"map@5000", "map@all", "precision@100", "r_precision", "ndcg@100"}
    assert {metric for metric, value in means.items() if value == close(1)} >= perfect


def test_a_zero_query_is_at_right_angles_to_all_and_scores_chance(large):
    relevance = large[2]
    distances = cosine(np.zeros((QUERIES, 8)), np.random.default_rng(0).standard_normal((ITEMS, 8)))
    scores = score(distances, relevance, [SUITE], NumpyKernel())[SUITE.name].per_query
    assert scores["map@all"] == close(scores[CHANCE])


def test_zero_items_rank_between_those_that_point_along_and_against():
    items = np.array([[-2.0, 0.0], [0.0, 0.0], [0.0, 3.0], [5.0, 0.0], [0.0, 0.0]])
    relevance = truth(np.array([[False, True, False, False, True]]))
    got = score(cosine(np.array([[7.0, 0.0]]), items), relevance, [MINE], NumpyKernel())["mine"].per_query
    ranking = Ranking([2, 1, 1, 0, 1], [0, 1, 0, 0, 1], None)
    assert got["map@all"] == close([ranking.expected(partial(literal_ap, denominator=MINE.denominator))])


def test_radii_are_for_hamming_distances_only(large):
    binary, floats, relevance = large
    both = [
        score(distances, relevance, [SUITE], NumpyKernel())[SUITE.name] for distances in (binary, floats)
    ]
    names = [{name for name in scores.per_query if "within" in name} for scores in both]
    assert names == [{"precision_within@2", "recall_within@2"}, set()]


def test_an_empty_ball_counts_what_the_preset_says():
    distances = hamming(*(BinaryCodes(np.array([[code]], dtype=np.uint8)) for code in (0, 255)))
    relevance = truth(np.array([[True]]))
    presets = [replace(MINE, name=rule, empty_ball=rule) for rule in EmptyBall]
    found = score(distances, relevance, presets, NumpyKernel())
    assert found["zero"].per_query["precision_within@1"].tolist() == [0]
    assert np.isnan(found["skip"].per_query["precision_within@1"]).all()
