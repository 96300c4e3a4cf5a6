"""GreedyHash, the unsupervised variant (Su, Zhang, Han, Tian, NeurIPS 2018).

B = batch, F = feature dimensions, b = bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from hashbench.data.supervision import Supervision
from hashbench.data.views import TrainView
from hashbench.methods.config import Preset
from hashbench.tags.table import TagTable
from hashbench.training.config import DeepConfig
from hashbench.training.deep import DeepHash
from hashbench.training.objective import Objective

if TYPE_CHECKING:
    import torch

    from hashbench.training.objective import Batch


class GreedyHashConfig(DeepConfig):
    """Settings of GreedyHash.

    Attributes:
        alpha: Weight of the penalty on outputs that are far from -1 and +1 (the authors' value).
    """

    iterations: int = Field(default=300, ge=1)
    learning_rate: float = Field(default=3e-4, gt=0)
    alpha: float = Field(default=0.1, ge=0)


SMALL = Preset("for a few thousand images and frozen features")
PAPER = Preset(
    "the authors' code on CIFAR-10, with Adam for gradient descent with momentum",
    config={
        "iterations": 93_720,
        "batch_size": 32,
        "learning_rate": 1e-4,
        "weight_decay": 5e-4,
    },
    backbone="vgg16",
)


class GreedyHash(DeepHash):
    """Signs that pass gradients on unchanged, trained to keep the cosines of the features."""

    PLUGIN_NAME = "greedyhash"
    DESCRIPTION = "network of signs with the identity's gradient, keeping cosines (Su et al., 2018)"
    SUPERVISION = Supervision.NONE
    Config = GreedyHashConfig
    PRESETS = {"small": SMALL, "paper": PAPER}  # noqa: RUF012 - a ClassVar of Method

    def objective(self, view: TrainView[TagTable]) -> Objective:
        """Error of the codes' cosines, plus alpha times the penalty."""
        from hashbench.training.layers import straight_through  # noqa: PLC0415
        from hashbench_baselines.shared.similarity import similarity_error  # noqa: PLC0415

        def loss(batch: Batch) -> torch.Tensor:
            error = similarity_error(batch.features, straight_through(batch.output))
            return error + self.config.alpha * sign_penalty(batch.output)

        return Objective(loss)


def sign_penalty(outputs: torch.Tensor) -> torch.Tensor:
    """Mean of ||h| - 1|^3 over outputs h of any shape: how much their signs change them."""
    return (outputs.abs() - 1).abs().pow(3).mean()
