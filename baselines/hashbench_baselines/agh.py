"""Anchor graph hashing (Liu, Wang, Kumar, Chang, ICML 2011).

N = images, F = feature dimensions, b = bits, m = anchors, r = eigenfunctions, b / layers of them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field
from scipy.linalg import eigh
from scipy.sparse import csr_array

from hashbench.codes.binary import BinaryCodes
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import ConfigError
from hashbench.methods.config import MethodConfig
from hashbench.methods.method import Method
from hashbench.tags.table import TagTable
from hashbench_baselines.shared.anchors import anchor_affinities, choose_anchors, kernel_width
from hashbench_baselines.shared.pca import turned_positive

# An eigenvalue above counts as 1 (as in the authors' code).
_CONSTANT = 1 - 1e-3


class AGHConfig(MethodConfig):
    """Settings of AGH.

    Attributes:
        anchors: m, k-means centres that the graph goes through (the paper's value).
        neighbours: s, how many anchors an image is joined to.
        layers: Bits that an eigenfunction gives: 1, its sign, or 2, its sign and whether it is beyond
            the threshold of that side.
    """

    anchors: int = Field(default=300, ge=2)
    neighbours: int = Field(default=3, ge=1)
    layers: int = Field(default=2, ge=1, le=2)


class AGH(Method):
    """Signs of the smoothest functions on a graph that joins images through anchors."""

    PLUGIN_NAME = "agh"
    DESCRIPTION = "signs of an anchor graph's eigenfunctions (Liu et al., 2011)"
    SUPERVISION = Supervision.NONE
    Config = AGHConfig
    anchors: np.ndarray
    width: float
    weights: np.ndarray
    thresholds: np.ndarray = np.zeros((2, 0))

    def prepare(self) -> None:
        """Import FAISS, which finds the anchors."""
        import faiss  # noqa: F401, PLC0415

    def fit(self, view: TrainView[TagTable]) -> None:
        """Anchors, the graph, its eigenfunctions and, with two layers, their thresholds."""
        features, config = view.images.features, self.config
        self.anchors = choose_anchors(features, config.anchors, self.context.seed)
        self.width = kernel_width(features, self.anchors, config.neighbours)
        affinities = anchor_affinities(features, self.anchors, config.neighbours, self.width)
        self.weights = eigenfunctions(affinities, self.context.bits // config.layers)
        if config.layers == 2:
            self.thresholds = second_thresholds(affinities, affinities @ self.weights)

    def embed(self, images: ImageView) -> np.ndarray:
        """Eigenfunctions, then how far they are beyond their thresholds, float32 (N, b)."""
        affinities = anchor_affinities(images.features, self.anchors, self.config.neighbours, self.width)
        values = affinities @ self.weights
        if self.config.layers == 1:
            return values.astype(np.float32)
        beyond = np.abs(values) - np.where(values > 0, *self.thresholds)
        return np.hstack([values, beyond]).astype(np.float32)

    def quantize(self, embeddings: np.ndarray) -> BinaryCodes:
        """Their signs."""
        return BinaryCodes.from_signs(embeddings)

    def state(self) -> dict[str, np.ndarray]:
        """Anchors (m, F), kernel width (), weights (m, r) and thresholds (2, r); one layer has none."""
        return {
            "anchors": self.anchors,
            "width": np.array(self.width),
            "weights": self.weights,
            "thresholds": self.thresholds,
        }

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take them back."""
        self.anchors, self.width = state["anchors"], float(state["width"])
        self.weights, self.thresholds = state["weights"], state["thresholds"]


def eigenfunctions(affinities: csr_array, count: int) -> np.ndarray:
    """Weights W by which Z W holds the eigenvectors of the graph Z L^-1 Z' with L = diag(1'Z).

    They come from the small matrix M = L^-1/2 Z'Z L^-1/2 (paper, section 3.2): W = L^-1/2 V for its
    eigenvectors V of largest eigenvalue. Those of eigenvalue 1 are left out: their functions are
    constant on each connected part of the graph. An image that was not seen has its own row of Z
    (section 3.3). The factors sqrt(N) and S^-1/2 of the paper change no bit, and are left out.

    Args:
        affinities: Z, sparse (N, m), rows of sum 1.
        count: r.

    Returns:
        float64 (m, r), the smoothest function first.

    Raises:
        ConfigError: There are fewer such functions; there are at most m - 1.
    """
    load = affinities.sum(axis=0)
    scale = np.where(load > 0, 1 / np.sqrt(np.where(load > 0, load, 1)), 0)
    small = (affinities.T @ affinities).toarray() * np.outer(scale, scale)
    eigenvalues, vectors = eigh(small)
    connected = vectors[:, eigenvalues < _CONSTANT]
    if count > connected.shape[1]:
        raise ConfigError(
            f"agh needs {count} eigenfunctions; the graph of {len(load)} anchors has {connected.shape[1]}. "
            "Expected more anchors (and images), or more neighbours."
        )
    return scale[:, None] * turned_positive(connected[:, : -count - 1 : -1])


def second_thresholds(affinities: csr_array, values: np.ndarray) -> np.ndarray:
    """Where to split each side of each eigenfunction y once more (paper, section 3.4).

    The second bit is the sign of g, which is |y| - c1 where y is positive and |y| - c2 where not.
    c1 and c2 make g as smooth as can be on the graph, with mean zero: they minimise g'(I - A)g under
    1'g = 0, where A = Z L^-1 Z'. As A 1 = 1, the first fixes the difference of c1 and c2, the second
    their level:

        c1 - c2 = e'(I - A)|y| / e'(I - A)e,    N1 c1 + N2 c2 = 1'|y|

    for e, which is 1 on the positive side and 0 elsewhere. The paper's b+ and b- are c1 and -c2.

    Args:
        affinities: Z, sparse (N, m), rows of sum 1.
        values: y as columns, (N, r).

    Returns:
        float64 (2, r): c1 and c2.
    """
    load = affinities.sum(axis=0)[:, None]
    side = (values > 0).astype(np.float64)
    size = np.abs(values)
    joined = affinities.T @ side / np.where(load > 0, load, 1)
    # e'(I - A) u for a vector u, where e'A is Z(L^-1 Z'e) by symmetry
    rough = side - affinities @ joined
    stiffness = (rough * side).sum(axis=0)
    counts = np.maximum(side.sum(axis=0), 1), np.maximum((1 - side).sum(axis=0), 1)
    means = (side * size).sum(axis=0) / counts[0], ((1 - side) * size).sum(axis=0) / counts[1]
    # Where no edge leaves a side, all differences are as smooth: each side gets its own mean.
    free = stiffness <= 1e-9 * len(values)
    difference = np.where(
        free, means[0] - means[1], (rough * size).sum(axis=0) / np.where(free, 1, stiffness)
    )
    lower = (size.sum(axis=0) - side.sum(axis=0) * difference) / len(values)
    return np.stack([lower + difference, lower])
