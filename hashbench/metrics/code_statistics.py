"""How well codes use their bits.

N = items, b = bits, M = codebooks, K = codewords, D = dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hashbench.codes.additive import AdditiveCodes
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.storage import Codes, VectorCodes

# Items that are unpacked at once: float32 counts them exactly.
_CHUNK = 65_536


def bit_balance(codes: BinaryCodes) -> np.ndarray:
    """Share of items that have each bit set, float64 (b,); one half is balanced.

    >>> import numpy as np
    >>> bit_balance(BinaryCodes(np.array([[0b10000000], [0b11000000]], dtype=np.uint8)))[:3].tolist()
    [1.0, 0.5, 0.0]
    """
    return sum(ones.sum(axis=0, dtype=np.float64) for ones in _unpacked(codes)) / len(codes)


def bit_correlation(codes: BinaryCodes, bits: int | None = None) -> float:
    """Mean absolute correlation between different bits; 0 is independent, 1 is repeated.

    A constant bit tells nothing and counts as fully correlated with every other.

    Args:
        codes: N codes.
        bits: How many bits to look at, where the others are padding.
    """
    width = bits or codes.bits
    both = sum((ones.T @ ones).astype(np.float64) for ones in _unpacked(codes)) / len(codes)
    both = both[:width, :width]
    share = np.diagonal(both)
    spread = np.sqrt(np.outer(share * (1 - share), share * (1 - share)))
    of_two = np.divide(both - np.outer(share, share), spread, out=np.ones_like(spread), where=spread > 0)
    different = ~np.eye(width, dtype=np.bool_)
    return float(np.abs(of_two[different]).mean()) if width > 1 else 0.0


def _unpacked(codes: BinaryCodes) -> Iterator[np.ndarray]:
    """The bits of a part of the items at a time, float32 (n, b)."""
    for start in range(0, len(codes), _CHUNK):
        yield np.unpackbits(codes.packed[start : start + _CHUNK], axis=1).astype(np.float32)


def bit_entropy(codes: BinaryCodes) -> float:
    """Sum of the bits' own entropies, in bits: at most b, and what b independent bits would tell."""
    return float(sum(_entropy(np.array([share, 1 - share])) for share in bit_balance(codes)))


def codeword_entropy(codes: AdditiveCodes) -> np.ndarray:
    """Entropy of the codewords chosen from each codebook, in bits, float64 (M,); at most log2 K."""
    usage = _usage(codes)
    return np.array([_entropy(row / row.sum()) for row in usage])


def unused_codewords(codes: AdditiveCodes) -> np.ndarray:
    """Codewords of each codebook that no item has chosen, int64 (M,)."""
    return (_usage(codes) == 0).sum(axis=1)


def distinct_codes(codes: Codes) -> int:
    """Number of different codes among the items; what scalar codes keep beside their levels is left out."""
    stored = codes.arrays()
    rows = next(np.ascontiguousarray(stored[n]) for n in ("packed", "indices", "values") if n in stored)
    whole = rows.view(np.dtype((np.void, rows.shape[1] * rows.itemsize))).reshape(-1)
    return len(np.unique(whole))


def quantization_error(codes: VectorCodes, embeddings: np.ndarray) -> float:
    """Mean squared distance between embeddings (N, D) and their reconstructions.

    >>> from hashbench.codes.additive import Similarity
    >>> books = np.array([[[0.0, 1.0]]], dtype=np.float32)
    >>> codes = AdditiveCodes(np.array([[0]], dtype=np.uint8), books, Similarity.SQUARED_L2)
    >>> quantization_error(codes, np.array([[0.0, 3.0]]))
    4.0
    """
    error = embeddings - codes.reconstruct()
    return float(np.einsum("nd,nd->n", error, error).mean())


def statistics(
    codes: Codes, embeddings: np.ndarray | None = None, bits: int | None = None
) -> dict[str, float]:
    """Every statistic of a code set as one number each, by name.

    Args:
        codes: The database's codes.
        embeddings: What codes that are no bits quantize (N, D), for their error.
        bits: Bits of a binary code, where the others are padding.
    """
    values = {"distinct_codes": float(distinct_codes(codes))}
    if isinstance(codes, BinaryCodes):
        values["bit_imbalance"] = float(np.abs(bit_balance(codes)[:bits] - 0.5).mean())
        values["bit_correlation"] = bit_correlation(codes, bits)
        values["bit_entropy"] = bit_entropy(codes)
        return values
    if isinstance(codes, AdditiveCodes):
        values["codeword_entropy"] = float(codeword_entropy(codes).mean())
        values["unused_codewords"] = float(unused_codewords(codes).sum())
    if embeddings is not None:
        values["quantization_error"] = quantization_error(codes, embeddings)
    return values


def _usage(codes: AdditiveCodes) -> np.ndarray:
    """How many items have chosen each codeword, int64 (M, K)."""
    words = codes.codebooks.shape[1]
    return np.stack([np.bincount(column, minlength=words) for column in codes.indices.T])


def _entropy(shares: np.ndarray) -> float:
    present = shares[shares > 0]
    return float(-(present * np.log2(present)).sum())
