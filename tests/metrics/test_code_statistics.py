"""Statistics of codes against NumPy, SciPy and counting."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.metrics.code_statistics import (
    bit_balance,
    bit_correlation,
    bit_entropy,
    codeword_entropy,
    distinct_codes,
    quantization_error,
    statistics,
    unused_codewords,
)

from .oracles import close

shapes = st.tuples(st.integers(1, 12), st.integers(1, 3))
binary = arrays(np.uint8, shapes).map(BinaryCodes)


def additive_codes(indices):
    books = np.random.default_rng(0).standard_normal((indices.shape[1], 8, 5)).astype(np.float32)
    return AdditiveCodes(indices, books, Similarity.SQUARED_L2)


additive = arrays(np.uint8, shapes, elements=st.integers(0, 7)).map(additive_codes)


@given(codes=binary)
def test_balance_counts_the_bits_that_are_set(codes):
    assert bit_balance(codes) == close((codes.signs() > 0).mean(axis=0))


@pytest.mark.filterwarnings("ignore:Degrees of freedom")
@given(codes=binary)
def test_correlation_equals_numpy_and_a_constant_bit_counts_as_repeated(codes):
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix = np.corrcoef(codes.signs(), rowvar=False)
    pairs = itertools.combinations(range(codes.bits), 2)
    expected = np.mean([abs(np.nan_to_num(matrix[pair], nan=1.0)) for pair in pairs])
    assert bit_correlation(codes) == close(expected)


@given(codes=binary)
def test_bit_entropy_equals_scipy(codes):
    ones = (codes.signs() > 0).mean(axis=0)
    assert bit_entropy(codes) == close(entropy([ones, 1 - ones], base=2).sum())


def test_independent_balanced_bits_tell_all_they_can():
    codes = BinaryCodes(np.arange(256, dtype=np.uint8)[:, None])
    assert bit_balance(codes).tolist() == [0.5] * 8
    assert bit_correlation(codes) == 0
    assert bit_entropy(codes) == 8
    assert distinct_codes(codes) == 256


@given(codes=additive)
def test_codeword_entropy_equals_scipy(codes):
    expected = [entropy(np.bincount(column), base=2) for column in codes.indices.T]
    assert codeword_entropy(codes) == close(expected)


@given(codes=additive)
def test_unused_codewords_are_those_nobody_chose(codes):
    assert unused_codewords(codes).tolist() == [8 - len(set(column)) for column in codes.indices.T.tolist()]


@given(codes=binary | additive)
def test_distinct_codes_are_counted_once(codes):
    rows = codes.packed if isinstance(codes, BinaryCodes) else codes.indices
    assert distinct_codes(codes) == len(Counter(map(tuple, rows.tolist())))


@given(codes=additive, seed=st.integers(0, 9))
def test_quantization_error_is_the_mean_squared_distance(codes, seed):
    embeddings = np.random.default_rng(seed).standard_normal((len(codes), 5))
    pairs = zip(embeddings, codes.reconstruct(), strict=True)
    expected = np.mean([np.linalg.norm(vector - rebuilt) ** 2 for vector, rebuilt in pairs])
    assert quantization_error(codes, embeddings) == close(expected, 1e-5)


def test_statistics_are_one_number_each():
    codes = BinaryCodes(np.array([[0b11110000], [0b11110000], [0b00001111]], dtype=np.uint8))
    assert statistics(codes) == pytest.approx(
        {
            "distinct_codes": 2,
            "bit_imbalance": 1 / 6,
            "bit_correlation": 1,
            "bit_entropy": 8 * entropy([1, 2], base=2),
        }
    )
    codes = additive_codes(np.array([[0, 3], [1, 3]], dtype=np.uint8))
    expected = {"distinct_codes": 2, "codeword_entropy": 0.5, "unused_codewords": 6 + 7}
    assert statistics(codes) == pytest.approx(expected)
    with_error = statistics(codes, codes.reconstruct())
    assert with_error == pytest.approx(expected | {"quantization_error": 0})
