"""How fast a search is, for every kind of code."""

import numpy as np
import pytest

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.floats import FloatCodes
from hashbench.codes.scalar import ScalarCodes
from hashbench.planning import scan
from hashbench.planning.scan import float_scan, held_bytes, measure_scan
from hashbench.ranking.distances import suited
from hashbench.ranking.kernels.plain import NumpyKernel

GENERATOR = np.random.default_rng(0)


def bytes_of(rows, width):
    return GENERATOR.integers(0, 256, (rows, width), dtype=np.uint8)


def normal(*shape):
    return GENERATOR.standard_normal(shape).astype(np.float32)


def additive(rows):
    return AdditiveCodes(bytes_of(rows, 4), BOOKS, Similarity.SQUARED_L2)


def scalar(rows):
    ones = np.ones(1, np.float32)
    return ScalarCodes(bytes_of(rows, 6), ones, ones, 6, None, Similarity.INNER_PRODUCT)


BOOKS = normal(4, 256, 6)
# Bytes an item that a search reads: words of 4 or 8 bytes, a bias of 4, floats of 4.
KINDS = {
    "binary-16": (lambda rows: BinaryCodes(bytes_of(rows, 2)), 4),
    "binary-64": (lambda rows: BinaryCodes(bytes_of(rows, 8)), 8),
    "binary-72": (lambda rows: BinaryCodes(bytes_of(rows, 9)), 16),
    "additive": (additive, 4 + 4),
    "scalar": (scalar, 6 * 4 + 4),
    "float": (lambda rows: FloatCodes(normal(rows, 6), Similarity.INNER_PRODUCT), 6 * 4 + 4),
}


def distances(kind, queries=5, items=40):
    make, _ = KINDS[kind]
    return suited(make(queries), make(items), normal(queries, 6))[0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_measured(kind):
    _, held = KINDS[kind]
    some = distances(kind)
    found = measure_scan(some)
    assert (found.distance, found.item_bytes, held_bytes(some)) == (some.name, held, held)
    assert found.items == min(scan.ITEMS, scan.BYTES // held)
    assert found.pair.core_seconds > 0 and found.alone.seconds > 0 and found.alone.threads == 1
    assert found.bytes_per_second == pytest.approx(held / found.pair.core_seconds)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_items_are_the_run_s_own_and_the_others_are_made_of_them(kind):
    some = distances(kind)
    many = scan._filled(some, 7, 200)
    assert (many.queries, many.items) == (7, 200)
    assert np.array_equal(many.take(slice(40)).tile(slice(0, 5)), some.tile(slice(0, 5)))
    assert np.array_equal(many.tile(slice(5, 7)), many.tile(slice(0, 2)))


def test_repeated_items_do_not_tie():
    many = scan._filled(distances("binary-64", items=97), 1, 97 * 50)
    assert len(np.unique(many.database.packed, axis=0)) > 0.99 * 97 * 50


def test_without_numba_one_thread_searches(monkeypatch):
    monkeypatch.setattr(scan, "resolve_kernel", NumpyKernel)
    found = measure_scan(distances("additive"))
    assert (found.kernel, found.pair.threads) == ("numpy", 1)


def test_floats_are_measured_for_comparison():
    found = float_scan(12)
    assert (found.distance, found.item_bytes) == ("feature", 12 * 4 + 4)
