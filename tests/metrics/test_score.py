"""Presets decide what undefined queries count, and tiles do not change a number."""

import numpy as np
import pytest

from hashbench.metrics.presets import PRESETS, SUITE, WSDHQ
from hashbench.metrics.score import CHANCE, NAMES, score


@pytest.fixture
def case():
    generator = np.random.default_rng(0)
    distances = generator.integers(0, 9, (12, 300))
    return distances, generator.random((12, 4)) < 0.4, generator.random((300, 4)) < 0.3


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_tiles_equal_one_pass(case, preset):
    distances, query, database = case
    whole = score([(slice(0, 12), distances)], query, database, preset)
    tiles = [(slice(s, s + 5), distances[s : s + 5]) for s in (0, 5, 10)]
    tiled = score(tiles, query, database, preset)
    for name in (*NAMES, CHANCE):
        assert np.array_equal(whole.per_query[name], tiled.per_query[name], equal_nan=True)


def test_queries_without_relevant_items_are_skipped_and_misses_are_settled():
    # query 0 has no relevant item; query 1 has one, far away
    query = np.array([[True, False], [False, True]])
    database = np.zeros((6000, 2), dtype=bool)
    database[-1, 1] = True
    distances = np.tile(np.arange(6000), (2, 1))
    suite = score([(slice(0, 2), distances)], query, database, SUITE)
    assert np.isnan(suite.per_query["map@all"][0])
    assert suite.per_query["map@5000"][1] == 0
    assert suite.means()["map@5000"] == 0
    assert suite.means()["map@all"] == pytest.approx(1 / 6000)
    theirs = score([(slice(0, 2), distances)], query, database, WSDHQ)
    assert np.isnan(theirs.per_query["map@5000"]).all()
    assert theirs.means()["map@5000"] == 0


def test_a_perfect_ranking_scores_one_at_every_k():
    query, database = np.eye(2, dtype=bool), np.repeat(np.eye(2, dtype=bool), 4000, axis=0)
    distances = np.where(query @ database.T, 0, 1)
    means = score([(slice(0, 2), distances)], query, database, SUITE).means()
    assert means["map@5000"] == means["map@all"] == means["precision@100"] == 1


def test_a_ranking_that_knows_nothing_scores_chance(case):
    _, query, database = case
    flat = np.zeros((12, 300), dtype=int)
    values = score([(slice(0, 12), flat)], query, database, SUITE)
    assert np.array_equal(values.per_query["map@all"], values.per_query[CHANCE], equal_nan=True)
