"""Iterative quantization (Gong and Lazebnik, CVPR 2011).

N = images, F = feature dimensions, b = bits.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from hashbench.data.views import TrainView
from hashbench.methods.config import MethodConfig
from hashbench.tags.table import TagTable
from hashbench_baselines.shared.blocks import by_blocks
from hashbench_baselines.shared.linear import LinearHash
from hashbench_baselines.shared.pca import principal_directions
from hashbench_baselines.shared.rotation import random_rotation


class ITQConfig(MethodConfig):
    """Settings of ITQ.

    Attributes:
        iterations: Alternations between codes and rotation (the paper's value).
    """

    iterations: int = Field(default=50, ge=0)


class ITQ(LinearHash):
    """PCA, then the rotation that brings the projections closest to their signs."""

    PLUGIN_NAME = "itq"
    DESCRIPTION = "PCA and the rotation of least sign error (Gong and Lazebnik, 2011)"
    Config = ITQConfig

    def choose_projection(self, centred: np.ndarray, view: TrainView[TagTable]) -> np.ndarray:
        """Principal directions, rotated."""
        bits = self.context.bits
        directions = principal_directions(centred, bits)
        start = random_rotation(bits, self.context.seed, "itq")
        projected = by_blocks(centred, lambda part: part @ directions)
        return directions @ rotate_to_signs(projected, start, self.config.iterations)


def rotate_to_signs(projected: np.ndarray, start: np.ndarray, iterations: int) -> np.ndarray:
    """Minimise |sign(V R) - V R|^2 over rotations R (paper, equation 2), codes and rotation in turn.

    For fixed codes B the best rotation is the orthogonal Procrustes solution, U W' with
    V'B = U S W'. The error never rises. FAISS's `ITQMatrix` is not used: as of 1.15.1 its error rises
    and falls with the number of iterations (see docs/decisions/0003-own-itq.md).

    Args:
        projected: V, float (N, b), of mean zero.
        start: The first rotation, (b, b).
        iterations: Alternations.

    Returns:
        float64 (b, b), orthogonal.
    """
    rotation = start
    for _ in range(iterations):
        signs = np.where(projected @ rotation > 0, 1.0, -1.0)
        left, _, right = np.linalg.svd(projected.T @ signs)
        rotation = left @ right
    return rotation
