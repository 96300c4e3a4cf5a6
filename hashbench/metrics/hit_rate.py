"""Hit rate at k: whether anything relevant is among the first k.

Q = queries.
"""

from __future__ import annotations

import numpy as np

from hashbench.ranking.blocks import Blocks, row_sums


def hit_rate(blocks: Blocks, k: int) -> np.ndarray:
    """Probability over the orders of tied items that a relevant one is among the first k.

    Of a block of n items with r relevant ones, m places show none in C(n - r, m) of C(n, m) cases.

    Returns:
        float64 (Q,), NaN for a query without any relevant item.

    >>> import numpy as np
    >>> start, size = np.array([[0]]), np.array([[4]])
    >>> tied = Blocks(start, size, np.array([[[1]]]), total=np.array([[1]]), items=4)
    >>> hit_rate(tied, 1).round(12).tolist()
    [0.25]
    """
    from scipy.special import gammaln  # noqa: PLC0415 - looking up finished runs does without

    n, r = blocks.size.astype(np.float64), blocks.hits.astype(np.float64)
    m = blocks.shown(k).astype(np.float64)
    misses = n - r
    possible = misses >= m
    rest = np.where(possible, misses - m, 0)
    log_none = gammaln(misses + 1) - gammaln(rest + 1) - gammaln(n + 1) + gammaln(n - m + 1)
    none = np.where(possible, np.where(r > 0, log_none, 0), -np.inf)
    return np.where(blocks.relevant > 0, 1 - np.exp(row_sums(none)), np.nan)
