"""Product quantization (Jegou, Douze, Schmid, TPAMI 2011), trained by FAISS.

N = images, F = feature dimensions, M = codebooks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hashbench_baselines.shared.product import ProductQuantizer

if TYPE_CHECKING:
    from torch import nn


class PQ(ProductQuantizer):
    """Slices of the features as they come, squared Euclidean ADC."""

    PLUGIN_NAME = "pq"
    DESCRIPTION = "product quantization, ADC (Jegou et al., 2011)"

    def learn_projection(self, vectors: np.ndarray) -> None:
        """Nothing: features stay as they are."""

    def project(self, vectors: np.ndarray) -> np.ndarray:
        """Zero columns at the end, where M does not divide F."""
        return np.pad(vectors, ((0, 0), (0, -vectors.shape[1] % self.books)))

    def after_scaling(self) -> list[nn.Module]:
        """The zero columns."""
        from hashbench_baselines.shared.modules import FilledUp  # noqa: PLC0415 - torch loads slowly

        return [FilledUp(self.books * self.codebooks.shape[2])]
