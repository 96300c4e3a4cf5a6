"""WSDHQ: embeddings near the images' tags, quantized in the tags' metric, learnt together.

Wang, Chen, Zhang, Meng, Liang, Xia: Weakly Supervised Deep Hyperspherical Quantization for Image
Retrieval, AAAI 2021.

The contract alone: `model` imports torch, and is not needed to look a finished run up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.methods.method import Inputs, Method
from hashbench.tags.embeddings import embeddings_fingerprint
from hashbench.tags.table import TagTable
from hashbench_wsdhq.config import PAPER, SMALL, WSDHQConfig

if TYPE_CHECKING:
    from hashbench_wsdhq.model import Model


class WSDHQ(Method):
    """Tags' word vectors span a space; images are mapped into it and quantized there."""

    PLUGIN_NAME = "wsdhq"
    DESCRIPTION = "weakly supervised deep hyperspherical quantization (Wang et al., AAAI 2021)"
    SUPERVISION = Supervision.TAGS
    Config = WSDHQConfig
    PRESETS = {"small": SMALL, "paper": PAPER}  # noqa: RUF012 - a ClassVar of Method
    model: Model

    @property
    def inputs(self) -> Inputs:
        """Pixels where the backbone trains, else its frozen features."""
        return "pixels" if self.config.finetune == "all" else "features"

    def sources(self) -> dict[str, str]:
        """The word vectors' content."""
        return {"embeddings": embeddings_fingerprint(self.config.embeddings)}

    def prepare(self) -> None:
        """Import torch and what is built on it."""
        import hashbench_wsdhq.model  # noqa: F401, PLC0415

    def fit(self, view: TrainView[TagTable]) -> None:
        """Alternate gradient steps with updates of codes and codebooks (paper, optimisation)."""
        from hashbench_wsdhq.model import Model  # noqa: PLC0415

        self.model = Model.fit(view, self.config, self.context)

    def embed(self, images: ImageView) -> np.ndarray:
        """Embeddings in the tags' space, float32 (N, D)."""
        return self.model.embed(images)

    def quantize(self, embeddings: np.ndarray) -> AdditiveCodes:
        """Codes by ICM, compared by inner product (paper: AQD)."""
        return AdditiveCodes(self.model.encode(embeddings), self.model.words(), Similarity.INNER_PRODUCT)

    def state(self) -> dict[str, np.ndarray]:
        """The network's weights, the codebooks and the tags' metric."""
        return self.model.state()

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Rebuild the network and take everything back."""
        from hashbench_wsdhq.model import Model  # noqa: PLC0415

        self.model = Model.from_state(state, self.config, self.context)
