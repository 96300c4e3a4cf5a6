"""Control: ridge regression to tag embeddings, then ITQ (Gong and Lazebnik, CVPR 2011).

F = feature dimensions, d = directions, at most as many as word vectors have dimensions.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from hashbench.data.supervision import Supervision
from hashbench.data.views import TrainView
from hashbench.tags.embeddings import BUNDLED, embeddings_fingerprint
from hashbench.tags.table import TagTable
from hashbench_baselines.shared.moments import Moments
from hashbench_baselines.shared.ridge import leading_predictions, ridge_regression
from hashbench_baselines.shared.tag_targets import tag_means
from hashbench_baselines.shared.target_itq import TargetITQ, TargetITQConfig


class RidgeITQConfig(TargetITQConfig):
    """Settings of Ridge-ITQ.

    Attributes:
        embeddings: Word vectors of the tags: the bundled ones, or a word2vec or GloVe file.
        ridge: Of the regression, times the features' total variance.
        power: Principal coordinates of the predictions get their standard deviation to this power.
    """

    embeddings: str = BUNDLED
    ridge: float = Field(default=0.5, gt=0)
    power: float = Field(default=1.5, ge=0)


class RidgeITQ(TargetITQ):
    """Predicts the mean word vector of an image's tags, linearly, and keeps the signs."""

    PLUGIN_NAME = "ridge-itq"
    DESCRIPTION = "control: ridge regression to tag embeddings, then ITQ"
    SUPERVISION = Supervision.TAGS
    Config = RidgeITQConfig

    def sources(self) -> dict[str, str]:
        """The word vectors' content."""
        return {"embeddings": embeddings_fingerprint(self.config.embeddings)}

    def choose_directions(self, view: TrainView[TagTable]) -> np.ndarray:
        """Principal directions of the predicted tag embeddings, (F, d).

        Raises:
            DataError: Fewer than two images have a tag with a word vector.
        """
        means, tagged = tag_means(view.tags, self.config.embeddings)
        moments = Moments.of(view.images.features, means, tagged)
        weights = ridge_regression(moments, self.config.ridge)
        return leading_predictions(weights, moments.features, self.config.power)
