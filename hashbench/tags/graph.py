"""Tag correlation graph: tags borrow meaning from tags close to them.

T = tags, D = dimensions.
"""

from __future__ import annotations

import numpy as np
from sklearn.preprocessing import normalize

_ROWS = 1024


def enhance(vectors: np.ndarray, threshold: float) -> np.ndarray:
    """Replace each tag's embedding by the mean over its neighbours and itself (WSDHQ, tag graph).

    Tags are neighbours where the cosine similarity of their embeddings is at least `threshold`.

    Args:
        vectors: float32 (T, D); not changed.
        threshold: The paper's tau, in (0, 1]; above the largest similarity nothing changes.

    Returns:
        float32 (T, D).

    >>> vectors = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]], dtype=np.float32)
    >>> print(enhance(vectors, 0.7).round(2))
    [[0.9 0.3]
     [0.9 0.3]
     [0.  1. ]]
    """
    unit = normalize(vectors)
    enhanced = np.empty_like(vectors)
    for start in range(0, len(vectors), _ROWS):
        part = slice(start, start + _ROWS)
        near = unit[part] @ unit.T >= threshold
        # A tag is its own neighbour, also where rounding puts its similarity just below one.
        near[np.arange(len(near)), np.arange(len(near)) + start] = True
        enhanced[part] = near.astype(np.float32) @ vectors / near.sum(axis=1, keepdims=True)
    return enhanced
