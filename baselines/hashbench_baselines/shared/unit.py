"""Vectors of unit length, among which the Euclidean order is the cosine's.

N = vectors, F = dimensions.
"""

from __future__ import annotations

import numpy as np

from hashbench_baselines.shared.blocks import by_blocks


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """Vectors scaled to length one, float32 (N, F); zero vectors stay zero.

    >>> unit_length(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32)).round(3).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    smallest = np.finfo(np.float32).tiny
    return by_blocks(
        vectors, lambda part: part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), smallest)
    )
