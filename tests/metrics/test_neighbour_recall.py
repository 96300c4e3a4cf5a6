"""Recall of true neighbours against FAISS and the intersection of sets."""

import faiss
import numpy as np
import pytest

from hashbench.codes.additive import Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.errors import DataError
from hashbench.metrics.neighbour_recall import neighbour_recall
from hashbench.ranking.distances import feature, hamming
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.search import nearest

INDEX = {Similarity.SQUARED_L2: faiss.IndexFlatL2, Similarity.INNER_PRODUCT: faiss.IndexFlatIP}


@pytest.fixture(params=list(Similarity))
def case(request):
    """Embeddings of queries and items, and FAISS's neighbours."""
    generator = np.random.default_rng(0)
    query, database = (generator.standard_normal((n, 16)).astype(np.float32) for n in (20, 300))
    index = INDEX[request.param](16)
    index.add(database)
    return query, database, request.param, index.search(query, 10)[1]


def test_an_exact_search_finds_every_neighbour(case):
    query, database, similarity, true = case
    found = nearest(feature(query, database, similarity), 10, NumpyKernel())
    assert neighbour_recall(found, true).tolist() == [1.0] * 20


@pytest.mark.parametrize("k", [1, 10, 100])
@pytest.mark.parametrize("n", [1, 10])
def test_equals_the_intersection_of_sets(case, k, n):
    query, database, _, true = case
    codes = (BinaryCodes.from_signs(side) for side in (query, database))
    found = nearest(hamming(*codes), k, NumpyKernel())
    expected = [len(set(a) & set(b)) / n for a, b in zip(found.tolist(), true[:, :n].tolist(), strict=True)]
    assert neighbour_recall(found, true[:, :n]).tolist() == expected


@pytest.mark.parametrize("shape", [(2, 3), (1, 0)])
def test_neighbours_that_do_not_fit_are_refused(shape):
    with pytest.raises(DataError, match="Expected as many queries and at least one neighbour each"):
        neighbour_recall(np.zeros((1, 3), dtype=int), np.zeros(shape, dtype=int))
