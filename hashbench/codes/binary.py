"""Binary hash codes, packed eight bits a byte.

N = items, b = bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hashbench.errors import DataError


@dataclass(frozen=True)
class BinaryCodes:
    """N codes of b bits; the first bit is the highest of the first byte, as `numpy.packbits` has it.

    Attributes:
        packed: uint8 (N, b / 8).

    >>> codes = BinaryCodes.from_signs(np.array([[1.0, -2.0, 0.0, 3.0, -1.0, -1.0, -1.0, 1.0]]))
    >>> codes.packed.tolist(), codes.bits, codes.bytes_per_item
    ([[145]], 8, 1)
    """

    KIND: ClassVar[str] = "binary"
    BY_ITEM: ClassVar[tuple[str, ...]] = ("packed",)
    packed: np.ndarray

    def __post_init__(self) -> None:
        if self.packed.dtype != np.uint8 or self.packed.ndim != 2:
            raise DataError(
                f"packed codes are {self.packed.dtype} of {self.packed.ndim} axes. "
                "Expected uint8 (items, bytes)."
            )

    @classmethod
    def from_signs(cls, values: np.ndarray) -> BinaryCodes:
        """Pack real values (N, b): a bit is set where the value is above zero; zero is not.

        A third value for zero would give half-integer Hamming distances.

        Raises:
            DataError: b is not a multiple of 8.
        """
        if values.ndim != 2 or values.shape[1] % 8:
            raise DataError(f"values of shape {values.shape}. Expected (items, a multiple of 8).")
        return cls(np.packbits(values > 0, axis=1))

    def __len__(self) -> int:
        return len(self.packed)

    @property
    def bits(self) -> int:
        """Bits an item."""
        return 8 * self.bytes_per_item

    @property
    def bytes_per_item(self) -> int:
        """Bytes an item."""
        return int(self.packed.shape[1])

    @property
    def codebook_bytes(self) -> int:
        """Bytes that all items share: none, a binary code needs no codebook."""
        return 0

    def signs(self) -> np.ndarray:
        """The codes as int8 (N, b) of minus and plus one."""
        return np.unpackbits(self.packed, axis=1).astype(np.int8) * 2 - 1

    def arrays(self) -> dict[str, np.ndarray]:
        """What has to be stored to have the codes again."""
        return {"packed": self.packed}
