"""What is compared with what: the distances by which queries rank database items.

Smaller is nearer throughout; inner products are negated. Never is the whole query x database array in
memory: kernels ask for a few queries at a time.

Q = queries, N = database items, D = dimensions, M = codebooks, K = codewords.
"""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.floats import FloatCodes
from hashbench.codes.scalar import ScalarCodes
from hashbench.codes.storage import Codes, VectorCodes
from hashbench.errors import ConfigError, DataError


class _Compared:
    """Two sides, of which each knows how many it holds."""

    query: Sized
    database: Sized

    @property
    def queries(self) -> int:
        """Q."""
        return len(self.query)

    @property
    def items(self) -> int:
        """N."""
        return len(self.database)


@dataclass(frozen=True)
class Hamming(_Compared):
    """Number of differing bits.

    >>> a = BinaryCodes(np.array([[0b11110000]], dtype=np.uint8))
    >>> b = BinaryCodes(np.array([[0b11110000], [0b00001111]], dtype=np.uint8))
    >>> hamming(a, b).tile(slice(0, 1)).tolist()
    [[0, 8]]
    """

    query: BinaryCodes
    database: BinaryCodes
    name: str = "hamming"

    @property
    def bits(self) -> int:
        """The largest distance that there can be."""
        return self.query.bits

    @cached_property
    def words(self) -> tuple[np.ndarray, np.ndarray]:
        """Queries (Q, W) and items (W, N) as unsigned machine words, without a copy where one does."""
        query, database = _as_words(self.query.packed), _as_words(self.database.packed)
        one = database.shape[1] == 1
        return query, database.reshape(1, -1) if one else np.ascontiguousarray(database.T)

    def take(self, items: slice | np.ndarray) -> Hamming:
        """The same queries against some items, in that order."""
        return replace(self, database=BinaryCodes(self.database.packed[items]))

    def tile(self, part: slice) -> np.ndarray:
        """Distances of some queries to every item, uint16 (q, N)."""
        packed = self.query.packed[part]
        total = np.zeros((len(packed), self.items), dtype=np.uint16)
        for byte in range(packed.shape[1]):
            total += np.bitwise_count(packed[:, byte, None] ^ self.database.packed[None, :, byte])
        return total


# Items that are reconstructed at once.
_ROWS = 1 << 14
# Queries whose look-up tables are computed at once.
_TABLES = 16


@dataclass(frozen=True)
class LookUp(_Compared):
    """Float queries against reconstructions, by look-up tables of inner products (ADC).

    The sum runs over the codebooks in their order, so equal codes get equal distances to the bit.

    Attributes:
        name: `aqd`, or `sqd` where the queries are reconstructions themselves.
        query: float32 (Q, D).
        database: N codes.
        bias: float32 (N,), the part of an item's distance that no query changes.
    """

    name: str
    query: np.ndarray
    database: AdditiveCodes
    bias: np.ndarray

    def take(self, items: slice | np.ndarray) -> LookUp:
        """The same queries against some items, in that order."""
        some = replace(self.database, indices=self.database.indices[items])
        return replace(self, database=some, bias=self.bias[items])

    def tables(self, part: slice) -> np.ndarray:
        """Each codeword's part of the distance, float32 (q, M, K)."""
        books, words, width = self.database.codebooks.shape
        first, last, _ = part.indices(self.queries)
        blocks = []
        # The last bit of a matrix product depends on its shape, so all have the same: no query's
        # distances depend on who shares its tile.
        for start in range(first - first % _TABLES, last, _TABLES):
            queries = np.zeros((_TABLES, width), dtype=np.float32)
            queries[: self.queries - start] = self.query[start : start + _TABLES]
            blocks.append(queries @ self.database.codebooks.reshape(-1, width).T)
        products = np.concatenate(blocks)[first % _TABLES :][: last - first]
        products *= _weight(self.database.similarity)
        return products.reshape(-1, books, words)

    def tile(self, part: slice) -> np.ndarray:
        """Distances of some queries to every item, float32 (q, N)."""
        tables = self.tables(part)
        total = np.repeat(self.bias[None, :], len(tables), axis=0)
        for m in range(tables.shape[1]):
            total += np.take(tables[:, m], self.database.indices[:, m], axis=1)
        return total


