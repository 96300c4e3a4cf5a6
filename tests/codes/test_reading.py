"""Codes of every layout become the same bits, and what is no code is refused."""

import numpy as np
import pytest
import scipy.sparse

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.reading import CODES, Layout, additive_codes, binary_codes, read_codes
from hashbench.codes.storage import save_codes
from hashbench.errors import DataError, UnknownNameError


def bits(width, items=20):
    return np.random.default_rng(width).random((items, width)) < 0.5


SIGNS = [lambda b, kind=kind: np.where(b, 1, -1).astype(kind) for kind in ("f2", "f4", "f8", "i1", "i8")]
ZERO_ONE = [lambda b, kind=kind: b.astype(kind) for kind in ("?", "u1", "i4", "f4")]
OTHERS = [
    lambda b: np.asfortranarray(np.where(b, 1.0, -1.0)),
    lambda b: scipy.sparse.csr_matrix(b.astype(np.int8)),
    lambda b: np.where(b, 1, -1).tolist(),
]


@pytest.mark.parametrize("width", [1, 8, 12, 48, 65])
@pytest.mark.parametrize("form", [*SIGNS, *ZERO_ONE, *OTHERS])
def test_signs_and_bits_of_any_type(form, width):
    codes, found = binary_codes(form(bits(width)), "query")
    assert found == width
    assert np.array_equal(codes.packed, np.packbits(bits(width), axis=1))
    assert codes.packed.flags.c_contiguous


@pytest.mark.parametrize("order", ["C", "F"])
def test_packed_bytes(order):
    packed = np.packbits(bits(48), axis=1)
    codes, found = binary_codes(np.array(packed, order=order), "query")
    assert found == 48
    assert np.array_equal(codes.packed, packed) and codes.packed.flags.c_contiguous


def test_padding_changes_no_distance():
    one, other = bits(12)[:5], bits(12)[5:]
    packed = [binary_codes(side, "query")[0].packed for side in (one, other)]
    found = np.bitwise_count(packed[0][:, None] ^ packed[1][None]).sum(axis=2)
    assert np.array_equal(found, (one[:, None] != other[None]).sum(axis=2))


def test_layouts_that_are_said_out_loud():
    ones = np.ones((2, 8), dtype=np.uint8)
    for layout in (Layout.AUTO, Layout.BITS):
        assert binary_codes(ones, "query", layout)[1] == 8
    assert binary_codes(ones, "query", Layout.PACKED)[1] == 64
    assert binary_codes(ones, "query", Layout.SIGNS)[0].packed.tolist() == [[255], [255]]
    assert binary_codes([[0.0, 255.0]], "query", Layout.PACKED)[0].packed.tolist() == [[0, 255]]


def test_codes_are_taken_as_they_are():
    codes = BinaryCodes(np.packbits(bits(16), axis=1))
    assert binary_codes(codes, "query") == (codes, 16)


WANTED = "Expected -1 and +1, 0 and 1, or packed bytes (uint8)"


@pytest.mark.parametrize(
    ("array", "layout", "message"),
    [
        ([[1, 0, -1], [0, 1, 1]], "auto", "hold 2 zeros among -1 and +1: the sign of 0 is 0, which makes"),
        ([[1, 0]], "signs", "hold 1 zeros among"),
        ([[0.37, -1]], "auto", f"hold 0.37. {WANTED}; take the signs of real values first."),
        ([[0.37, -1]], "bits", "hold 0.37."),
        ([[1, -1]], "bits", f"hold -1. {WANTED}."),
        ([[3, -1]], "auto", f"hold 3. {WANTED}."),
        ([[7, 12]], "auto", "hold 7."),
        ([[1, np.nan]], "auto", "hold NaN or infinity."),
        ([[1, -np.inf]], "signs", "hold NaN or infinity."),
        ([[1, -1]], "packed", "packed query codes hold -1. Expected whole numbers from 0 to 255."),
        ([[1, 256]], "packed", "packed query codes hold 256."),
        ([[1, 0.5]], "packed", "packed query codes hold 0.5."),
        (np.array([[255, 1]], dtype=np.uint8), "auto", "nothing but 0, 1 and 255, which may be packed"),
        ([1, -1], "auto", "have shape (2,). Expected (items, bits) or packed (items, bytes)"),
        (np.ones((2, 3, 4)), "auto", "have shape (2, 3, 4)."),
        (
            np.ones((0, 48)),
            "auto",
            "have shape (0, 48). Expected (items, bits) or packed (items, bytes), at",
        ),
        (np.ones((5, 0)), "auto", "have shape (5, 0)."),
        ([["a"]], "auto", "query codes are <U1."),
        ([[1j]], "auto", "query codes are complex128."),
    ],
)
def test_what_is_no_binary_code(array, layout, message):
    with pytest.raises(DataError) as refused:
        binary_codes(array, "query", Layout(layout))
    assert message in str(refused.value)
    assert "query codes" in str(refused.value)


