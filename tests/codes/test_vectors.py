"""Floats and scalar codes: what they are reconstructed to, what they cost, how they rank."""

from dataclasses import replace

import numpy as np
import pytest

from hashbench import evaluate
from hashbench.codes.additive import Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.floats import FloatCodes
from hashbench.codes.reading import read_codes
from hashbench.codes.scalar import ScalarCodes
from hashbench.codes.storage import load_codes, save_codes
from hashbench.errors import ConfigError, DataError
from hashbench.metrics.code_statistics import distinct_codes, statistics
from hashbench.ranking.distances import aqd, feature, sqd, suited

SQUARED = Similarity.SQUARED_L2


def floats(count=5, width=6, seed=0):
    values = np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)
    return FloatCodes(values, SQUARED)


def bytes_of(values):
    """Each dimension cut into 256 levels between its ends."""
    low, high = values.min(axis=0), values.max(axis=0)
    step = ((high - low) / 255).astype(np.float32)
    levels = np.rint((values - low) / step).astype(np.uint8)
    return ScalarCodes(levels, low, step, values.shape[1], None, SQUARED)


def signs_of(values):
    """One bit a dimension, with a scale and a length of its own for each item."""
    lengths = np.square(values).sum(axis=1)
    factors = np.stack([lengths / np.abs(values).sum(axis=1), lengths], axis=1).astype(np.float32)
    offset, step = np.float32([-1]), np.float32([2])
    return ScalarCodes(np.packbits(values > 0, axis=1), offset, step, values.shape[1], factors, SQUARED)


def squared_lengths(codes):
    """What counts in distances: what is kept for each item, or what its reconstruction has."""
    own = np.square(codes.reconstruct()).sum(axis=1)
    return own if codes.factors is None else codes.factors[:, 1]


def test_bytes_come_back_within_half_a_step():
    values = floats(50).values
    codes = bytes_of(values)
    assert (np.abs(codes.reconstruct() - values) <= codes.step / 2 + 1e-6).all()
    assert (codes.bits, codes.bytes_per_item, codes.codebook_bytes) == (48, 6, 2 * 6 * 4)


def test_signs_keep_direction_scale_and_length():
    values = floats(50, 10).values
    codes = signs_of(values)
    assert np.array_equal(codes.reconstruct() > 0, values > 0)
    # The scale is such that an item's inner product with its own reconstruction is its squared length.
    assert (codes.reconstruct() * values).sum(axis=1) == pytest.approx(
        np.square(values).sum(axis=1), rel=1e-5
    )
    assert squared_lengths(codes) == pytest.approx(np.square(values).sum(axis=1))
    assert (codes.bits, codes.codebook_bytes) == (16 + 64, 8)


@pytest.mark.parametrize("make", [bytes_of, signs_of])
def test_distances_are_those_of_reconstructions(make):
    queries, items = floats(4, 9, seed=1).values, floats(20, 9).values
    codes = make(items)
    expected = squared_lengths(codes) - 2 * queries @ codes.reconstruct().T
    assert aqd(queries, codes).tile(slice(None)) == pytest.approx(expected, abs=1e-4)
    part = aqd(queries, codes).take(slice(3, 8)).tile(slice(None))
    assert part == pytest.approx(expected[:, 3:8], abs=1e-4)
    query_codes = make(queries)
    symmetric = squared_lengths(codes) - 2 * query_codes.reconstruct() @ codes.reconstruct().T
    assert sqd(query_codes, codes).tile(slice(None)) == pytest.approx(symmetric, abs=1e-4)


@pytest.mark.parametrize("make", [bytes_of, signs_of])
def test_inner_products_know_no_lengths(make):
    queries, items = floats(4, 9, seed=1).values, floats(20, 9).values
    codes = replace(make(items), similarity=Similarity.INNER_PRODUCT)
    assert aqd(queries, codes).tile(slice(None)) == pytest.approx(
        -queries @ codes.reconstruct().T, abs=1e-4
    )


def test_floats_rank_as_embeddings_do():
    queries, items = floats(4, seed=1), floats(20)
    (found,) = suited(queries, items, None)
    same = feature(queries.values, items.values, SQUARED)
    assert found.name == "feature"
    assert np.array_equal(found.tile(slice(None)), same.tile(slice(None)))
    assert (items.bits, items.codebook_bytes) == (6 * 32, 0)
    assert items.reconstruct() is items.values


def test_what_suits_depends_on_what_is_there():
    codes, queries = bytes_of(floats(20).values), floats(4, seed=1).values
    names = [one.name for one in suited(bytes_of(queries), codes, queries)]
    assert names == ["aqd", "sqd"]
    assert [one.name for one in suited(None, codes, queries)] == ["aqd"]
    with pytest.raises(ConfigError, match="neither query codes nor query embeddings"):
        suited(None, codes, None)
    with pytest.raises(DataError, match="query codes are binary, database codes scalar"):
        suited(BinaryCodes(np.zeros((1, 1), np.uint8)), codes, None)


@pytest.mark.parametrize("codes", [floats(7), bytes_of(floats(7).values), signs_of(floats(7).values)])
def test_they_are_stored_read_and_scored(codes, tmp_path):
    path = tmp_path / "codes.npz"
    save_codes(path, codes, codes, floats(7).values)
    query, database, embeddings = load_codes(path)
    assert np.array_equal(database.reconstruct(), codes.reconstruct())
    assert np.array_equal(embeddings, floats(7).values)
    stored = read_codes(path, None, {})
    labels = np.arange(7) % 2
    report = evaluate(
        stored.query, stored.database, labels, labels, query_embeddings=stored.query_embeddings
    )
    assert report.bits == codes.bits
    assert report.scores.keys() == ({"feature"} if codes.KIND == "float" else {"aqd", "sqd"})
    assert query.KIND == codes.KIND


def test_statistics_count_codes_and_measure_the_error():
    values = floats(9).values
    twice = FloatCodes(np.concatenate([values, values]), SQUARED)
    assert distinct_codes(twice) == 9
    assert statistics(twice, twice.values) == {"distinct_codes": 9.0, "quantization_error": 0.0}
    assert 0 < statistics(bytes_of(values), values)["quantization_error"] < 1e-3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FloatCodes(np.zeros((2, 3)), SQUARED), "float codes are float64 of 2 axes"),
        (
            lambda: ScalarCodes(np.zeros((2, 3)), np.zeros(1), np.ones(1), 3, None, SQUARED),
            "levels are float64 of 2 axes",
        ),
        (
            lambda: ScalarCodes(np.zeros((2, 3), np.uint8), np.zeros(1), np.ones(1), 9, None, SQUARED),
            "3 bytes an item for 9 dimensions",
        ),
        (
            lambda: ScalarCodes(
                np.zeros((2, 2), np.uint8), np.zeros(1), np.ones(1), 9, np.zeros((3, 2)), SQUARED
            ),
            r"factors of shape \(3, 2\) for 2 items",
        ),
    ],
)
def test_impossible_codes_are_refused(make, message):
    with pytest.raises(DataError, match=message):
        make()
