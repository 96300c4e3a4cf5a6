"""Distances of every query to every database item, a bounded tile of queries at a time.

Smaller is nearer throughout; inner products are negated. Never is the whole query x database array in
memory.

Q = queries, N = database items, D = dimensions, M = codebooks, K = codewords.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes

Tile = Callable[[slice], np.ndarray]
# About this many distances are held at once.
_TILE_ENTRIES = 4_000_000


@dataclass(frozen=True)
class Distances:
    """A query x database distance matrix that is computed a tile at a time.

    Attributes:
        name: `hamming`, `aqd`, `sqd` or `feature`, as in result tables.
        queries: Q.
        items: N.
        tile: Maps a slice of queries to their distances (q, N).
    """

    name: str
    queries: int
    items: int
    tile: Tile

    def tiles(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Each slice of queries with its distances (q, N)."""
        step = max(1, _TILE_ENTRIES // max(1, self.items))
        for start in range(0, self.queries, step):
            part = slice(start, min(start + step, self.queries))
            yield part, self.tile(part)


def hamming(query: BinaryCodes, database: BinaryCodes) -> Distances:
    """Number of differing bits, uint16.

    >>> a = BinaryCodes(np.array([[0b11110000]], dtype=np.uint8))
    >>> b = BinaryCodes(np.array([[0b11110000], [0b00001111]], dtype=np.uint8))
    >>> hamming(a, b).tile(slice(0, 1)).tolist()
    [[0, 8]]
    """

    def tile(part: slice) -> np.ndarray:
        total = np.zeros((len(query.packed[part]), len(database)), dtype=np.uint16)
        for byte in range(database.bytes_per_item):
            differing = query.packed[part, byte, None] ^ database.packed[None, :, byte]
            total += np.bitwise_count(differing)
        return total

    return Distances("hamming", len(query), len(database), tile)


def aqd(query_embeddings: np.ndarray, database: AdditiveCodes) -> Distances:
    """Asymmetric quantizer distance: float queries against reconstructions, by table look-up (ADC).

    Equal codes get equal distances to the bit, so that ties are known.

    Args:
        query_embeddings: float32 (Q, D).
        database: N codes of the same D.
    """
    bias = _bias(database)

    def tile(part: slice) -> np.ndarray:
        queries = query_embeddings[part]
        total = np.repeat(bias[None, :], len(queries), axis=0)
        for m, codebook in enumerate(database.codebooks):
            total += _look_up(queries @ codebook.T, database, m)
        return total

    return Distances("aqd", len(query_embeddings), len(database), tile)


def sqd(query: AdditiveCodes, database: AdditiveCodes) -> Distances:
    """Symmetric quantizer distance: reconstructed queries against reconstructions."""
    asymmetric = aqd(query.reconstruct(), database)
    return Distances("sqd", asymmetric.queries, asymmetric.items, asymmetric.tile)


def feature(query: np.ndarray, database: np.ndarray, similarity: Similarity) -> Distances:
    """Float embeddings (Q, D) and (N, D) compared without quantization: what the codes aim at."""
    weight, bias = _of_vectors(database, similarity)

    def tile(part: slice) -> np.ndarray:
        distances: np.ndarray = query[part] @ (weight * database).T + bias
        return distances

    return Distances("feature", len(query), len(database), tile)


def _look_up(products: np.ndarray, database: AdditiveCodes, m: int) -> np.ndarray:
    """Each item's entry of codebook m's table of inner products, (q, N), as part of a distance."""
    scale = np.float32(-1.0 if database.similarity is Similarity.INNER_PRODUCT else -2.0)
    entries: np.ndarray = np.take(scale * products, database.indices[:, m], axis=1)
    return entries


def _bias(database: AdditiveCodes) -> np.ndarray:
    """The part of an item's distance that no query changes, float32 (N,)."""
    return _of_vectors(database.reconstruct(), database.similarity)[1]


def _of_vectors(vectors: np.ndarray, similarity: Similarity) -> tuple[np.float32, np.ndarray]:
    """Weight of the inner product and additive bias (N,) of a distance, up to the query's norm.

    |q - x|^2 orders items as |x|^2 - 2 q.x does, and a larger inner product is nearer.
    """
    if similarity is Similarity.INNER_PRODUCT:
        return np.float32(-1), np.zeros(len(vectors), dtype=np.float32)
    return np.float32(-2), np.einsum("nd,nd->n", vectors, vectors)
