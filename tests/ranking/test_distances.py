"""Distances against the plain formula and FAISS."""

import faiss
import numpy as np
import pytest

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.errors import DataError
from hashbench.ranking.distances import aqd, cosine, feature, hamming, sqd
from hashbench.ranking.search import nearest

ALL = slice(None)


@pytest.fixture
def binary():
    generator = np.random.default_rng(0)
    return tuple(BinaryCodes(generator.integers(0, 256, (n, 4), dtype=np.uint8)) for n in (7, 50))


def additive(similarity, items, seed):
    generator = np.random.default_rng(seed)
    books = np.random.default_rng(9).standard_normal((3, 16, 10)).astype(np.float32)
    return AdditiveCodes(generator.integers(0, 16, (items, 3), dtype=np.uint8), books, similarity)


def vectors(count, seed=2):
    return np.random.default_rng(seed).standard_normal((count, 10)).astype(np.float32)


def test_hamming_counts_differing_bits(binary):
    query, database = binary
    expected = (query.signs()[:, None] != database.signs()[None]).sum(axis=2)
    assert np.array_equal(hamming(query, database).tile(ALL), expected)


def test_hamming_finds_the_neighbours_that_faiss_finds(binary):
    query, database = binary
    index = faiss.IndexBinaryFlat(32)
    index.add(database.packed)
    expected, _ = index.search(query.packed, 10)
    distances = hamming(query, database)
    found = nearest(distances, 10)
    assert np.array_equal(np.take_along_axis(distances.tile(ALL), found, axis=1), expected)


def test_aqd_by_inner_product_is_the_negated_product_with_the_reconstruction():
    database, queries = additive(Similarity.INNER_PRODUCT, 40, 1), vectors(6)
    expected = -queries @ database.reconstruct().T
    assert aqd(queries, database).tile(ALL) == pytest.approx(expected, abs=1e-5)


def test_aqd_by_l2_differs_from_the_squared_distance_by_the_query_alone():
    database, queries = additive(Similarity.SQUARED_L2, 40, 1), vectors(6)
    literal = ((queries[:, None] - database.reconstruct()[None]) ** 2).sum(axis=2)
    expected = literal - (queries**2).sum(axis=1, keepdims=True)
    assert aqd(queries, database).tile(ALL) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("similarity", list(Similarity))
def test_sqd_is_aqd_of_reconstructed_queries(similarity):
    query, database = additive(similarity, 6, 3), additive(similarity, 40, 1)
    expected = feature(query.reconstruct(), database.reconstruct(), similarity).tile(ALL)
    assert sqd(query, database).tile(ALL) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("similarity", list(Similarity))
def test_equal_codes_are_ties_to_the_bit(similarity):
    once = additive(similarity, 30, 1)
    twice = AdditiveCodes(np.concatenate([once.indices, once.indices]), once.codebooks, similarity)
    distances = aqd(vectors(6), twice).tile(ALL)
    assert np.array_equal(distances[:, :30], distances[:, 30:])


def test_cosine_ranks_by_angle_and_a_zero_vector_is_at_right_angles_to_all():
    queries, database = vectors(6), vectors(40, seed=3)
    database[7] = 0
    distances = cosine(queries, database).tile(ALL)
    norms = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(database, axis=1)[None]
    expected = np.divide(-queries @ database.T, norms, out=np.zeros_like(norms), where=norms > 0)
    assert distances == pytest.approx(expected, abs=1e-6)
    assert not distances[:, 7].any()


@pytest.mark.parametrize(
    ("query", "database", "message"),
    [
        (np.empty((0, 4), np.uint8), np.zeros((3, 4), np.uint8), "0 queries and 3 database items"),
        (np.zeros((3, 4), np.uint8), np.empty((0, 4), np.uint8), "3 queries and 0 database items"),
        (np.zeros((3, 4), np.uint8), np.zeros((3, 2), np.uint8), "queries have 4 bytes, database items 2"),
    ],
)
def test_hamming_refuses_what_cannot_be_compared(query, database, message):
    with pytest.raises(DataError, match=message):
        hamming(BinaryCodes(query), BinaryCodes(database))


def test_embeddings_that_are_not_finite_are_refused():
    queries = vectors(2)
    queries[1, 3] = np.nan
    with pytest.raises(DataError, match="a query embedding holds a number that is not finite"):
        aqd(queries, additive(Similarity.INNER_PRODUCT, 5, 1))


@pytest.mark.parametrize("k", [1, 10, 50, 80])
def test_nearest_is_a_stable_sort(binary, k):
    distances = hamming(*binary)
    expected = np.argsort(distances.tile(ALL), axis=1, kind="stable")[:, :k]
    assert np.array_equal(nearest(distances, k), expected)
