"""Codes that other tools made: from their files, and from arrays to what can be ranked.

Q = queries, N = database items, b = bits, M = codebooks, K = codewords, D = dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.storage import load_codes
from hashbench.data.array_files import ArrayFile, Sides, readable
from hashbench.errors import DataError

CODES = Sides(
    "codes",
    (
        ("query_codes", "database_codes"),
        ("test_codes", "db_codes"),
        ("qB", "rB"),
        ("query_B", "retrieval_B"),
        ("val_B", "retrieval_B"),
        ("B_te", "B_db"),
        ("B_tst", "B_trn"),
        ("tst_binary", "trn_binary"),
    ),
)
# One of these is in every file of `hashbench.codes.storage`.
_OWN = {"database_packed", "database_indices", "database_values"}
_WANTED = "Expected -1 and +1, 0 and 1, or packed bytes (uint8)"


class Layout(StrEnum):
    """How an array holds binary codes."""

    AUTO = "auto"
    PACKED = "packed"
    SIGNS = "signs"
    BITS = "bits"


@dataclass(frozen=True)
class StoredCodes:
    """What a file says of both sides, not yet looked into.

    Attributes:
        query: Codes of Q queries; None where only their embeddings are there.
        database: Codes of N items.
        codebooks: Of quantization codes (M, K, D); None where codes are binary or carry their own.
        query_embeddings: What quantization codes are compared with (Q, D), if it is there.
    """

    query: Any
    database: Any
    codebooks: np.ndarray | None = None
    query_embeddings: np.ndarray | None = None


def read_codes(path: Path, query_path: Path | None, keys: Mapping[str, str]) -> StoredCodes:
    """Codes as a file, or two, hold them.

    Args:
        path: The file of both sides, or of the database alone; the suite's own codes.npz, too.
        query_path: The file of the queries, where they have their own.
        keys: The array to take for `query_codes`, `database_codes`, `codebooks` or
            `query_embeddings`, by that name.

    Raises:
        DataError: A file cannot be read, or it is not clear which array is meant.
        UnknownNameError: A file has no array of a name in `keys`.
    """
    file = ArrayFile.open(path)
    names = file.loaders.keys()
    if query_path is None and _is_own(file):
        with readable(path):
            query, database, embeddings = load_codes(path)
        binary = isinstance(database, BinaryCodes)
        return StoredCodes(query, database, query_embeddings=None if binary else embeddings)
    if "codebooks" in names or "codebooks" in keys:
        return _quantized(file, file if query_path is None else ArrayFile.open(query_path), keys)
    return StoredCodes(*CODES.read(path, query_path, keys))


def is_own(path: Path) -> bool:
    """Whether a file is of the suite's own kind, a run's codes.npz.

    Raises:
        DataError: It cannot be read.
    """
    return _is_own(ArrayFile.open(path))


def _is_own(file: ArrayFile) -> bool:
    names = file.loaders.keys()
    return "kind" in names and bool(names & _OWN)


def binary_codes(array: Any, side: str, layout: Layout = Layout.AUTO) -> tuple[BinaryCodes, int]:
    """Pack an array of binary codes.

    Bits beyond the last whole byte are filled up with zeros on both sides, which changes no Hamming
    distance.

    Args:
        array: Codes (n, b) of -1 and +1, of 0 and 1 or bool, dense or sparse; or packed (n, bytes);
            `BinaryCodes` are taken as they are. Not changed.
        side: `query` or `database`, for messages.
        layout: What the array holds. `auto` takes uint8 with other values than 0 and 1 for packed
            bytes, 0 and 1 for bits, and all else for signs.

    Returns:
        The codes and b, which is 8 a byte where codes came packed.

    Raises:
        DataError: The array is empty or not of two axes, its layout is not clear, or it holds values
            that the layout has not.

    >>> codes, bits = binary_codes([[1, -1, 1], [-1, -1, 1]], "query")
    >>> codes.packed.tolist(), bits
    ([[160], [32]], 3)
    """
    if isinstance(array, BinaryCodes):
        return array, array.bits
    values = _matrix(array, side)
    if layout is Layout.AUTO:
        layout = _detect(values, side)
    if layout is Layout.PACKED:
        return BinaryCodes(_bytes(values, f"packed {side} codes", 256)), 8 * values.shape[1]
    ones = _bits(values, side) if layout is Layout.BITS else _signs(values, side)
    return BinaryCodes(np.ascontiguousarray(np.packbits(ones, axis=1))), values.shape[1]


def additive_codes(array: Any, codebooks: np.ndarray, similarity: Similarity, side: str) -> AdditiveCodes:
    """Quantization codes from the numbers of their codewords.

    Args:
        array: Whole numbers (n, M), counted from 0; `AdditiveCodes` are taken as they are.
        codebooks: Finite numbers (M, K, D).
        similarity: How queries are compared with reconstructions.
        side: `query` or `database`, for messages.

    Raises:
        DataError: A shape is wrong, a number names no codeword, or K is above 256.
    """
    if isinstance(array, AdditiveCodes):
        return array
    books = np.asarray(codebooks, dtype=np.float32)
    if books.ndim != 3 or 0 in books.shape or not np.isfinite(books).all():
        raise DataError(
            f"codebooks have shape {books.shape}. Expected finite numbers "
            "(codebooks, codewords, dimensions)."
        )
    indices = _bytes(_matrix(array, side), f"{side} codes", books.shape[1])
    return AdditiveCodes(indices, books, similarity)


def _quantized(file: ArrayFile, query_file: ArrayFile, keys: Mapping[str, str]) -> StoredCodes:
    """Codeword numbers beside their codebooks; of the queries, whatever is there."""

    def query(name: str) -> Any:
        there = name in keys or name in query_file.loaders
        return query_file.read(keys.get(name, name)) if there else None

    database = file.read(keys.get("database_codes", "database_codes"))
    books = file.read(keys.get("codebooks", "codebooks"))
    return StoredCodes(query("query_codes"), database, books, query("query_embeddings"))


def _matrix(array: Any, side: str) -> np.ndarray:
    """An array of finite numbers with two axes, neither of them empty."""
    values = np.asarray(array.toarray() if hasattr(array, "toarray") else array)
    if values.dtype.kind not in "biuf":
        raise DataError(f"{side} codes are {values.dtype}. {_WANTED}.")
    if values.ndim != 2 or 0 in values.shape:
        raise DataError(
            f"{side} codes have shape {values.shape}. Expected (items, bits) or packed (items, bytes), "
            "at least one of each."
        )
    if not np.isfinite(values).all():
        raise DataError(f"{side} codes hold NaN or infinity. {_WANTED}.")
    return values


def _detect(values: np.ndarray, side: str) -> Layout:
    if ((values == 0) | (values == 1)).all():
        return Layout.BITS
    if values.dtype != np.uint8:
        return Layout.SIGNS
    if ((values <= 1) | (values == 255)).all():
        raise DataError(
            f"{side} codes are uint8 and hold nothing but 0, 1 and 255, which may be packed bytes or -1 "
            "stored as 255. Say layout packed, or store -1 in a signed type."
        )
    return Layout.PACKED


def _signs(values: np.ndarray, side: str) -> np.ndarray:
    """Whether each entry is +1, bool (n, b)."""
    zero, valid = values == 0, np.abs(values) == 1
    if not (zero | valid).all():
        raise _other(values, ~(zero | valid), side)
    if zero.any():
        raise DataError(
            f"{side} codes hold {np.count_nonzero(zero):,} zeros among -1 and +1: the sign of 0 is 0, "
            "which makes half-integer Hamming distances. Expected -1 and +1 only."
        )
    positive: np.ndarray = values > 0
    return positive


def _bits(values: np.ndarray, side: str) -> np.ndarray:
    """Whether each entry is 1, bool (n, b)."""
    ones: np.ndarray = values == 1
    if not (ones | (values == 0)).all():
        raise _other(values, ~(ones | (values == 0)), side)
    return ones


def _other(values: np.ndarray, wrong: np.ndarray, side: str) -> DataError:
    found = float(values[wrong][0])
    advice = "; take the signs of real values first" if found != int(found) else ""
    return DataError(f"{side} codes hold {found:g}. {_WANTED}{advice}.")


def _bytes(values: np.ndarray, what: str, end: int) -> np.ndarray:
    """Whole numbers from 0 to below `end`, which is at most 256, as uint8."""
    wrong = (values < 0) | (values >= end) | (values != np.floor(values))
    if wrong.any():
        raise DataError(
            f"{what} hold {float(values[wrong][0]):g}. Expected whole numbers from 0 to {end - 1}."
        )
    return np.ascontiguousarray(values, dtype=np.uint8)
