"""Weighted average precision: average precision whose hits weigh as many labels as they share.

Q = queries.
"""

from __future__ import annotations

import numpy as np

from hashbench.metrics.average_precision import Denominator, mean_gain_at_hits
from hashbench.metrics.ndcg import Gain
from hashbench.ranking.blocks import Blocks


def wap(blocks: Blocks, k: int | None, denominator: Denominator = Denominator.RETRIEVED) -> np.ndarray:
    """Mean of ACG@i over the ranks i <= k that hold a relevant item (Zhao et al., 2015).

    Args:
        blocks: The rankings with graded relevance, down to rank k or farther.
        k: Cut-off; None for all items.
        denominator: What the sum is divided by; the paper's is `retrieved`.

    Returns:
        float64 (Q,), in expectation over tied items; NaN as for `average_precision`.

    >>> import numpy as np
    >>> two_labels = np.array([[[0, 1]]])
    >>> blocks = Blocks(np.array([[1]]), np.array([[1]]), two_labels, total=two_labels[0], items=3)
    >>> wap(blocks, 2).tolist()
    [1.0]
    """
    return mean_gain_at_hits(blocks, blocks.weighted(Gain.LINEAR.of), k, denominator)
