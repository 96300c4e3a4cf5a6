"""WSIH: concepts learnt from web images, carried over to images that nobody labelled.

Cui, Zhu, Li, Zhang, Guan: Webly Supervised Image Hashing with Lightweight Semantic Transfer Network,
ACM MM 2022.

The contract alone: `model` imports torch, and is not needed to look a finished run up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from hashbench.codes.binary import BinaryCodes
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.methods.method import Method
from hashbench.tags.table import TagTable
from hashbench_wsih.config import PAPER_COCO, PAPER_NUS21, SMALL, WSIHConfig

if TYPE_CHECKING:
    from hashbench_wsih.model import Model


class WSIH(Method):
    """Small layers on frozen features: prototypes from web images, then a siamese transfer."""

    PLUGIN_NAME = "wsih"
    DESCRIPTION = "webly supervised image hashing (Cui et al., MM 2022)"
    SUPERVISION = Supervision.WEB
    Config = WSIHConfig
    PRESETS = {"small": SMALL, "paper-coco": PAPER_COCO, "paper-nus21": PAPER_NUS21}  # noqa: RUF012 - a ClassVar
    model: Model

    def prepare(self) -> None:
        """Import torch and what is built on it."""
        import hashbench_wsih.model  # noqa: F401, PLC0415

    def fit(self, view: TrainView[TagTable]) -> None:
        """Learn concept prototypes from the web set, then transfer to the training images."""
        from hashbench_wsih.model import Model  # noqa: PLC0415

        self.model = Model.fit(view, self.config, self.context)

    def embed(self, images: ImageView) -> np.ndarray:
        """Outputs of the hash layer in (-1, 1), float32 (N, bits)."""
        return self.model.embed(images)

    def quantize(self, embeddings: np.ndarray) -> BinaryCodes:
        """Their signs."""
        return BinaryCodes.from_signs(embeddings)

    def state(self) -> dict[str, np.ndarray]:
        """The encoder's weights and the prototypes."""
        return self.model.state()

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Rebuild the encoder and take everything back."""
        from hashbench_wsih.model import Model  # noqa: PLC0415

        self.model = Model.from_state(state, self.config, self.context)

    @property
    def trained_parameters(self) -> int:
        """Weights of both stages; the state has fewer, and statistics that are measured, not trained."""
        return self.model.trained_parameters()
