"""Binary codes from shift-invariant kernels (Raginsky, Lazebnik, NIPS 2009).

N = images, F = feature dimensions, b = bits.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from hashbench.methods.config import MethodConfig
from hashbench.training.seeding import numpy_generator
from hashbench_baselines.shared.anchors import squared_distances
from hashbench_baselines.shared.periodic import PeriodicHash, Waves

# So many images stand for all where the distance to neighbours is measured, and so many neighbours
# make a neighbourhood: 5 and 200 give the same mAP.
_SAMPLE = 200
_NEIGHBOURS = 50


class SKLSHConfig(MethodConfig):
    """Settings of SKLSH.

    Attributes:
        scale: The Gaussian kernel's bandwidth, in mean distances to the 50th nearest neighbour.
    """

    scale: float = Field(default=1.0, gt=0)


class SKLSH(PeriodicHash):
    """Signs of random Fourier features: the expected Hamming distance follows a Gaussian kernel."""

    PLUGIN_NAME = "sklsh"
    DESCRIPTION = "signs of random Fourier features of a Gaussian kernel (Raginsky and Lazebnik, 2009)"
    Config = SKLSHConfig

    def choose_waves(self, centred: np.ndarray) -> Waves:
        """Random ones, as wide as the neighbourhoods of the images."""
        generator = numpy_generator(self.context.seed, "sklsh")
        sample = generator.permutation(len(centred))[:_SAMPLE]
        bandwidth = self.config.scale * neighbour_distance(centred, sample, _NEIGHBOURS)
        return random_waves(centred.shape[1], self.context.bits, bandwidth, generator)

    @property
    def trained_parameters(self) -> int:
        """The mean and the bandwidth: waves are drawn, not learnt."""
        return self.mean.size + 1


def random_waves(width: int, bits: int, bandwidth: float, generator: np.random.Generator) -> Waves:
    """Waves for the kernel exp(-|x - y|^2 / (2 s^2)) (paper, section 2).

    Args:
        width: F.
        bits: b.
        bandwidth: s, a distance.
        generator: Draws w from N(0, I / s^2), phases from [0, 2 pi] and offsets from [-1, 1].
    """
    frequencies = generator.standard_normal((width, bits)) / bandwidth
    return Waves(frequencies, generator.uniform(0, 2 * np.pi, bits), generator.uniform(-1, 1, bits))


def neighbour_distance(features: np.ndarray, sample: np.ndarray, neighbours: int) -> float:
    """Mean distance of some images to their k-th nearest neighbour among all; 1 if that is 0.

    Args:
        features: float32 (N, F).
        sample: Numbers of the images that are measured.
        neighbours: k, not counting the image itself; cut to N - 1.
    """
    squared = squared_distances(features, features[sample])
    place = min(neighbours, len(features) - 1)
    nearest = np.partition(squared, place, axis=0)[place]
    return float(np.sqrt(nearest).mean()) or 1.0
