"""Codes of queries and database in one .npz file, without pickles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.floats import FloatCodes
from hashbench.codes.scalar import ScalarCodes
from hashbench.errors import DataError

# Codes that float queries are compared with by their reconstructions, and those that are floats themselves.
QuantizedCodes = AdditiveCodes | ScalarCodes
VectorCodes = QuantizedCodes | FloatCodes
Codes = BinaryCodes | VectorCodes


def save_codes(
    path: Path, query: Codes, database: Codes, query_embeddings: np.ndarray | None = None
) -> None:
    """Write both code sets; asymmetric distances need the queries' embeddings too.

    Args:
        path: The .npz file.
        query: Codes of the queries.
        database: Codes of the database, of the same kind.
        query_embeddings: float32 (Q, D), or None for binary codes.
    """
    arrays: dict[str, np.ndarray] = {"kind": np.array(database.KIND)}
    arrays |= {f"query_{name}": array for name, array in query.arrays().items()}
    arrays |= {f"database_{name}": array for name, array in database.arrays().items()}
    if query_embeddings is not None:
        arrays["query_embeddings"] = query_embeddings
    np.savez(path, allow_pickle=False, **arrays)


def load_codes(path: Path) -> tuple[Codes, Codes, np.ndarray | None]:
    """Read what `save_codes` wrote: query codes, database codes, query embeddings or None.

    Raises:
        DataError: The file is not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
        kind = str(arrays["kind"])
        query, database = (codes_of(kind, _side(part, arrays)) for part in ("query", "database"))
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{str(path)!r} does not hold codes ({error}).") from error
    return query, database, arrays.get("query_embeddings")


def codes_of(kind: str, arrays: Mapping[str, np.ndarray]) -> Codes:
    """Codes again, from their `KIND` and their `arrays()`.

    Raises:
        ValueError, KeyError: There is no such kind, or an array is missing.
    """
    if kind == BinaryCodes.KIND:
        return BinaryCodes(arrays["packed"])
    similarity = Similarity(str(arrays["similarity"]))
    if kind == FloatCodes.KIND:
        return FloatCodes(arrays["values"], similarity)
    if kind == ScalarCodes.KIND:
        shared = arrays["offset"], arrays["step"], int(arrays["width"])
        return ScalarCodes(arrays["packed"], *shared, arrays.get("factors"), similarity)
    if kind == AdditiveCodes.KIND:
        return AdditiveCodes(arrays["indices"], arrays["codebooks"], similarity)
    raise ValueError(f"codes of kind {kind!r}")


def _side(part: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of the queries' codes, or of the database's."""
    start = f"{part}_"
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
