"""Ceiling: CCA of features and labels, then ITQ (Gong, Lazebnik, Gordo, Perronnin, TPAMI 2013).

F = feature dimensions, d = directions.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from hashbench.data.supervision import Supervision
from hashbench.data.views import TrainView
from hashbench.tags.table import TagTable
from hashbench_baselines.shared.cca import CCAConfig, weighted_directions
from hashbench_baselines.shared.moments import Moments
from hashbench_baselines.shared.target_itq import TargetITQ


class CCAITQLabelsConfig(CCAConfig):
    """Settings of CCA-ITQ on labels: rare ones are to be trusted more than rare tags."""

    target_ridge: float = Field(default=0.1, gt=0)


class CCAITQLabels(TargetITQ):
    """Directions that correlate with the ground truth."""

    PLUGIN_NAME = "cca-itq-labels"
    DESCRIPTION = "ceiling: CCA with clean labels, then ITQ (Gong et al., 2013)"
    SUPERVISION = Supervision.LABELS
    Config = CCAITQLabelsConfig

    def choose_directions(self, view: TrainView[TagTable]) -> np.ndarray:
        """Weighted canonical directions, (F, d)."""
        return weighted_directions(Moments.of(view.images.features, view.labels), self.config)
