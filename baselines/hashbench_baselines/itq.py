"""Iterative quantization (Gong and Lazebnik, CVPR 2011), trained by FAISS."""

from __future__ import annotations

import faiss
import numpy as np

from hashbench.methods.config import MethodConfig
from hashbench.training.seeding import derive
from hashbench_baselines.linear import LinearHash
from hashbench_baselines.pca import principal_directions


class ITQConfig(MethodConfig):
    """Settings of ITQ.

    Attributes:
        iterations: Alternations between codes and rotation (the paper's value).
    """

    iterations: int = 50


class ITQ(LinearHash):
    """PCA, then the rotation that brings the projections closest to their signs."""

    PLUGIN_NAME = "itq"
    DESCRIPTION = "PCA and the rotation of least sign error (Gong and Lazebnik, 2011)"
    Config = ITQConfig

    def choose_projection(self, centred: np.ndarray) -> np.ndarray:
        """Principal directions, rotated."""
        bits = self.context.bits
        directions = principal_directions(centred, bits)
        rotation = faiss.ITQMatrix(bits)
        rotation.max_iter = self.config.iterations
        rotation.seed = derive(self.context.seed, "itq") % 2**31
        rotation.train(np.ascontiguousarray(centred @ directions, dtype=np.float32))
        matrix = faiss.vector_to_array(rotation.A).reshape(bits, bits)
        rotated: np.ndarray = directions @ matrix.T
        return rotated
