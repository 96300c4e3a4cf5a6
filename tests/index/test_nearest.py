"""What a search of shards finds is what a search of the whole finds, to the bit."""

import numpy as np
import pytest

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.floats import FloatCodes
from hashbench.codes.rows import take
from hashbench.codes.set_writer import SetWriter
from hashbench.errors import DataError
from hashbench.index import nearest as module
from hashbench.index.nearest import nearest_in
from hashbench.ranking.distances import suited
from hashbench.ranking.kernels.choice import resolve_kernel

ITEMS, QUERIES, WIDTH = 500, 7, 6


def binary(rng):
    # Of one byte, so that many distances are equal.
    return BinaryCodes(rng.integers(0, 256, (ITEMS, 1), dtype=np.uint8))


def additive(rng, similarity=Similarity.INNER_PRODUCT):
    books = rng.standard_normal((2, 4, WIDTH)).astype(np.float32)
    return AdditiveCodes(rng.integers(0, 4, (ITEMS, 2), dtype=np.uint8), books, similarity)


def squared(rng):
    return additive(rng, Similarity.SQUARED_L2)


@pytest.fixture(params=[binary, additive, squared], ids=lambda kind: kind.__name__)
def sides(request):
    """Codes of queries and items, and the queries' embeddings."""
    rng = np.random.default_rng(7)
    items = request.param(rng)
    queries = take(items, np.arange(QUERIES) * 31)
    return queries, items, rng.standard_normal((QUERIES, WIDTH)).astype(np.float32)


def in_shards(folder, codes, bounds):
    """A set of codes whose shards end at those places."""
    writer = SetWriter.begin(folder, len(bounds), {"cut": bounds})
    for number, (start, stop) in enumerate(zip([0, *bounds], bounds, strict=False)):
        writer.put(number, take(codes, slice(start, stop)))
    return writer.finish()


def whole(queries, items, embeddings, k):
    """Places and distances by a stable sort of everything."""
    distances = suited(queries, items, embeddings)[0].tile(slice(0, QUERIES))
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(distances, order, axis=1)


@pytest.mark.parametrize("bounds", [[500], [1, 1, 250, 500], [*range(50, 501, 50)]], ids=["1", "4", "10"])
@pytest.mark.parametrize("k", [1, 12, 300, 900])
@pytest.mark.parametrize("kernel", ["numpy", "auto"])
def test_shards_find_what_the_whole_finds(sides, tmp_path, bounds, k, kernel):
    queries, items, embeddings = sides
    codes = in_shards(tmp_path / "set", items, bounds)
    places, distances = nearest_in(codes, queries, embeddings, k, resolve_kernel(kernel))
    expected = whole(queries, items, embeddings, k)
    assert places.dtype == np.int64
    assert np.array_equal(places, expected[0])
    assert np.array_equal(distances, expected[1])


def test_floats_are_found_to_rounding(tmp_path):
    rng = np.random.default_rng(3)
    values = rng.standard_normal((ITEMS, WIDTH)).astype(np.float32)
    items = FloatCodes(values, Similarity.INNER_PRODUCT)
    queries = take(items, slice(0, QUERIES))
    codes = in_shards(tmp_path / "set", items, [200, 500])
    places, distances = nearest_in(codes, queries, values[:QUERIES], 5)
    expected = whole(queries, items, values[:QUERIES], 5)
    assert np.array_equal(places, expected[0])
    assert np.allclose(distances, expected[1], rtol=1e-6)


def test_nothing_is_found_where_nothing_is(sides, tmp_path):
    queries, items, embeddings = sides
    codes = in_shards(tmp_path / "set", take(items, slice(0, 0)), [0])
    places, distances = nearest_in(codes, queries, embeddings, 5)
    assert places.shape == distances.shape == (QUERIES, 0)


def test_more_items_than_places_are_refused(sides, tmp_path, monkeypatch):
    queries, items, embeddings = sides
    monkeypatch.setattr(module, "MOST_ITEMS", ITEMS - 1)
    codes = in_shards(tmp_path / "set", items, [ITEMS])
    with pytest.raises(DataError, match="500 codes. Expected at most 499"):
        nearest_in(codes, queries, embeddings, 5)
