"""Principal directions of centred features.

N = images, F = feature dimensions, b = bits.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from hashbench.errors import ConfigError
from hashbench_baselines.shared.blocks import product


def principal_directions(centred: np.ndarray, count: int) -> np.ndarray:
    """The `count` directions of largest variance, largest first.

    Exact, from the covariance's eigenvectors, each in the sense of `turned_positive`.

    Args:
        centred: float32 (N, F) features of mean zero.
        count: b, at most F.

    Returns:
        float64 (F, b), orthonormal columns.

    Raises:
        ConfigError: There are fewer than b dimensions.
    """
    width = centred.shape[1]
    if count > width:
        raise ConfigError(f"{count} bits need as many principal components; features have {width}.")
    _, vectors = eigh(product(centred, centred), subset_by_index=(width - count, width - 1))
    return turned_positive(vectors[:, ::-1])


def turned_positive(directions: np.ndarray) -> np.ndarray:
    """The same directions (F, b), each in the sense in which its largest entry is positive.

    Eigenvectors come in either sense. With this one codes do not depend on which a library of linear
    algebra, or its number of threads, happens to give.
    """
    if not directions.size:
        return directions
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=0)[None, :], axis=0)
    return np.where(largest < 0, -directions, directions)
