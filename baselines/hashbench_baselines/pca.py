"""Principal directions of centred features.

N = images, F = feature dimensions, b = bits.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from hashbench.errors import ConfigError
from hashbench_baselines.blocks import blocks


def principal_directions(centred: np.ndarray, count: int) -> np.ndarray:
    """The `count` directions of largest variance, largest first.

    Exact, from the covariance's eigenvectors; each is turned so that its largest entry is positive,
    which makes codes comparable across linear algebra libraries.

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
    covariance = np.zeros((width, width))
    for part in blocks(centred):
        exact = part.astype(np.float64)
        covariance += exact.T @ exact
    _, vectors = eigh(covariance, subset_by_index=(width - count, width - 1))
    leading = vectors[:, ::-1]
    largest = np.abs(leading).argmax(axis=0)
    turned: np.ndarray = leading * np.sign(leading[largest, np.arange(count)])
    return turned
