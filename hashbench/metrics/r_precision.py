"""R-precision: precision, and so recall, at the rank that a perfect ranking would stop at.

Q = queries.
"""

from __future__ import annotations

import numpy as np

from hashbench.metrics.ratio import ratio
from hashbench.ranking.blocks import Blocks


def r_precision(blocks: Blocks, k: int | None = None) -> np.ndarray:
    """Share of relevant items among the first R, R the number of a query's relevant items.

    Args:
        blocks: The rankings, down to the largest R, or to k.
        k: Stop at min(k, R) instead; None for R.

    Returns:
        float64 (Q,), in expectation over tied items; NaN for a query without any relevant item.

    >>> import numpy as np
    >>> start, size = np.array([[0, 2]]), np.array([[1, 1]])
    >>> r_precision(Blocks(start, size, size[:, :, None], total=np.array([[2]]), items=3)).tolist()
    [0.5]
    """
    last = np.minimum(blocks.relevant, blocks.cut(k))
    return ratio(blocks.expected_hits(last), last)
