"""Control: CCA of features and tags, then ITQ (Gong, Lazebnik, Gordo, Perronnin, TPAMI 2013).

F = feature dimensions, d = directions.
"""

from __future__ import annotations

import numpy as np

from hashbench.data.supervision import Supervision
from hashbench.data.views import TrainView
from hashbench.tags.table import TagTable
from hashbench_baselines.shared.cca import CCAConfig, weighted_directions
from hashbench_baselines.shared.moments import Moments
from hashbench_baselines.shared.tag_targets import require_tags
from hashbench_baselines.shared.target_itq import TargetITQ


class CCAITQ(TargetITQ):
    """Directions that correlate with the bag of an image's tags, without any word vector."""

    PLUGIN_NAME = "cca-itq"
    DESCRIPTION = "control: CCA with the bag of tags, then ITQ (Gong et al., 2013)"
    SUPERVISION = Supervision.TAGS
    Config = CCAConfig

    def choose_directions(self, view: TrainView[TagTable]) -> np.ndarray:
        """Weighted canonical directions, (F, d).

        Raises:
            DataError: Fewer than two images have a tag.
        """
        require_tags(view.tags)
        return weighted_directions(Moments.of(view.images.features, view.tags.incidence), self.config)
