"""Distances against the plain formula and FAISS."""

import faiss
import numpy as np
import pytest

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.ranking import distances as module
from hashbench.ranking.distances import aqd, feature, hamming, sqd
from hashbench.ranking.search import nearest


def whole(distances):
    return np.concatenate([tile for _, tile in distances.tiles()])


@pytest.fixture
def binary():
    generator = np.random.default_rng(0)
    return tuple(BinaryCodes(generator.integers(0, 256, (n, 4), dtype=np.uint8)) for n in (7, 50))


def additive(similarity, items, seed):
    generator = np.random.default_rng(seed)
    books = np.random.default_rng(9).standard_normal((3, 16, 10)).astype(np.float32)
    return AdditiveCodes(generator.integers(0, 16, (items, 3), dtype=np.uint8), books, similarity)


def test_hamming_counts_differing_bits(binary):
    query, database = binary
    expected = (query.signs()[:, None] != database.signs()[None]).sum(axis=2)
    assert np.array_equal(whole(hamming(query, database)), expected)


def test_hamming_finds_the_neighbours_that_faiss_finds(binary):
    query, database = binary
    index = faiss.IndexBinaryFlat(32)
    index.add(database.packed)
    expected, _ = index.search(query.packed, 10)
    distances = hamming(query, database)
    found = nearest(distances, 10)
    assert np.array_equal(np.take_along_axis(whole(distances), found, axis=1), expected)


def test_aqd_by_inner_product_is_the_negated_product_with_the_reconstruction():
    database = additive(Similarity.INNER_PRODUCT, 40, 1)
    queries = np.random.default_rng(2).standard_normal((6, 10)).astype(np.float32)
    expected = -queries @ database.reconstruct().T
    assert whole(aqd(queries, database)) == pytest.approx(expected, abs=1e-5)


def test_aqd_by_l2_differs_from_the_squared_distance_by_the_query_alone():
    database = additive(Similarity.SQUARED_L2, 40, 1)
    queries = np.random.default_rng(2).standard_normal((6, 10)).astype(np.float32)
    literal = ((queries[:, None] - database.reconstruct()[None]) ** 2).sum(axis=2)
    expected = literal - (queries**2).sum(axis=1, keepdims=True)
    assert whole(aqd(queries, database)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("similarity", list(Similarity))
def test_sqd_is_aqd_of_reconstructed_queries(similarity):
    query, database = additive(similarity, 6, 3), additive(similarity, 40, 1)
    expected = whole(feature(query.reconstruct(), database.reconstruct(), similarity))
    assert whole(sqd(query, database)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("similarity", list(Similarity))
def test_equal_codes_are_ties_to_the_bit(similarity):
    once = additive(similarity, 30, 1)
    twice = AdditiveCodes(np.concatenate([once.indices, once.indices]), once.codebooks, similarity)
    queries = np.random.default_rng(2).standard_normal((6, 10)).astype(np.float32)
    distances = whole(aqd(queries, twice))
    assert np.array_equal(distances[:, :30], distances[:, 30:])


def test_tiles_equal_one_pass(binary, monkeypatch):
    query, database = binary
    once = whole(hamming(query, database))
    monkeypatch.setattr(module, "_TILE_ENTRIES", 2 * len(database))
    tiles = list(hamming(query, database).tiles())
    assert len(tiles) == 4
    assert np.array_equal(np.concatenate([tile for _, tile in tiles]), once)


@pytest.mark.parametrize("k", [1, 10, 50, 80])
def test_nearest_is_a_stable_sort(binary, k):
    distances = hamming(*binary)
    expected = np.argsort(whole(distances), axis=1, kind="stable")[:, :k]
    assert np.array_equal(nearest(distances, k), expected)
