"""Scalar quantization: one byte a dimension, by FAISS.

N = images, F = feature dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hashbench.codes.additive import Similarity
from hashbench.codes.scalar import ScalarCodes
from hashbench.data.views import TrainView
from hashbench.tags.table import TagTable
from hashbench_baselines.shared.scaled import ScaledFeatures


class Int8(ScaledFeatures):
    """Each dimension is cut into 256 equal levels between its ends in training. Has no randomness."""

    PLUGIN_NAME = "int8"
    DESCRIPTION = "features rounded to one byte a dimension"
    RANDOM = False
    ends: np.ndarray

    def bits_for(self, width: int) -> int:
        """8 F."""
        return 8 * width

    def prepare(self) -> None:
        """Import FAISS."""
        import faiss  # noqa: F401, PLC0415

    def fit(self, view: TrainView[TagTable]) -> None:
        """Find each dimension's ends."""
        import faiss  # noqa: PLC0415

        vectors = self.embed(view.images)
        quantizer = faiss.ScalarQuantizer(vectors.shape[1], faiss.ScalarQuantizer.QT_8bit)
        quantizer.train(np.ascontiguousarray(vectors))
        # FAISS keeps all lowest ends, then all extents.
        self.ends = faiss.vector_to_array(quantizer.trained).reshape(2, -1)

    def quantize(self, embeddings: np.ndarray) -> ScalarCodes:
        """The level of each dimension; a value beyond the ends gets the end's."""
        import faiss  # noqa: PLC0415

        width = embeddings.shape[1]
        quantizer = faiss.ScalarQuantizer(width, faiss.ScalarQuantizer.QT_8bit)
        faiss.copy_array_to_vector(self.ends.ravel(), quantizer.trained)
        levels = quantizer.compute_codes(np.ascontiguousarray(embeddings))
        # FAISS reconstructs a level by its middle.
        step = self.ends[1] / np.float32(255)
        offset = self.ends[0] + step / 2
        return ScalarCodes(levels, offset, step, width, None, Similarity.SQUARED_L2)

    def state(self) -> dict[str, np.ndarray]:
        """Lowest ends and extents (2, F)."""
        return {"ends": self.ends}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take them back."""
        self.ends = state["ends"]
