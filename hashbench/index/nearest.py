"""The nearest items of a set of codes, a shard in memory at a time.

Q = queries, D = embedding dimensions.
"""

from __future__ import annotations

import numpy as np

from hashbench.codes.additive import AdditiveCodes
from hashbench.codes.code_set import CodeSet
from hashbench.codes.scalar import ScalarCodes
from hashbench.codes.storage import Codes
from hashbench.errors import DataError
from hashbench.ranking import entries as ranked
from hashbench.ranking.distances import Hamming, suited
from hashbench.ranking.kernels.choice import resolve_kernel
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.nearest import MOST_ITEMS

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
    kernel = kernel or resolve_kernel()
    compared = None if codes.kind in _QUANTIZED and query_embeddings is not None else query_codes
    best, whole = _nothing(query_codes, query_embeddings), False
    for shard in codes.shards:
        if not shard.items:
            continue
        distances = suited(compared, shard.codes(), query_embeddings)[0]
        whole = isinstance(distances, Hamming)
        tiles = kernel.tiles(distances, min(k, distances.items))
        found = np.concatenate([kernel.nearest(distances, tile, k) for tile in tiles])
        # Later shards come later in the set: of equal distances, the first k are those to keep.
        best = ranked.merge([best, found], [0, shard.first], k)[:, :k]
    return ranked.positions(best), ranked.distances(best, whole=whole)


def _nothing(query_codes: Codes | None, query_embeddings: np.ndarray | None) -> np.ndarray:
    """What is found before anything was looked at, uint64 (Q, 0)."""
    queries = query_codes if query_codes is not None else query_embeddings
    return np.zeros((0 if queries is None else len(queries), 0), dtype=np.uint64)
