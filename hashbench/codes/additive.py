"""Quantization codes: an item is the sum of one codeword from each codebook.

N = items, M = codebooks, K = codewords a codebook, D = dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import numpy as np

from hashbench.errors import DataError


class Similarity(StrEnum):
    """How a query is compared with a reconstruction."""

    INNER_PRODUCT = "inner_product"
    SQUARED_L2 = "squared_l2"


@dataclass(frozen=True)
class AdditiveCodes:
    """N items, each M codeword numbers; product quantization is the block-sparse special case.

    Attributes:
        indices: uint8 (N, M), the codeword chosen from each codebook.
        codebooks: float32 (M, K, D), K at most 256.
        similarity: How queries are compared with the reconstructions.

    >>> codebooks = np.array([[[0.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 2.0]]], dtype=np.float32)
    >>> codes = AdditiveCodes(np.array([[1, 1]], dtype=np.uint8), codebooks, Similarity.SQUARED_L2)
    >>> codes.reconstruct().tolist(), codes.bits, codes.codebook_bytes
    ([[1.0, 2.0]], 16, 16)
    """

    KIND: ClassVar[str] = "additive"
    BY_ITEM: ClassVar[tuple[str, ...]] = ("indices",)
    indices: np.ndarray
    codebooks: np.ndarray
    similarity: Similarity

    def __post_init__(self) -> None:
        books, words = self.codebooks.shape[:2]
        if self.indices.dtype != np.uint8 or self.indices.ndim != 2 or words > 256:
            raise DataError(
                f"indices are {self.indices.dtype} of {self.indices.ndim} axes for {words} codewords. "
                "Expected uint8 (items, codebooks) and at most 256 codewords."
            )
        if self.indices.shape[1] != books:
            raise DataError(f"{self.indices.shape[1]} indices an item for {books} codebooks.")
        if self.indices.size and int(self.indices.max()) >= words:
            raise DataError(f"index {self.indices.max()} in a codebook of {words} codewords.")

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def bits(self) -> int:
        """Bits an item."""
        return 8 * self.bytes_per_item

    @property
    def bytes_per_item(self) -> int:
        """Bytes an item."""
        return int(self.indices.shape[1])

    @property
    def codebook_bytes(self) -> int:
        """Bytes of the codebooks, which all items share.

        A column that is zero in every codeword of a codebook need not be kept, so product
        quantization pays for its slices only.
        """
        used = np.any(self.codebooks != 0, axis=1).sum()
        return int(used) * self.codebooks.shape[1] * 4

    def reconstruct(self) -> np.ndarray:
        """The items as float32 (N, D): the sum of their codewords."""
        total = np.zeros((len(self), self.codebooks.shape[2]), dtype=np.float32)
        for m, codebook in enumerate(self.codebooks):
            total += codebook[self.indices[:, m]]
        return total

    def arrays(self) -> dict[str, np.ndarray]:
        """What has to be stored to have the codes again."""
        return {
            "indices": self.indices,
            "codebooks": self.codebooks,
            "similarity": np.array(self.similarity.value),
        }
