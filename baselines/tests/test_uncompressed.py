"""Floats, bytes and RaBitQ: against FAISS, and against each other."""

import faiss
import numpy as np
import pytest

from hashbench.data.views import ImageView
from hashbench.errors import ConfigError
from hashbench.methods.method import Context
from hashbench.ranking.distances import aqd, feature, suited
from hashbench_baselines.float32 import Float32
from hashbench_baselines.int8 import Int8
from hashbench_baselines.rabitq import RaBitQ
from hashbench_baselines.shared.unit import unit_length

ALL = slice(None)


def fitted(cls, pictures, seed=0, **settings):
    method = cls(cls.Config(**settings), Context(bits=32, seed=seed))
    method.fit(pictures.train())
    return method


def test_bytes_are_reconstructed_as_faiss_does(pictures):
    method = fitted(Int8, pictures)
    vectors = method.embed(pictures.database())
    quantizer = faiss.ScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_8bit)
    quantizer.train(vectors)
    codes = method.quantize(vectors)
    assert np.array_equal(codes.packed, quantizer.compute_codes(vectors))
    assert codes.reconstruct() == pytest.approx(quantizer.decode(codes.packed), abs=1e-6)


def test_what_lies_beyond_the_ends_gets_the_ends_level(pictures):
    method = fitted(Int8, pictures)
    low, extent = method.ends
    beyond = np.stack([low - 1, low + extent + 1]).astype(np.float32)
    assert np.array_equal(np.unique(method.quantize(beyond).packed, axis=1), [[0], [255]])


def test_rabitq_has_the_distances_of_faiss(pictures):
    method = fitted(RaBitQ, pictures)
    items, queries = method.embed(pictures.database()), method.embed(pictures.query())
    index = faiss.IndexRaBitQ(items.shape[1])
    index.qb = 0  # float queries
    index.train(items)
    index.add(items)
    theirs, nearest = index.search(queries, len(items))
    ours = aqd(queries, method.quantize(items)).tile(ALL) + np.square(queries).sum(axis=1, keepdims=True)
    assert np.take_along_axis(ours, nearest, axis=1) == pytest.approx(theirs, abs=2e-3)


def test_rabitq_estimates_inner_products_without_bias():
    generator = np.random.default_rng(0)
    items = generator.standard_normal((1, 64)).astype(np.float32)
    query = generator.standard_normal((1, 64)).astype(np.float32)
    estimates = []
    for seed in range(300):
        turn, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((64, 64)))
        method = RaBitQ(RaBitQ.Config(), Context(bits=32))
        codes = method.quantize((items @ turn).astype(np.float32))
        estimates.append(float(((query @ turn) @ codes.reconstruct().T)[0, 0]))
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert np.mean(estimates) == pytest.approx(float((items @ query.T)[0, 0]), abs=4 * error)


def test_rabitq_counts_its_factors(pictures):
    method = fitted(RaBitQ, pictures, dimensions=24)
    codes = method.encode(pictures.query())
    assert codes.bits == method.bits_for(1280) == 24 + 64
    assert codes.reconstruct().shape == (pictures.queries, 24)
    whole = RaBitQ(RaBitQ.Config(), Context(bits=32))
    assert (whole.bits_for(1280), whole.bits_for(20)) == (1280 + 64, 24 + 64)


def test_rabitq_refuses_more_dimensions_than_there_are(pictures):
    with pytest.raises(ConfigError, match="dimensions=2000: features have 1280"):
        fitted(RaBitQ, pictures, dimensions=2000)


def test_rounding_to_bytes_hardly_moves_a_distance(pictures):
    exact, rounded = fitted(Float32, pictures), fitted(Int8, pictures)
    query, database = pictures.query(), pictures.database()
    true = suited(exact.encode(query), exact.encode(database), None)[0].tile(ALL)
    close = suited(rounded.encode(query), rounded.encode(database), rounded.embed(query))[0].tile(ALL)
    assert close == pytest.approx(true, abs=1e-2)


def test_floats_are_the_features_at_unit_length(pictures):
    method = fitted(Float32, pictures)
    vectors = method.embed(pictures.database())
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(vectors)), abs=1e-5)
    raw = fitted(Float32, pictures, normalize=False)
    assert np.array_equal(raw.embed(pictures.query()), pictures.features[: pictures.queries])
    similarity = method.quantize(vectors).similarity
    by_feature = feature(vectors[:3], vectors, similarity).tile(ALL)
    assert np.array_equal(by_feature.argsort(axis=1)[:, 0], [0, 1, 2])


def test_zero_features_stay_finite(pictures):
    zero = np.zeros((3, 1280), dtype=np.float32)
    assert np.array_equal(unit_length(zero), zero)
    for cls in (RaBitQ, Int8, Float32):
        codes = fitted(cls, pictures).encode(ImageView(features=zero))
        assert np.isfinite(codes.reconstruct()).all()
