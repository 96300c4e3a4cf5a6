"""Recall of true neighbours: how many of the nearest embeddings a search over codes finds.

Q = queries.
"""

from __future__ import annotations

import numpy as np

from hashbench.errors import DataError


def neighbour_recall(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Share of each query's true nearest neighbours that are among the items found.

    With k found and one true neighbour this is the recall@k of the nearest neighbour search
    literature ("1-recall@k"; Jegou et al., 2011), with k of both it is "k-recall@k".

    Args:
        found: Positions of the items found (Q, k), without repetition.
        true: Positions of the true nearest neighbours (Q, n), n at least 1.

    Returns:
        float64 (Q,).

    Raises:
        DataError: The numbers of queries differ, or there is no true neighbour.

    >>> import numpy as np
    >>> neighbour_recall(np.array([[4, 7, 1]]), np.array([[1, 2]])).tolist()
    [0.5]
    """
    if len(found) != len(true) or not true.shape[1]:
        raise DataError(
            f"{len(found)} queries found and {true.shape} true neighbours. Expected as many queries "
            "and at least one neighbour each."
        )
    pairs = zip(found, true, strict=True)
    return np.array([np.isin(wanted, got).mean() for got, wanted in pairs], dtype=np.float64)
