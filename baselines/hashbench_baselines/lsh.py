"""Locality-sensitive hashing: signs of random projections (Charikar, STOC 2002)."""

from __future__ import annotations

import numpy as np

from hashbench.data.views import TrainView
from hashbench.tags.table import TagTable
from hashbench.training.seeding import numpy_generator
from hashbench_baselines.shared.linear import LinearHash


class LSH(LinearHash):
    """Gaussian hyperplanes through the mean. Learns nothing but the mean."""

    PLUGIN_NAME = "lsh"
    DESCRIPTION = "signs of random projections (Charikar, 2002)"

    def choose_projection(self, centred: np.ndarray, view: TrainView[TagTable]) -> np.ndarray:
        """Independent Gaussian directions, whatever the data."""
        generator = numpy_generator(self.context.seed, "lsh")
        return generator.standard_normal((centred.shape[1], self.context.bits))

    @property
    def trained_parameters(self) -> int:
        """The mean: directions are drawn, not learnt."""
        return self.mean.size
