"""Average precision at k, and its options.

AP@k of a ranking is the sum over ranks i <= k of precision@i where the item at i is relevant, over a
denominator on which systems disagree. With ties it is the exact mean over all orders of the tied
items (McSherry and Najork, 2008; He et al., 2018).

Q = queries, N = database items; rank i counts from 1.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from scipy.stats import hypergeom

from hashbench.metrics.ranked import Ranked


class Denominator(StrEnum):
    """What the sum of precisions is divided by."""

    RETRIEVED = "retrieved"
    MIN_K_TOTAL = "min_k_total"
    TOTAL = "total"


def average_precision(ranked: Ranked, k: int | None, denominator: Denominator) -> np.ndarray:
    """AP@k of each query, in expectation over tied items.

    Args:
        ranked: The rankings.
        k: Cut-off; None for all items.
        denominator: `retrieved` divides by the relevant items within the top k, `min_k_total` by the
            most that there could be there, `total` by all relevant items.

    Returns:
        float64 (Q,). A query with no relevant item at all gets NaN, and so does, under `retrieved`,
        one that has none in the top k whatever the order; presets say what becomes of them.

    A hit at rank 1, a miss, and a hit at rank 3:

    >>> from hashbench.metrics.ranked import rank
    >>> ranked = rank(np.array([[1, 2, 3]]), np.array([[True, False, True]]))
    >>> average_precision(ranked, None, Denominator.TOTAL).round(4).tolist()
    [0.8333]
    """
    cut = ranked.items if k is None else min(k, ranked.items)
    if denominator is Denominator.RETRIEVED:
        return _over_retrieved(ranked, cut)
    most = np.minimum(cut, ranked.total)
    divisor = ranked.total if denominator is Denominator.TOTAL else most
    summed = _gains(ranked)[:, :cut].sum(axis=1)
    return np.divide(summed, divisor, out=np.full(len(summed), np.nan), where=divisor > 0)


def _gains(ranked: Ranked) -> np.ndarray:
    """Expected precision@i times relevance at each rank, float64 (Q, N).

    Inside a block of n items of which r are relevant, R relevant ones before it, the j-th place holds
    a relevant item with probability r / n, and given that, the j - 1 places before it hold
    (j - 1)(r - 1) / (n - 1) relevant ones on average.
    """
    i = np.arange(1, ranked.items + 1)
    j = i - ranked.start
    others = np.maximum(ranked.size - 1, 1)
    hits = ranked.relevant_before + 1 + (j - 1) * (ranked.relevant_inside - 1) / others
    gains: np.ndarray = ranked.chance_of_relevance * hits / i
    return gains


def _over_retrieved(ranked: Ranked, cut: int) -> np.ndarray:
    """AP@k over the relevant items within the top k, float64 (Q,).

    The block that k cuts through makes the denominator random: of its first n' places, h hold a
    relevant item with hypergeometric probability, and given h they are spread evenly.
    """
    last = cut - 1
    start, size = ranked.start[:, last], ranked.size[:, last]
    before, inside = ranked.relevant_before[:, last], ranked.relevant_inside[:, last]
    gains = _gains(ranked)
    summed = np.where(np.arange(ranked.items) < start[:, None], gains, 0).sum(axis=1)
    places = cut - start
    values = np.full(len(summed), np.nan)
    for q in range(len(summed)):
        values[q] = _mean_over_hits(
            summed[q],
            before=int(before[q]),
            inside=int(inside[q]),
            size=int(size[q]),
            start=int(start[q]),
            places=int(places[q]),
        )
    return values


def _mean_over_hits(
    summed: float, *, before: int, inside: int, size: int, start: int, places: int
) -> float:
    """Mean of AP over how many relevant items the cut block shows; orders that show none count 0."""
    hits = np.arange(max(0, places - (size - inside)), min(inside, places) + 1)
    if before + hits[-1] == 0:
        return float("nan")
    j = np.arange(1, places + 1)
    reciprocal = 1 / (start + j)
    # sum over j of (h / n') (R + 1 + (j - 1)(h - 1) / (n' - 1)) / i, for every h at once
    slope = (hits - 1) / max(places - 1, 1)
    block = hits / places * ((before + 1) * reciprocal.sum() + slope * ((j - 1) * reciprocal).sum())
    found = before + hits
    ratio = np.divide(summed + block, found, out=np.zeros(len(hits)), where=found > 0)
    return float(ratio @ hypergeom.pmf(hits, size, inside, places))
