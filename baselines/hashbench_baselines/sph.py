"""Spherical hashing (Heo, Lee, He, Chang, Yoon, CVPR 2012).

N = images, F = feature dimensions, b = bits, which are spheres; d = dimensions that pivots span.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field

from hashbench.codes.binary import BinaryCodes
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.methods.config import MethodConfig
from hashbench.methods.method import Method
from hashbench.tags.table import TagTable
from hashbench.training.seeding import numpy_generator
from hashbench_baselines.shared.anchors import squared_distances
from hashbench_baselines.shared.blocks import by_blocks


class SphericalHashingConfig(MethodConfig):
    """Settings of spherical hashing.

    Attributes:
        start_images: A pivot starts as the mean of so many random images (the authors' code).
        mean_tolerance: Balanced spheres share a quarter of the images with a mean deviation of at most
            this fraction of the quarter (the paper's value).
        spread_tolerance: The same of the standard deviation (the paper's value).
        iterations: At most so many moves of the pivots.
    """

    start_images: int = Field(default=5, ge=1)
    mean_tolerance: float = Field(default=0.1, ge=0)
    spread_tolerance: float = Field(default=0.15, ge=0)
    iterations: int = Field(default=100, ge=0)


class SphericalHashing(Method):
    """A bit says whether an image is inside of a sphere; spheres hold half of the images each."""

    PLUGIN_NAME = "sph"
    DESCRIPTION = "inside or outside of balanced spheres (Heo et al., 2012)"
    SUPERVISION = Supervision.NONE
    Config = SphericalHashingConfig
    pivots: np.ndarray
    squared_radii: np.ndarray

    def fit(self, view: TrainView[TagTable]) -> None:
        """Move pivots until spheres overlap as independent halves would."""
        features, config = view.images.features, self.config
        generator = numpy_generator(self.context.seed, "sph")
        groups = generator.integers(len(features), size=(self.context.bits, config.start_images))
        start = np.array([features[rows].mean(axis=0) for rows in groups], dtype=np.float64)
        tolerances = (config.mean_tolerance, config.spread_tolerance)
        self.pivots = balance(features, start, tolerances, config.iterations).astype(np.float32)
        # Of the very distances that decide the bits, so that rounding shifts no sphere.
        self.squared_radii = np.median(squared_distances(features, self.pivots), axis=0)

    def embed(self, images: ImageView) -> np.ndarray:
        """How far inside of each sphere, float32 (N, b): squared radius less squared distance."""
        return self.squared_radii - squared_distances(images.features, self.pivots)

    def quantize(self, embeddings: np.ndarray) -> BinaryCodes:
        """Inside or not."""
        return BinaryCodes.from_signs(embeddings)

    def state(self) -> dict[str, np.ndarray]:
        """Pivots (b, F) and squared radii (b,)."""
        return {"pivots": self.pivots, "squared_radii": self.squared_radii}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take both back."""
        self.pivots, self.squared_radii = state["pivots"], state["squared_radii"]


def balance(
    features: np.ndarray, start: np.ndarray, tolerances: tuple[float, float], iterations: int
) -> np.ndarray:
    """Move pivots apart where spheres overlap too much, together where too little (paper, algorithm 1).

    Pivots only move along their differences, so they stay in the span of the first ones. All
    distances are therefore computed in its d <= b coordinates, plus what is orthogonal to it; that is
    exact, and an iteration costs N b d and not N b F.

    Args:
        features: float32 (N, F).
        start: Pivots, float64 (b, F).
        tolerances: When to stop: mean deviation and standard deviation of overlaps, as fractions of N / 4.
        iterations: At most so many moves.

    Returns:
        Pivots, float64 (b, F).
    """
    centre = start.mean(axis=0)
    basis, _ = np.linalg.qr((start - centre).T)
    coordinates = by_blocks(features, lambda part: (part - centre) @ basis)
    lengths = by_blocks(features, lambda part: np.square(part - centre).sum(axis=1))
    pivots = (start - centre) @ basis
    for _ in range(iterations):
        squared = lengths[:, None] - 2 * coordinates @ pivots.T + np.square(pivots).sum(axis=1)
        inside = (squared < np.median(squared, axis=0)).astype(np.float32)
        overlaps = (inside.T @ inside).astype(np.float64) / (len(features) / 4)
        if _balanced(overlaps, tolerances):
            break
        pivots = pivots + forces(pivots, overlaps)
    return pivots @ basis.T + centre


def forces(pivots: np.ndarray, overlaps: np.ndarray) -> np.ndarray:
    """The mean push of the other pivots on each.

    f_i = 1/b sum_j (o_ij / (N / 4) - 1) (p_i - p_j) / 2, where o_ij images are in both spheres.

    Args:
        pivots: (b, d).
        overlaps: o_ij / (N / 4), (b, b).

    Returns:
        (b, d).
    """
    excess = (overlaps - 1) / (2 * len(pivots))
    return excess.sum(axis=1, keepdims=True) * pivots - excess @ pivots


def _balanced(overlaps: np.ndarray, tolerances: tuple[float, float]) -> bool:
    pairs = overlaps[np.triu_indices(len(overlaps), 1)]
    mean, spread = tolerances
    return float(np.abs(pairs - 1).mean()) <= mean and float(pairs.std()) <= spread
