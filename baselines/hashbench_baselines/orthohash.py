"""Ceiling: OrthoHash (Hoe, Ng, Zhang, Chan, Song, Xiang, NeurIPS 2021).

B = batch, C = labels, b = bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field
from scipy.linalg import hadamard

from hashbench.data.supervision import Supervision
from hashbench.data.views import TrainView
from hashbench.tags.table import TagTable
from hashbench.training.config import DeepConfig
from hashbench.training.deep import DeepHash
from hashbench.training.objective import Objective
from hashbench.training.seeding import numpy_generator

if TYPE_CHECKING:
    import torch
    from torch import nn

    from hashbench.training.objective import Batch

_DRAWS = 1000


class OrthoHashConfig(DeepConfig):
    """Settings of OrthoHash.

    Attributes:
        scale: Of the cosines, before the softmax (the authors' value).
        margin: By how much a label's own cosine has to be higher (the authors' value).
    """

    scale: float = Field(default=8.0, gt=0)
    margin: float = Field(default=0.2, ge=0, le=2)
    hidden: int = Field(default=512, ge=0)


class OrthoHash(DeepHash):
    """Each label has a code that never changes; images are turned towards those of their labels."""

    PLUGIN_NAME = "orthohash"
    DESCRIPTION = "ceiling: cosines to fixed orthogonal codes of labels (Hoe et al., 2021)"
    SUPERVISION = Supervision.LABELS
    Config = OrthoHashConfig

    def build(self, width: int) -> nn.Module:
        """The usual layers, then batch normalisation, which balances the bits."""
        from torch import nn  # noqa: PLC0415

        return nn.Sequential(super().build(width), nn.BatchNorm1d(self.context.bits))

    def objective(self, view: TrainView[TagTable]) -> Objective:
        """The paper's only loss, with codes of the labels that follow the seed."""
        labels = view.labels.astype(np.float32)
        generator = numpy_generator(self.context.seed, "orthohash")
        codes = self.tensor(target_codes(labels.shape[1], self.context.bits, generator))

        def loss(batch: Batch) -> torch.Tensor:
            own = batch.targets["labels"]
            return margin_loss(batch.output, codes, own, self.config.scale, self.config.margin)

        return Objective(loss, targets={"labels": labels})


def target_codes(labels: int, bits: int, generator: np.random.Generator) -> np.ndarray:
    """A code for each label, far from those of the others.

    Rows of a Hadamard matrix where there are enough, which are orthogonal; their columns change sign at
    random, for one row would be all ones. Else each code in turn is the one, of a thousand random ones,
    that is farthest from the nearest before it.

    Args:
        labels: C.
        bits: b.
        generator: Where randomness comes from.

    Returns:
        float32 (C, b) of minus and plus one.
    """
    if labels <= bits and bits & (bits - 1) == 0:
        rows = generator.permutation(bits)[:labels]
        orthogonal: np.ndarray = hadamard(bits, dtype=np.float32)[rows]
        return orthogonal * generator.choice(np.array([-1, 1], dtype=np.float32), size=bits)
    chosen = np.zeros((0, bits), dtype=np.float32)
    for _ in range(labels):
        drawn = generator.choice(np.array([-1, 1], dtype=np.float32), size=(_DRAWS, bits))
        nearest = (drawn @ chosen.T).max(axis=1, initial=-bits)
        chosen = np.vstack([chosen, drawn[nearest.argmin()]])
    return chosen


def margin_loss(
    outputs: torch.Tensor, targets: torch.Tensor, labels: torch.Tensor, scale: float, margin: float
) -> torch.Tensor:
    """Cross-entropy of scaled cosines, own labels' lowered by the margin (paper, equation 7).

    An image of several labels shares its weight out among them alike; one without any has none.

    Args:
        outputs: Of the network, (B, b).
        targets: Codes of the labels, (C, b).
        labels: Which ones images have, zeros and ones, (B, C).
        scale: s.
        margin: m.

    Returns:
        A scalar, the mean over images.
    """
    from torch.nn.functional import normalize  # noqa: PLC0415

    cosines = normalize(outputs) @ normalize(targets).T
    logits = (scale * (cosines - margin * labels)).log_softmax(dim=1)
    shares = labels / labels.sum(dim=1, keepdim=True).clamp(min=1)
    return -(shares * logits).sum(dim=1).mean()