@dataclass(frozen=True)
class Dense(_Compared):
    """Float vectors compared as they are: embeddings, or what codes are reconstructed to.

    Attributes:
        name: `feature` or `cosine` for embeddings, which is what codes aim at; `aqd` or `sqd` for
            reconstructions.
        query: float32 (Q, D).
        database: float32 (N, D).
        similarity: How they are compared.
        bias: float32 (N,), the part of an item's distance that no query changes.
    """

    name: str
    query: np.ndarray
    database: np.ndarray
    similarity: Similarity
    bias: np.ndarray

    @property
    def weight(self) -> float:
        """What the inner product counts in a distance."""
        return float(_weight(self.similarity))

    def take(self, items: slice | np.ndarray) -> Dense:
        """The same queries against some items, in that order."""
        return replace(self, database=self.database[items], bias=self.bias[items])

    def tile(self, part: slice) -> np.ndarray:
        """Distances of some queries to every item, float32 (q, N)."""
        distances: np.ndarray = self.query[part] @ self.database.T
        distances *= _weight(self.similarity)
        distances += self.bias
        return distances


Distances = Hamming | LookUp | Dense


def hamming(query: BinaryCodes, database: BinaryCodes) -> Hamming:
    """Number of differing bits.

    Raises:
        DataError: A side is empty, or the codes differ in bits.
    """
    _check(query.packed, database.packed)
    return Hamming(query, database)


def suited(query: Codes | None, database: Codes, query_embeddings: np.ndarray | None) -> list[Distances]:
    """Every distance that suits the kind of codes, the one to rank methods by first.

    Args:
        query: Codes of Q queries, of the same kind; None for `aqd` alone.
        database: Codes of N items.
        query_embeddings: float32 (Q, D), for `aqd`; not looked at where codes are binary or floats.

    Raises:
        DataError: The two are of different kinds or do not fit together.
        ConfigError: There are neither codes nor embeddings of queries.
    """
    if query is not None and query.KIND != database.KIND:
        raise DataError(f"query codes are {query.KIND}, database codes {database.KIND}.")
    if isinstance(database, BinaryCodes) and isinstance(query, BinaryCodes):
        return [hamming(query, database)]
    if isinstance(database, FloatCodes) and isinstance(query, FloatCodes):
        return [feature(query.values, database.values, database.similarity)]
    found: list[Distances] = []
    if not isinstance(database, BinaryCodes):
        if query_embeddings is not None:
            found.append(aqd(query_embeddings, database))
        if query is not None and not isinstance(query, BinaryCodes):
            found.append(sqd(query, database))
    if not found:
        raise ConfigError("neither query codes nor query embeddings are given. Expected one or both.")
    return found


def aqd(query_embeddings: np.ndarray, database: VectorCodes) -> LookUp | Dense:
    """Asymmetric quantizer distance: float queries (Q, D) against reconstructions.

    Raises:
        DataError: A side is empty, dimensions differ, or a number is not finite.
    """
    queries = _float32(query_embeddings)
    if queries.ndim != 2:
        raise DataError(f"query embeddings have shape {queries.shape}. Expected (queries, dimensions).")
    if isinstance(database, AdditiveCodes):
        _check(queries, database.indices, same_width=False)
        _check(queries, database.codebooks.reshape(-1, database.codebooks.shape[2]))
        return LookUp("aqd", queries, database, _bias_of_codes(database))
    items = database.reconstruct()
    _check(queries, items)
    factors = database.factors if isinstance(database, ScalarCodes) else None
    lengths = None if factors is None else factors[:, 1]
    return Dense("aqd", queries, items, database.similarity, _bias(items, database.similarity, lengths))


