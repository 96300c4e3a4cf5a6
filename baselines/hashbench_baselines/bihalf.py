"""Bi-half Net: a bit tells most if half of the images have it (Li, van Gemert, AAAI 2021).

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


class BiHalfConfig(DeepConfig):
    """Settings of Bi-half Net.

    Attributes:
        gamma: How strongly outputs are drawn to the bits that they were given (the authors' value).
    """

    gamma: float = Field(default=6.0, ge=0)


SMALL = Preset("for a few thousand images and frozen features")
PAPER = Preset(
    "the authors' code on Flickr25K, with Adam for gradient descent with momentum",
    config={
        "iterations": 15_600,
        "batch_size": 32,
        "learning_rate": 1e-4,
        "decay": 0.1,
        "decay_every": 9_360,
        "weight_decay": 5e-4,
    },
    backbone="vgg16",
)


class BiHalf(DeepHash):
    """Bits that halve every batch of training, trained to keep the cosines of the features."""

    PLUGIN_NAME = "bihalf"
    DESCRIPTION = "network of bits that halve every batch, keeping cosines (Li and van Gemert, 2021)"
    SUPERVISION = Supervision.NONE
    Config = BiHalfConfig
    PRESETS = {"small": SMALL, "paper": PAPER}  # noqa: RUF012 - a ClassVar of Method

    def objective(self, view: TrainView[TagTable]) -> Objective:
        """Error of the codes' cosines, and what makes the layer's own gradient."""
        from hashbench_baselines.shared.similarity import similarity_error  # noqa: PLC0415

        def loss(batch: Batch) -> torch.Tensor:
            codes, pull = bi_half(batch.output)
            return similarity_error(batch.features, codes) + self.config.gamma * pull

        return Objective(loss)


def bi_half(outputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The bi-half layer: in every bit the upper half of a batch becomes +1, the rest -1.

    The layer's gradient is that of its codes plus gamma (H - B) / (B b) for outputs H and codes B. The
    second term is the gradient of gamma times a penalty, so that no gradient has to be written by hand.

    Args:
        outputs: H, float (B, b).

    Returns:
        Codes (B, b), through which gradients pass as if they were the outputs; and the penalty, half the
        mean squared difference of the two.
    """
    from hashbench.training.layers import straight_through  # noqa: PLC0415

    values = outputs.detach()
    upper = values.argsort(dim=0, descending=True)[: len(values) // 2]
    codes = values.new_full(values.shape, -1.0).scatter(0, upper, 1.0)
    return straight_through(outputs, codes), (outputs - codes).square().mean() / 2
