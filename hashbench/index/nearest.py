"""The nearest items of a set of codes, a shard in memory at a time.

Q = queries, D = embedding dimensions.
"""

from __future__ import annotations

import numpy as np

from hashbench.codes.additive import AdditiveCodes
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.code_set import CodeSet
from hashbench.codes.scalar import ScalarCodes
from hashbench.codes.storage import Codes
from hashbench.errors import DataError
from hashbench.ranking import entries as ranked
from hashbench.ranking.distances import suited
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.nearest import MOST_ITEMS
from hashbench.ranking.search import nearest_in_parts

# Codes that float queries are compared with by their reconstructions.
_QUANTIZED = {AdditiveCodes.KIND, ScalarCodes.KIND}


def nearest_in(
    codes: CodeSet,
    query_codes: Codes | None,
    query_embeddings: np.ndarray | None,
    k: int,
    kernel: NumpyKernel | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest items of every query, nearest first; ties are in the order of the set.

    By the method's own distance: Hamming distance of binary codes, AQD of quantized ones where there are
    embeddings. What is found does not depend on the shards, to the bit; for codes that are compared by
    matrix products (scalar codes, floats) to rounding, which depends on a product's shape.

    Args:
        codes: The set.
        query_codes: Q codes of the same kind; None for AQD.
        query_embeddings: float32 (Q, D), for AQD.
        k: How many items.
        kernel: What ranks; by default the fastest that this machine has.

    Returns:
        Their places in the set, int64 (Q, min(k, N)), and their distances, uint32 or float32 of that shape.

    Raises:
        DataError: Queries and items do not fit together, a shard is damaged, or there are more items than
            places of 32 bits can tell.
        ConfigError: There are neither codes nor embeddings of queries.
    """
    if len(codes) > MOST_ITEMS:
        raise DataError(
            f"{str(codes.folder)!r} holds {len(codes):,} codes. Expected at most {MOST_ITEMS:,}: places "
            "are numbers of 32 bits."
        )
    compared = None if codes.kind in _QUANTIZED and query_embeddings is not None else query_codes
    parts = (
        (shard.first, suited(compared, shard.codes(), query_embeddings)[0])
        for shard in codes.shards
        if shard.items
    )
    found = (
        nearest_in_parts(parts, k, kernel)
        if len(codes)
        else np.zeros((_many(query_codes, query_embeddings), 0), np.uint64)
    )
    return ranked.positions(found), ranked.distances(found, whole=codes.kind == BinaryCodes.KIND)


def _many(query_codes: Codes | None, query_embeddings: np.ndarray | None) -> int:
    """Q."""
    queries = query_codes if query_codes is not None else query_embeddings
    return 0 if queries is None else len(queries)