def sqd(query: VectorCodes, database: VectorCodes) -> LookUp | Dense:
    """Symmetric quantizer distance: reconstructed queries against reconstructions."""
    return replace(aqd(query.reconstruct(), database), name="sqd")


def feature(query: np.ndarray, database: np.ndarray, similarity: Similarity) -> Dense:
    """Float embeddings (Q, D) and (N, D), by inner product or squared distance.

    Raises:
        DataError: A side is empty, dimensions differ, or a number is not finite.
    """
    queries, items = _float32(query), _float32(database)
    _check(queries, items)
    return Dense("feature", queries, items, similarity, _bias(items, similarity))


def cosine(query: np.ndarray, database: np.ndarray) -> Dense:
    """Float embeddings (Q, D) and (N, D) by their angle; a zero vector is at right angles to all."""
    _check(query, database)
    unit = [_normalized(side) for side in (query, database)]
    return replace(feature(unit[0], unit[1], Similarity.INNER_PRODUCT), name="cosine")


def _check(query: np.ndarray, database: np.ndarray, *, same_width: bool = True) -> None:
    if not len(query) or not len(database):
        raise DataError(f"{len(query)} queries and {len(database)} database items. Expected some of each.")
    if same_width and query.shape[1] != database.shape[1]:
        unit = "bytes" if query.dtype == np.uint8 else "dimensions"
        raise DataError(
            f"queries have {query.shape[1]} {unit}, database items {database.shape[1]}. Expected equal."
        )
    for side, values in (("query", query), ("database", database)):
        if not np.isfinite(values).all():
            raise DataError(f"a {side} embedding holds a number that is not finite.")


def _as_words(packed: np.ndarray) -> np.ndarray:
    """Bytes (n, B) as uint32 (n, 1) up to four of them, else as uint64 (n, W)."""
    kind = np.dtype(np.uint32 if packed.shape[1] <= 4 else np.uint64)
    missing = -packed.shape[1] % kind.itemsize
    padded = np.pad(packed, ((0, 0), (0, missing))) if missing else packed
    return np.ascontiguousarray(padded).view(kind)


def _float32(rows: np.ndarray) -> np.ndarray:
    """Embeddings in single precision; what is too large for it becomes infinite, and is refused."""
    with np.errstate(over="ignore"):
        return np.asarray(rows, dtype=np.float32)


def _normalized(rows: np.ndarray) -> np.ndarray:
    """Rows of length one; zero rows stay as they are."""
    longest = np.abs(rows).max(axis=1, keepdims=True, initial=0).astype(np.float64)
    scaled = np.divide(rows, longest, out=np.zeros(rows.shape), where=longest > 0)
    norms = np.linalg.norm(scaled, axis=1, keepdims=True)
    return np.divide(scaled, norms, out=np.zeros_like(scaled), where=norms > 0)


def _weight(similarity: Similarity) -> np.float32:
    """Weight of the inner product in a distance: |q - x|^2 orders items as |x|^2 - 2 q.x does."""
    return np.float32(-1 if similarity is Similarity.INNER_PRODUCT else -2)


def _bias(vectors: np.ndarray, similarity: Similarity, lengths: np.ndarray | None = None) -> np.ndarray:
    """What is added to the weighted inner product, float32 (N,): squared lengths, where they count."""
    if similarity is Similarity.INNER_PRODUCT:
        return np.zeros(len(vectors), dtype=np.float32)
    return np.einsum("nd,nd->n", vectors, vectors) if lengths is None else lengths


def _bias_of_codes(database: AdditiveCodes) -> np.ndarray:
    """The same for reconstructions, of which a part is in memory at a time."""
    if database.similarity is Similarity.INNER_PRODUCT:
        return np.zeros(len(database), dtype=np.float32)
    parts = [
        _bias(
            replace(database, indices=database.indices[start : start + _ROWS]).reconstruct(),
            database.similarity,
        )
        for start in range(0, len(database), _ROWS)
    ]
    return np.concatenate(parts)
