"""Precision-recall curves, by rank and by Hamming radius.

`macro` averages each query's precision and recall; `micro` puts all queries' items in one pot.

Q = queries, P = points of the curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hashbench.metrics.radius import EmptyBall, inside_and_hits
from hashbench.metrics.ratio import ratio
from hashbench.ranking.blocks import Blocks
from hashbench.ranking.counts import DistanceCounts


class Averaging(StrEnum):
    """How queries are put together."""

    MACRO = "macro"
    MICRO = "micro"


@dataclass(frozen=True)
class Curve:
    """Precision against recall.

    Attributes:
        at: The ranks or radii, int64 (P,).
        precision: float64 (P,), NaN where no query counts.
        recall: float64 (P,).
    """

    at: np.ndarray
    precision: np.ndarray
    recall: np.ndarray


def curve_by_rank(blocks: Blocks, ranks: Sequence[int], averaging: Averaging) -> Curve:
    """Precision and recall among the first k items, in expectation over ties.

    Queries without any relevant item do not count.

    Args:
        blocks: The rankings, down to the last rank or farther.
        ranks: Each k.
        averaging: Over queries, or over their items.

    >>> import numpy as np
    >>> start, size = np.array([[0, 2]]), np.array([[1, 1]])
    >>> blocks = Blocks(start, size, size[:, :, None], total=np.array([[2]]), items=3)
    >>> curve_by_rank(blocks, [1, 2], Averaging.MACRO).precision.tolist()
    [1.0, 0.5]
    """
    hits = np.stack([blocks.expected_hits(k) for k in ranks], axis=1)
    inside = np.broadcast_to(np.asarray(ranks, dtype=np.int64), hits.shape)
    points = _points(hits, inside, blocks.relevant, averaging, EmptyBall.SKIP)
    return Curve(np.asarray(ranks), *points)


def curve_by_radius(counts: DistanceCounts, averaging: Averaging, empty: EmptyBall) -> Curve:
    """Precision and recall within each Hamming distance from 0 to all bits.

    Queries without any relevant item do not count.

    Args:
        counts: Items of each grade at each distance.
        averaging: Over queries, or over their items.
        empty: What a query counts, under `macro`, whose ball is empty.
    """
    inside, hits = inside_and_hits(counts)
    points = _points(hits, inside, hits[:, -1], averaging, empty)
    return Curve(np.arange(hits.shape[1]), *points)


def _points(
    hits: np.ndarray,
    inside: np.ndarray,
    relevant: np.ndarray,
    averaging: Averaging,
    empty: EmptyBall,
) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall of each point, float64 (P,)."""
    counted = relevant > 0
    hits, inside, relevant = hits[counted], inside[counted], relevant[counted]
    if averaging is Averaging.MICRO:
        hits, inside = hits.sum(axis=0), inside.sum(axis=0)
        return ratio(hits, inside), ratio(hits, relevant.sum(keepdims=True))
    of_query = ratio(hits, inside, empty.precision)
    recalls = hits / relevant[:, None]
    return _mean(of_query), _mean(recalls)


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the queries that count; NaN where none does."""
    counted = np.isfinite(values)
    return ratio(np.where(counted, values, 0).sum(axis=0), counted.sum(axis=0))
