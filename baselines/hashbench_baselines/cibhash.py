"""CIBHash: contrastive hashing with an information bottleneck (Qiu, Su, Ou, Yu, Chen, IJCAI 2021).

B = batch, F = feature dimensions, b = bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

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

# Keeps logarithms finite, as in the authors' code.
_TINY = 1e-8


class CIBHashConfig(DeepConfig):
    """Settings of CIBHash.

    Attributes:
        temperature: What cosines are divided by (the authors' value).
        weight: Weight of the information bottleneck (the authors' value).
    """

    iterations: int = Field(default=400, ge=1)
    batch_size: int = Field(default=64, ge=2)
    dropout: float = Field(default=0.9, ge=0, lt=1)
    temperature: float = Field(default=0.3, ge=0.02)
    weight: float = Field(default=0.001, ge=0)


SMALL = Preset("for a few thousand images and frozen features: views differ by dropout")
PAPER = Preset(
    "the authors' code on CIFAR-10: views differ by what is done to the pixels",
    config={
        "augment": "views",
        "iterations": 4_680,
        "learning_rate": 1e-3,
        "hidden": 1024,
        "dropout": 0.0,
    },
    backbone="vgg16",
)


class CIBHash(DeepHash):
    """Bits by which the other view of an image is told from all other images, and little more."""

    PLUGIN_NAME = "cibhash"
    DESCRIPTION = "network of bits that tell views of an image from others (Qiu et al., 2021)"
    SUPERVISION = Supervision.NONE
    Config = CIBHashConfig
    PRESETS = {"small": SMALL, "paper": PAPER}  # noqa: RUF012 - a ClassVar of Method
    VIEWS: ClassVar[int] = 2

    def objective(self, view: TrainView[TagTable]) -> Objective:
        """The contrastive loss of the codes, plus `weight` times the bottleneck."""
        from hashbench.training.layers import straight_through  # noqa: PLC0415
        from hashbench_baselines.shared.similarity import contrastive_loss  # noqa: PLC0415

        def loss(batch: Batch) -> torch.Tensor:
            first, second = (outputs.sigmoid() for outputs in batch.outputs)
            one, other = (straight_through(chances - 0.5) for chances in (first, second))
            told = contrastive_loss(one, other, self.config.temperature)
            bottleneck = (divergence(first, second) + divergence(second, first)) / 2
            return told + self.config.weight * bottleneck

        return Objective(loss)


def divergence(chances: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Kullback-Leibler divergence of Bernoulli codes, summed over bits, meaned over images.

    It bounds what the codes of a view hold beyond the other view's.

    Args:
        chances: Each bit's chance of being 1, float (B, b).
        other: The same under the other view, which gets no gradient.
    """
    fixed = other.detach()
    ones = chances * ((chances + _TINY).log() - (fixed + _TINY).log())
    zeros = (1 - chances) * ((1 - chances + _TINY).log() - (1 - fixed + _TINY).log())
    return (ones + zeros).sum(dim=1).mean()
