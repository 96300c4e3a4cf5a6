"""Spectral hashing (Weiss, Torralba, Fergus, NIPS 2008).

N = images, F = feature dimensions, b = bits, d = principal components.
"""

from __future__ import annotations

import numpy as np

from hashbench_baselines.shared.blocks import blocks
from hashbench_baselines.shared.pca import principal_directions
from hashbench_baselines.shared.periodic import PeriodicHash, Waves


class SpectralHashing(PeriodicHash):
    """PCA, then the smoothest waves along principal components, as if data filled a box evenly."""

    PLUGIN_NAME = "sh"
    DESCRIPTION = "signs of the smoothest waves along principal components (Weiss et al., 2008)"
    RANDOM = False

    def choose_waves(self, centred: np.ndarray) -> Waves:
        """The b eigenfunctions of least eigenvalue; each is a wave along one principal component."""
        bits = self.context.bits
        directions = principal_directions(centred, min(bits, centred.shape[1]))
        low, high = extent(centred, directions)
        components, modes = smoothest(high - low, bits)
        rates = np.pi * modes / _positive(high - low)[components]
        return Waves(directions[:, components] * rates, -rates * low[components], np.zeros(bits))


def extent(centred: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest projection of images (N, F) on directions (F, d): two arrays (d,)."""
    ends = [
        (part.min(axis=0), part.max(axis=0)) for part in (rows @ directions for rows in blocks(centred))
    ]
    low, high = zip(*ends, strict=True)
    return np.min(low, axis=0), np.max(high, axis=0)


def smoothest(ranges: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` eigenfunctions of least eigenvalue on a box (the paper's analytical ones).

    On an interval from a to a + r they are cos(k pi (x - a) / r) for k = 1, 2 and so on, and the
    eigenvalue rises with k / r. Products of waves along several sides are left out, as in the paper:
    their bits follow from those of the factors. So is the constant, k = 0.

    Args:
        ranges: r, the box's sides, (d,).
        count: b.

    Returns:
        The side and k of each, int64 (b,), smoothest first; of equal ones the earlier side comes first.

    >>> sides, modes = smoothest(np.array([4.0, 1.9]), 4)
    >>> sides.tolist(), modes.tolist()
    ([0, 0, 1, 0], [1, 2, 1, 3])
    """
    modes = np.arange(1, count + 1)
    rates = modes / _positive(ranges)[:, None]
    order = np.argsort(rates, axis=None, kind="stable")[:count]
    sides, places = np.unravel_index(order, rates.shape)
    return sides, modes[places]


def _positive(ranges: np.ndarray) -> np.ndarray:
    """Ranges, none of them zero: along a side without extent every wave is constant."""
    return np.maximum(ranges, 1e-6 * ranges.max() or 1.0)
