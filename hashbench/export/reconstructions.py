"""Quantized codes as the vectors that they stand for, for engines that compare vectors."""

from __future__ import annotations

from hashbench.codes.additive import AdditiveCodes
from hashbench.codes.scalar import ScalarCodes
from hashbench.codes.storage import VectorCodes
from hashbench.errors import ConfigError
from hashbench.export.source import Source


def dimensions(codes: VectorCodes) -> int:
    """How many numbers a reconstruction has."""
    if isinstance(codes, AdditiveCodes):
        return int(codes.codebooks.shape[2])
    return codes.width if isinstance(codes, ScalarCodes) else int(codes.values.shape[1])


def require_plain(source: Source) -> None:
    """Refuse codes whose distances are not those of their reconstructions.

    Raises:
        ConfigError: Items have lengths of their own.
    """
    codes = source.alike
    if isinstance(codes, ScalarCodes) and codes.factors is not None:
        raise ConfigError(
            f"run {source.run_id!r}: scalar codes with factors for each item have distances that are not "
            "those of any vectors. Expected binary, additive, float or plain scalar codes."
        )
