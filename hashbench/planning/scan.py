"""How fast an exhaustive search is here: every query against every item, by the suite's own kernel.

Q = queries, N = items, D = dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hashbench.codes.additive import Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.planning.rate import Rate, measured
from hashbench.ranking.distances import Distances, Hamming, LookUp, feature
from hashbench.ranking.kernels.choice import resolve_kernel
from hashbench.ranking.search import nearest
from hashbench.runs.evaluate import NEIGHBOURS
from hashbench.threads import cores

# The larger of the two sizes that are measured: so many bytes, which no cache holds, or so many items.
BYTES, ITEMS = 1 << 28, 1 << 23
# The smaller is this part of it.
_SMALLER = 4
# Queries of a batch, a thread.
_QUERIES = 16
# Different floats in the scan of floats.
_ROWS = 4096


@dataclass(frozen=True)
class Scan:
    """Time a pair of query and item, at the larger size.

    Attributes:
        distance: By what the search ranks.
        kernel: What ranks.
        item_bytes: Bytes an item that have to be in memory.
        items: N, the larger size.
        queries: Q, those of a batch.
        pair: A pair where a batch of queries has the machine to itself.
        alone: A pair where one query has: the suite's kernels for the CPU give a query one thread.
        deviation: By how much a pair of a batch takes longer at the larger size than at the smaller, as a
            part: 0 where time is proportional to the number of items.
    """

    distance: str
    kernel: str
    item_bytes: int
    items: int
    queries: int
    pair: Rate
    alone: Rate
    deviation: float

    @property
    def bytes_per_second(self) -> float:
        """Bytes of items that a core goes through in a second."""
        return self.item_bytes / self.pair.core_seconds


def measure_scan(some: Distances) -> Scan:
    """Measure the search for a query's 100 nearest.

    Args:
        some: Queries against the items of a run. Both are repeated: queries until there are enough for all
            threads, items until there are as many as are measured.
    """
    kernel, held = resolve_kernel(), held_bytes(some)
    threads = cores() if kernel.name == "numba" else 1
    queries, larger = _QUERIES * threads, max(_SMALLER, min(ITEMS, BYTES // held))

    many = _filled(some, queries, larger)

    def batch(items: int) -> Rate:
        distances = many.take(slice(items))
        return measured(lambda: nearest(distances, NEIGHBOURS, kernel), items * queries, threads)

    smaller, pair = batch(larger // _SMALLER), batch(larger)
    alone = measured(lambda: kernel.nearest(many, slice(0, 1), NEIGHBOURS), larger, 1)
    deviation = pair.seconds / smaller.seconds - 1
    return Scan(some.name, kernel.name, held, larger, queries, pair, alone, deviation)


def float_scan(width: int) -> Scan:
    """The same for embeddings of `width` dimensions that are not compressed, by inner product."""
    generator = np.random.default_rng(0)
    query, items = (
        generator.standard_normal((rows, width), dtype=np.float32) for rows in (_QUERIES * cores(), _ROWS)
    )
    return measure_scan(feature(query, items, Similarity.INNER_PRODUCT))


def _filled(some: Distances, queries: int, items: int) -> Distances:
    """As many queries and items; the queries come again and again, the items hardly ever."""
    asked, rows = np.arange(queries) % some.queries, np.arange(items) % some.items
    if isinstance(some, Hamming):
        query, packed = some.query.packed[asked], _mixed(some.database.packed, items)
        return replace(some, query=BinaryCodes(query), database=BinaryCodes(packed))
    if isinstance(some, LookUp):
        codes = replace(some.database, indices=_mixed(some.database.indices, items))
        return replace(some, query=some.query[asked], database=codes, bias=some.bias[rows])
    return replace(
        some, query=some.query[asked], database=_mixed(some.database, items), bias=some.bias[rows]
    )


def _mixed(rows: np.ndarray, items: int) -> np.ndarray:
    """Many items from a few rows: every time that these come round, the columns move against each other.

    Repeated as they are, they would tie as no different items do, and a search for few of them would have
    to sort many.

    >>> _mixed(np.array([[0, 0], [1, 1], [2, 2]]), 6).tolist()
    [[0, 0], [1, 1], [2, 2], [0, 1], [1, 2], [2, 0]]
    """
    place = np.arange(items)
    turn = place // len(rows)
    mixed = np.empty((items, rows.shape[1]), rows.dtype)
    for column, values in enumerate(rows.T):
        mixed[:, column] = values[(place + column * turn) % len(rows)]
    return mixed


def held_bytes(distances: Distances) -> int:
    """Bytes an item of all that a search reads.

    Binary codes are held as machine words. Beside quantization codes stands the part of the distance that
    no query changes. Scalar codes are held as what they are reconstructed to.
    """
    if isinstance(distances, Hamming):
        held = distances.words[1].nbytes
    elif isinstance(distances, LookUp):
        held = distances.database.indices.nbytes + distances.bias.nbytes
    else:
        held = distances.database.nbytes + distances.bias.nbytes
    return held // distances.items
