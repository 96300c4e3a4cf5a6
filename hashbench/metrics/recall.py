"""Recall at k: the share of a query's relevant items that are among the first k.

Q = queries.
"""

from __future__ import annotations

import numpy as np

from hashbench.metrics.ratio import ratio
from hashbench.ranking.blocks import Blocks


def recall(blocks: Blocks, k: int) -> np.ndarray:
    """Recall@k of each query, in expectation over tied items.

    Returns:
        float64 (Q,), NaN for a query without any relevant item.

    >>> import numpy as np
    >>> start, size = np.array([[0, 2]]), np.array([[1, 1]])
    >>> blocks = Blocks(start, size, size[:, :, None], total=np.array([[2]]), items=3)
    >>> recall(blocks, 2).tolist()
    [0.5]
    """
    return ratio(blocks.expected_hits(k), blocks.relevant)
