"""Precision at k: the share of relevant items among the first k.

Q = queries.
"""

from __future__ import annotations

import numpy as np

from hashbench.ranking.blocks import Blocks


def precision(blocks: Blocks, k: int) -> np.ndarray:
    """Precision@k of each query, in expectation over tied items.

    The divisor is k also where the database holds fewer items.

    Returns:
        float64 (Q,).

    >>> import numpy as np
    >>> start, size = np.array([[0, 2]]), np.array([[1, 1]])
    >>> blocks = Blocks(start, size, size[:, :, None], total=np.array([[2]]), items=3)
    >>> precision(blocks, 2).tolist()
    [0.5]
    """
    return blocks.expected_hits(k) / k
