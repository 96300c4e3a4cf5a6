"""Average precision at k, and its options.

AP@k of a ranking is the sum over ranks i <= k of precision@i where the item at i is relevant, over a
denominator on which systems disagree. With ties it is the exact mean over all orders of the tied
items (McSherry and Najork, 2008; He et al., 2018).

Q = queries, B = blocks of ties; rank i counts from 1.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np

from hashbench.metrics.ratio import ratio
from hashbench.ranking.blocks import Blocks, row_sums


class Denominator(StrEnum):
    """What the sum of precisions is divided by."""

    RETRIEVED = "retrieved"
    MIN_K_TOTAL = "min_k_total"
    TOTAL = "total"


def average_precision(
    blocks: Blocks, k: int | None, denominator: Denominator, *, whole_blocks: bool = False
) -> np.ndarray:
    """AP@k of each query, in expectation over tied items.

    Args:
        blocks: The rankings, down to rank k or farther.
        k: Cut-off; None for all items.
        denominator: `retrieved` divides by the relevant items within the top k, `min_k_total` by the
            most that there could be there, `total` by all relevant items.
        whole_blocks: Take precision at the end of each block only, as scikit-learn does; k is None.

    Returns:
        float64 (Q,). A query with no relevant item at all gets NaN, and so does, under `retrieved`,
        one that has none in the top k whatever the order; presets say what becomes of them.

    A hit at rank 1, a miss, and a hit at rank 3:

    >>> import numpy as np
    >>> start, size = np.array([[0, 2]]), np.array([[1, 1]])
    >>> blocks = Blocks(start, size, size[:, :, None], total=np.array([[2]]), items=3)
    >>> average_precision(blocks, None, Denominator.TOTAL).round(4).tolist()
    [0.8333]
    """
    if whole_blocks:
        reached = blocks.before + blocks.hits
        ends = np.maximum(blocks.start + blocks.size, 1)
        return ratio(row_sums(blocks.hits * (reached / ends)), blocks.relevant)
    return mean_gain_at_hits(blocks, blocks.hits, k, denominator)


def mean_gain_at_hits(
    blocks: Blocks, gained: np.ndarray, k: int | None, denominator: Denominator
) -> np.ndarray:
    """Mean over the hits among the first k of the gain so far, divided by the rank; float64 (Q,).

    Where an item gains 1 if relevant this is average precision.

    Args:
        blocks: The rankings.
        gained: Sum of the gains of each block's items (Q, B); only relevant items gain anything.
        k: Cut-off; None for all items.
        denominator: As for `average_precision`.
    """
    cut = blocks.cut(k)
    summed = _at_hits(blocks, gained, cut)
    if denominator is Denominator.RETRIEVED:
        return _over_retrieved(blocks, gained, summed, cut)
    most = blocks.relevant
    divisor = most if denominator is Denominator.TOTAL else np.minimum(cut, most)
    return ratio(row_sums(summed), divisor)


def _at_hits(blocks: Blocks, gained: np.ndarray, cut: int) -> np.ndarray:
    """Expected sum of (gain so far) / rank over the hits of each block within the cut, (Q, B).

    In a block of n items of which r are relevant and gain g together, with a gain of G before it, the
    j-th place holds a relevant item with probability r / n; that one gains g / r on average, and the
    j - 1 places before it (g - g / r) / (n - 1) each.
    """
    values = np.cumsum(gained, axis=1, dtype=np.float64)
    counted = blocks.hits > 0
    if cut < blocks.items:
        counted &= blocks.start < cut
    # A block of one item needs no expectation, and most blocks of fine distances are such.
    several = () if blocks.untied else np.nonzero(counted & (blocks.size > 1))
    after = values[several] if several else np.empty(0)
    values /= blocks.start + np.int64(1)
    values *= counted
    if len(after):
        n, r, g, s = (
            array[several].astype(np.float64) for array in (blocks.size, blocks.hits, gained, blocks.start)
        )
        once, weighted = _sums(s, np.minimum(n, cut - s))
        values[several] = r / n * ((after - g + g / r) * once + (g - g / r) / (n - 1) * weighted)
    return values


def _sums(start: Any, places: Any) -> tuple[Any, Any]:
    """Sums over the first places j of a block of 1 / rank and of (j - 1) / rank, in closed form."""
    from scipy.special import digamma  # noqa: PLC0415 - looking up finished runs does without

    once = digamma(start + places + 1) - digamma(start + 1)
    return once, places - (start + 1) * once


def _over_retrieved(blocks: Blocks, gained: np.ndarray, summed: np.ndarray, cut: int) -> np.ndarray:
    """Division by the relevant items within the top k.

    Where k cuts a block their number is random: of its first n' places, h hold a relevant item with
    hypergeometric probability, and given h they are spread evenly.
    """
    if cut == blocks.items:
        return ratio(row_sums(summed), blocks.relevant)
    if blocks.untied:
        return ratio(row_sums(summed), np.count_nonzero(summed, axis=1))
    shown = blocks.shown(cut)
    whole = shown == blocks.size
    found = np.einsum("qb,qb->q", blocks.hits, whole, dtype=np.int64)
    before = row_sums(summed * whole)
    values = ratio(before, found)
    for q, b in np.argwhere(~whole & (shown > 0) & (blocks.hits > 0)):
        values[q] = _mean_over_hits(
            before[q],
            found=int(found[q]),
            gain_before=float(gained[q, :b].sum()),
            gain=float(gained[q, b]),
            hits=int(blocks.hits[q, b]),
            size=int(blocks.size[q, b]),
            start=int(blocks.start[q, b]),
            places=int(shown[q, b]),
        )
    return values


def _mean_over_hits(
    summed: float,
    *,
    found: int,
    gain_before: float,
    gain: float,
    hits: int,
    size: int,
    start: int,
    places: int,
) -> float:
    """Mean over how many relevant items the cut block shows; orders that show none count 0."""
    from scipy.stats import hypergeom  # noqa: PLC0415 - as above, and it loads slowly

    shown = np.arange(max(0, places - (size - hits)), min(hits, places) + 1)
    once, weighted = _sums(start, places)
    each = gain / hits
    others = each * (shown - 1) / max(places - 1, 1)
    block = shown / places * ((gain_before + each) * once + others * weighted)
    reached = found + shown
    ratio = np.divide(summed + block, reached, out=np.zeros(len(shown)), where=reached > 0)
    return float(ratio @ hypergeom.pmf(shown, size, hits, places))
