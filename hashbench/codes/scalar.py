"""Scalar codes: every dimension of an item is rounded to one of a few levels, on its own.

N = items, D = dimensions, L = levels a dimension.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hashbench.codes.additive import Similarity
from hashbench.errors import DataError


@dataclass(frozen=True)
class ScalarCodes:
    """N items of D levels each; item n is scale_n (offset + step level_n).

    Attributes:
        packed: uint8, the levels: (N, D) of 256 levels, or (N, D / 8, rounded up) of two, the first
            dimension being the highest bit of the first byte.
        offset: float32 (D,), or (1,) for all dimensions alike.
        step: The same; what one level is worth.
        width: D.
        factors: float32 (N, 2), each item's scale and the squared length that is to count in its
            distances; None where all scales are 1 and lengths are the reconstructions'.
        similarity: How queries are compared with the reconstructions.

    >>> levels = np.array([[0, 255], [10, 0]], dtype=np.uint8)
    >>> offset, step = np.zeros(1, dtype=np.float32), np.ones(1, dtype=np.float32)
    >>> codes = ScalarCodes(levels, offset, step, 2, None, Similarity.SQUARED_L2)
    >>> codes.reconstruct().tolist(), codes.bits
    ([[0.0, 255.0], [10.0, 0.0]], 16)
    """

    KIND: ClassVar[str] = "scalar"
    BY_ITEM: ClassVar[tuple[str, ...]] = ("packed", "factors")
    packed: np.ndarray
    offset: np.ndarray
    step: np.ndarray
    width: int
    factors: np.ndarray | None
    similarity: Similarity

    def __post_init__(self) -> None:
        if self.packed.dtype != np.uint8 or self.packed.ndim != 2:
            raise DataError(
                f"levels are {self.packed.dtype} of {self.packed.ndim} axes. Expected uint8 (items, bytes)."
            )
        if self.packed.shape[1] not in {self.width, -(-self.width // 8)}:
            raise DataError(
                f"{self.packed.shape[1]} bytes an item for {self.width} dimensions. "
                "Expected one bit or one byte a dimension."
            )
        if self.width < 2:
            raise DataError(f"scalar codes of {self.width} dimensions. Expected two or more.")
        for name, shared in (("offset", self.offset), ("step", self.step)):
            if shared.shape not in {(1,), (self.width,)}:
                raise DataError(f"{name} of shape {shared.shape} for {self.width} dimensions.")
        if self.factors is not None and self.factors.shape != (len(self.packed), 2):
            raise DataError(f"factors of shape {self.factors.shape} for {len(self.packed)} items.")

    def __len__(self) -> int:
        return len(self.packed)

    @property
    def bits(self) -> int:
        """Bits an item, its factors included."""
        return 8 * self.bytes_per_item

    @property
    def bytes_per_item(self) -> int:
        """Bytes an item, its factors included."""
        return int(self.packed.shape[1]) + (0 if self.factors is None else 2 * 4)

    @property
    def codebook_bytes(self) -> int:
        """Bytes of what all items share: offsets and steps."""
        return self.offset.nbytes + self.step.nbytes

    def reconstruct(self) -> np.ndarray:
        """The items as float32 (N, D)."""
        one_bit = self.packed.shape[1] != self.width
        levels = np.unpackbits(self.packed, axis=1, count=self.width) if one_bit else self.packed
        values = self.offset + self.step * levels.astype(np.float32)
        return values if self.factors is None else values * self.factors[:, :1]

    def arrays(self) -> dict[str, np.ndarray]:
        """What has to be stored to have the codes again."""
        factors = {} if self.factors is None else {"factors": self.factors}
        return {
            "packed": self.packed,
            "offset": self.offset,
            "step": self.step,
            "width": np.array(self.width),
            "similarity": np.array(self.similarity.value),
            **factors,
        }
