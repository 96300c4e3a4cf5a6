"""Average cumulative gain: the mean number of labels that the first k items share with the query.

Q = queries.
"""

from __future__ import annotations

import numpy as np

from hashbench.metrics.ndcg import Gain
from hashbench.ranking.blocks import Blocks


def acg(blocks: Blocks, k: int) -> np.ndarray:
    """ACG@k of each query, in expectation over tied items; the divisor is k.

    Args:
        blocks: The rankings with graded relevance, down to rank k or farther.
        k: Cut-off.

    Returns:
        float64 (Q,).

    >>> import numpy as np
    >>> two_labels = np.array([[[0, 1]]])
    >>> blocks = Blocks(np.array([[1]]), np.array([[1]]), two_labels, total=two_labels[0], items=3)
    >>> acg(blocks, 2).tolist()
    [1.0]
    """
    return blocks.expected(blocks.weighted(Gain.LINEAR.of), k) / k
