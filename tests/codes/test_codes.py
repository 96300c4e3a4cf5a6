"""Codes keep what was put in, count their bytes, and refuse what they cannot hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.storage import load_codes, save_codes
from hashbench.errors import DataError


@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6).map(lambda s: (s[0], 16)))
)
def test_signs_survive_packing(values):
    codes = BinaryCodes.from_signs(values)
    assert np.array_equal(codes.signs(), np.where(values > 0, 1, -1))
    assert (codes.bits, codes.bytes_per_item, codes.codebook_bytes) == (16, 2, 0)


def test_bits_that_fill_no_byte_are_refused():
    with pytest.raises(DataError, match="multiple of 8"):
        BinaryCodes.from_signs(np.ones((3, 12)))


def test_codebooks_pay_for_the_columns_they_use():
    books = np.zeros((2, 256, 6), dtype=np.float32)
    books[0, :, :3] = 1
    books[1, 5, 3:5] = 1
    codes = AdditiveCodes(np.zeros((4, 2), dtype=np.uint8), books, Similarity.SQUARED_L2)
    assert codes.codebook_bytes == (3 + 2) * 256 * 4
    assert (codes.bits, codes.bytes_per_item) == (16, 2)


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        (np.zeros((4, 2), dtype=np.int64), "uint8"),
        (np.zeros((4, 3), dtype=np.uint8), "3 indices an item for 2 codebooks"),
        (np.full((4, 2), 16, dtype=np.uint8), "index 16 in a codebook of 16"),
    ],
)
def test_impossible_additive_codes_are_refused(indices, message):
    with pytest.raises(DataError, match=message):
        AdditiveCodes(indices, np.zeros((2, 16, 4), dtype=np.float32), Similarity.INNER_PRODUCT)


def test_binary_codes_are_stored_and_read(tmp_path):
    query, database = (BinaryCodes(np.arange(n, dtype=np.uint8)[:, None]) for n in (3, 5))
    save_codes(tmp_path / "codes.npz", query, database)
    got_query, got_database, embeddings = load_codes(tmp_path / "codes.npz")
    assert np.array_equal(got_query.packed, query.packed)
    assert np.array_equal(got_database.packed, database.packed)
    assert embeddings is None


def test_additive_codes_are_stored_and_read(tmp_path):
    books = np.random.default_rng(0).standard_normal((2, 8, 4)).astype(np.float32)
    codes = AdditiveCodes(np.ones((5, 2), dtype=np.uint8), books, Similarity.INNER_PRODUCT)
    save_codes(tmp_path / "codes.npz", codes, codes, np.eye(4, dtype=np.float32))
    got, _, embeddings = load_codes(tmp_path / "codes.npz")
    assert np.array_equal(got.reconstruct(), codes.reconstruct())
    assert got.similarity is Similarity.INNER_PRODUCT
    assert np.array_equal(embeddings, np.eye(4))


def test_a_file_without_codes_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(DataError, match="does not hold codes"):
        load_codes(tmp_path / "other.npz")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(DataError, match="does not hold codes"):
        load_codes(tmp_path / "text.npz")
