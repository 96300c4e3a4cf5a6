"""What the hash functions of waves share: bits are the signs of cosines of an affine projection.

N = images, F = feature dimensions, b = bits.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hashbench.codes.binary import BinaryCodes
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.methods.method import Method
from hashbench.tags.table import TagTable
from hashbench_baselines.shared.blocks import by_blocks

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Waves:
    """b plane waves cos(w'x + p) and what each is compared with.

    Attributes:
        frequencies: w as columns, (F, b), in radians per unit of the features.
        phases: p, (b,), in radians.
        offsets: What is added to each cosine before its sign is taken, (b,).
    """

    frequencies: np.ndarray
    phases: np.ndarray
    offsets: np.ndarray


class PeriodicHash(Method):
    """Subclasses say which waves."""

    SUPERVISION = Supervision.NONE
    mean: np.ndarray
    waves: Waves

    @abstractmethod
    def choose_waves(self, centred: np.ndarray) -> Waves:
        """One wave a bit, for centred training features, float32 (N, F)."""

    def fit(self, view: TrainView[TagTable]) -> None:
        """Centre, then choose the waves."""
        features = view.images.features
        self.mean = features.mean(axis=0)
        chosen = self.choose_waves(features - self.mean)
        self.waves = Waves(*(part.astype(np.float32) for part in vars(chosen).values()))

    def embed(self, images: ImageView) -> np.ndarray:
        """Cosines and offsets, float32 (N, b)."""
        waves = self.waves
        return by_blocks(
            images.features,
            lambda part: np.cos((part - self.mean) @ waves.frequencies + waves.phases) + waves.offsets,
        )

    def module(self) -> nn.Module:
        """The waves."""
        from hashbench_baselines.shared.modules import Periodic  # noqa: PLC0415 - torch loads slowly

        waves = self.waves
        return Periodic(self.mean, waves.frequencies, waves.phases, waves.offsets)

    def quantize(self, embeddings: np.ndarray) -> BinaryCodes:
        """Their signs."""
        return BinaryCodes.from_signs(embeddings)

    def state(self) -> dict[str, np.ndarray]:
        """Mean (F,), and frequencies (F, b), phases (b,) and offsets (b,) of the waves."""
        return {"mean": self.mean, **vars(self.waves)}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take them back."""
        self.mean = state["mean"]
        self.waves = Waves(state["frequencies"], state["phases"], state["offsets"])
