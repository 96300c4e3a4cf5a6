"""Inputs are never changed, and those that make no sense are answered in one line."""

from functools import partial

import numpy as np
import pytest
import scipy.sparse

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.errors import DataError
from hashbench.metrics.presets import SUITE
from hashbench.metrics.score import score
from hashbench.ranking.distances import aqd, cosine, feature, hamming, sqd
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.relevance import Relevance

from .oracles import EVERY


def additive(items, similarity):
    generator = np.random.default_rng(1)
    books = generator.standard_normal((2, 16, 6)).astype(np.float32)
    return AdditiveCodes(generator.integers(0, 16, (items, 2), dtype=np.uint8), books, similarity)


def every_distance():
    """Each distance, and the arrays that it was made of."""
    generator = np.random.default_rng(0)
    packed = [generator.integers(0, 256, (n, 3), dtype=np.uint8) for n in (4, 30)]
    rows = [generator.standard_normal((n, 6)).astype(np.float32) for n in (4, 30)]
    yield partial(lambda a, b: hamming(BinaryCodes(a), BinaryCodes(b)), *packed), packed
    yield partial(cosine, *rows), rows
    for similarity in Similarity:
        query, database = additive(4, similarity), additive(30, similarity)
        codes = [query.indices, query.codebooks, database.indices, database.codebooks]
        yield partial(feature, *rows, similarity), rows
        yield partial(aqd, rows[0], database), [rows[0], *codes[2:]]
        yield partial(sqd, query, database), codes


@pytest.mark.parametrize(("make", "made_of"), list(every_distance()))
@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_inputs_are_not_changed(make, made_of, sparse):
    generator = np.random.default_rng(2)
    labels = [(generator.random((n, 5)) < 0.3).astype(np.int64) for n in (4, 30)]
    if sparse:
        labels = [scipy.sparse.csr_array(side) for side in labels]
        held = [part for side in labels for part in (side.data, side.indices, side.indptr)]
    else:
        held = labels
    arrays = [*made_of, *held]
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    score(make(), Relevance.of(*labels), EVERY, NumpyKernel())
    assert all(np.array_equal(*pair) for pair in zip(arrays, before, strict=True))


def test_codes_and_labels_that_do_not_fit_are_refused():
    relevance = Relevance.of(np.ones((4, 2)), np.ones((30, 2)))
    with pytest.raises(DataError) as stop:
        score(hamming(codes(4), codes(29)), relevance, [SUITE], NumpyKernel())
    assert str(stop.value) == (
        "codes of 4 queries and 29 items, labels of 4 and 30. Expected equal numbers."
    )


def codes(items):
    return BinaryCodes(np.zeros((items, 2), dtype=np.uint8))


def zeros(items):
    return np.zeros((items, 6))


SQUARED_L2 = Similarity.SQUARED_L2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: hamming(codes(0), codes(5)), "0 queries and 5 database items"),
        (lambda: hamming(codes(5), codes(0)), "5 queries and 0 database items"),
        (lambda: feature(zeros(0), zeros(5), SQUARED_L2), "0 queries and 5 database items"),
        (lambda: cosine(zeros(0), zeros(5)), "0 queries and 5 database items"),
        (lambda: aqd(zeros(0), additive(5, SQUARED_L2)), "0 queries and 5 database items"),
        (lambda: aqd(zeros(5), additive(0, SQUARED_L2)), "5 queries and 0 database items"),
        (lambda: Relevance.of(zeros(0), zeros(5)), "query labels have shape (0, 6)"),
    ],
    ids=["hamming", "hamming-items", "feature", "cosine", "aqd", "aqd-items", "labels"],
)
def test_an_empty_side_is_answered_in_one_line(make, message):
    with pytest.raises(DataError) as stop:
        make()
    assert str(stop.value).startswith(message) and "\n" not in str(stop.value)


def not_finite_codebook():
    books = np.zeros((2, 4, 6), dtype=np.float32)
    books[1, 1, 0] = np.nan
    return AdditiveCodes(np.array([[0, 1]], dtype=np.uint8), books, Similarity.INNER_PRODUCT)


@pytest.mark.parametrize(
    "make",
    [
        lambda: feature(np.full((1, 6), np.inf), zeros(5), SQUARED_L2),
        lambda: cosine(np.full((1, 6), np.nan), zeros(5)),
        lambda: cosine(zeros(1), np.full((5, 6), np.inf)),
        lambda: aqd(np.full((1, 6), np.nan), additive(5, SQUARED_L2)),
        lambda: aqd(zeros(1), not_finite_codebook()),
    ],
    ids=["feature", "cosine-nan", "cosine-inf", "aqd", "codebook"],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_numbers_that_are_not_finite_are_refused(make):
    with pytest.raises(DataError, match="holds a number that is not finite"):
        make()