BOOKS = np.random.default_rng(0).standard_normal((2, 4, 3))


@pytest.mark.parametrize("kind", ["u1", "i8", "f8"])
def test_codeword_numbers_of_any_type(kind):
    numbers = np.array([[0, 3], [1, 2]], dtype=kind, order="F")
    codes = additive_codes(numbers, BOOKS, Similarity.SQUARED_L2, "query")
    assert codes.indices.tolist() == [[0, 3], [1, 2]] and codes.indices.flags.c_contiguous
    assert codes.similarity is Similarity.SQUARED_L2
    assert additive_codes(codes, BOOKS + 1, Similarity.INNER_PRODUCT, "query") is codes


@pytest.mark.parametrize(
    ("numbers", "books", "message"),
    [
        ([[0, 4]], BOOKS, "query codes hold 4. Expected whole numbers from 0 to 3."),
        ([[0, -1]], BOOKS, "query codes hold -1."),
        ([[0, 0.5]], BOOKS, "query codes hold 0.5."),
        ([[0, 1, 2]], BOOKS, "3 indices an item for 2 codebooks"),
        ([[0, 1]], BOOKS[0], "codebooks have shape (4, 3)."),
        ([[0, 1]], BOOKS * np.nan, "Expected finite numbers"),
        ([[0, 1]], np.zeros((2, 257, 1)), "at most 256 codewords"),
    ],
)
def test_what_is_no_quantization_code(numbers, books, message):
    with pytest.raises(DataError) as refused:
        additive_codes(numbers, books, Similarity.INNER_PRODUCT, "query")
    assert message in str(refused.value)


@pytest.mark.parametrize("pair", CODES.pairs)
def test_known_names(tmp_path, pair):
    np.savez(tmp_path / "file.npz", **dict(zip(pair, (bits(8), bits(16)), strict=True)))
    stored = read_codes(tmp_path / "file.npz", None, {})
    assert np.array_equal(stored.query, bits(8)) and np.array_equal(stored.database, bits(16))
    assert stored.codebooks is None and stored.query_embeddings is None


def test_the_suites_own_binary_codes(tmp_path):
    codes = [BinaryCodes(np.packbits(bits(16, items), axis=1)) for items in (3, 9)]
    save_codes(tmp_path / "codes.npz", *codes, np.ones((3, 2), dtype=np.float32))
    stored = read_codes(tmp_path / "codes.npz", None, {})
    assert np.array_equal(stored.query.packed, codes[0].packed)
    assert np.array_equal(stored.database.packed, codes[1].packed)
    assert stored.query_embeddings is None


def test_the_suites_own_quantization_codes(tmp_path):
    codes = AdditiveCodes(np.zeros((3, 2), dtype=np.uint8), BOOKS.astype(np.float32), Similarity.SQUARED_L2)
    save_codes(tmp_path / "codes.npz", codes, codes, np.ones((3, 3), dtype=np.float32))
    stored = read_codes(tmp_path / "codes.npz", None, {})
    assert stored.database.similarity is Similarity.SQUARED_L2
    assert stored.query_embeddings.shape == (3, 3)


def test_a_damaged_file_of_the_suite(tmp_path):
    np.savez(tmp_path / "codes.npz", kind=np.array("binary"), database_packed=np.zeros((2, 2)))
    with pytest.raises(DataError, match="codes.npz' does not hold codes"):
        read_codes(tmp_path / "codes.npz", None, {})


def test_codebooks_beside_codeword_numbers(tmp_path):
    arrays = {"database_codes": np.zeros((9, 2)), "codebooks": BOOKS}
    np.savez(tmp_path / "file.npz", **arrays, query_embeddings=np.ones((3, 3)), mine=np.ones((3, 2)))
    stored = read_codes(tmp_path / "file.npz", None, {})
    assert stored.query is None and stored.query_embeddings.shape == (3, 3)
    assert np.array_equal(stored.codebooks, BOOKS)
    named = read_codes(tmp_path / "file.npz", None, {"query_codes": "mine"})
    assert named.query.shape == (3, 2)
    np.savez(tmp_path / "d.npz", **arrays)
    own = read_codes(tmp_path / "d.npz", tmp_path / "file.npz", {})
    assert own.query_embeddings.shape == (3, 3) and own.database.shape == (9, 2)
    np.savez(tmp_path / "e.npz", database_codes=np.zeros((9, 2)), C=BOOKS, query_codes=np.ones((3, 2)))
    assert np.array_equal(read_codes(tmp_path / "e.npz", None, {"codebooks": "C"}).codebooks, BOOKS)
    with pytest.raises(UnknownNameError, match="unknown array of d.npz 'mine'"):
        read_codes(tmp_path / "d.npz", None, {"query_codes": "mine"})
