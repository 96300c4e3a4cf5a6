"""Embeddings as they are: what a compact code is measured against.

N = items, D = dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hashbench.codes.additive import Similarity
from hashbench.errors import DataError


@dataclass(frozen=True)
class FloatCodes:
    """N items that are not compressed.

    Attributes:
        values: float32 (N, D).
        similarity: How queries are compared with them.

    >>> codes = FloatCodes(np.zeros((2, 3), dtype=np.float32), Similarity.SQUARED_L2)
    >>> len(codes), codes.bits, codes.codebook_bytes
    (2, 96, 0)
    """

    KIND: ClassVar[str] = "float"
    BY_ITEM: ClassVar[tuple[str, ...]] = ("values",)
    values: np.ndarray
    similarity: Similarity

    def __post_init__(self) -> None:
        if self.values.dtype != np.float32 or self.values.ndim != 2:
            raise DataError(
                f"float codes are {self.values.dtype} of {self.values.ndim} axes. "
                "Expected float32 (items, dimensions)."
            )

    def __len__(self) -> int:
        return len(self.values)

    @property
    def bits(self) -> int:
        """Bits an item."""
        return 8 * self.bytes_per_item

    @property
    def bytes_per_item(self) -> int:
        """Bytes an item."""
        return 4 * int(self.values.shape[1])

    @property
    def codebook_bytes(self) -> int:
        """Bytes that all items share: none."""
        return 0

    def reconstruct(self) -> np.ndarray:
        """The items, float32 (N, D)."""
        return self.values

    def arrays(self) -> dict[str, np.ndarray]:
        """What has to be stored to have the codes again."""
        return {"values": self.values, "similarity": np.array(self.similarity.value)}
