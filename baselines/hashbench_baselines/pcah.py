"""PCA hashing: signs of the leading principal components (Wang, Kumar, Chang, CVPR 2010)."""

from __future__ import annotations

import numpy as np

from hashbench.data.views import TrainView
from hashbench.tags.table import TagTable
from hashbench_baselines.shared.linear import LinearHash
from hashbench_baselines.shared.pca import principal_directions


class PCAH(LinearHash):
    """One bit for each principal direction, whatever its variance. Has no randomness."""

    PLUGIN_NAME = "pcah"
    DESCRIPTION = "signs of principal components (Wang et al., 2010)"
    RANDOM = False

    def choose_projection(self, centred: np.ndarray, view: TrainView[TagTable]) -> np.ndarray:
        """The leading principal directions."""
        return principal_directions(centred, self.context.bits)
