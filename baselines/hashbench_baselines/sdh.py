"""Ceiling: supervised discrete hashing (Shen, Shen, Liu, Shen, CVPR 2015).

N = images, F = feature dimensions, m = anchors, C = labels, b = bits.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import Field
from scipy.linalg import cho_factor, cho_solve

from hashbench.codes.binary import BinaryCodes
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.methods.config import MethodConfig
from hashbench.methods.method import Method
from hashbench.tags.table import TagTable
from hashbench.training.seeding import numpy_generator
from hashbench_baselines.shared.anchors import choose_anchors, squared_distances
from hashbench_baselines.shared.blocks import by_blocks, product
from hashbench_baselines.shared.unit import unit_length


class SDHConfig(MethodConfig):
    """Settings of SDH.

    Attributes:
        anchors: m, of the kernel features (the paper's value).
        width: The Gaussian kernel's sigma, over the mean distance between images and anchors.
        iterations: Rounds over classifier, hash function and codes (the authors' value).
        sweeps: Sweeps over the bits in a round, at most.
        classifier_ridge: lambda, of the classifier (the paper's value).
        hash_ridge: Of the hash function (the authors' value).
        penalty: nu, how much codes have to be what the hash function gives (the paper's value).
    """

    anchors: int = Field(default=1000, ge=1)
    width: float = Field(default=0.7, gt=0)
    iterations: int = Field(default=5, ge=1)
    sweeps: int = Field(default=10, ge=1)
    classifier_ridge: float = Field(default=1.0, gt=0)
    hash_ridge: float = Field(default=1e-2, gt=0)
    penalty: float = Field(default=1e-5, ge=0)


class SDH(Method):
    """Codes from which a linear classifier tells the labels, and a kernel function that gives them."""

    PLUGIN_NAME = "sdh"
    DESCRIPTION = "ceiling: supervised discrete hashing (Shen et al., 2015)"
    SUPERVISION = Supervision.LABELS
    Config = SDHConfig
    anchors: np.ndarray
    width: float
    projection: np.ndarray

    def prepare(self) -> None:
        """Import FAISS, which finds the anchors."""
        import faiss  # noqa: F401, PLC0415

    def fit(self, view: TrainView[TagTable]) -> None:
        """Codes and hash function in turn (paper, algorithm 1)."""
        vectors = unit_length(view.images.features)
        self.anchors = choose_anchors(vectors, self.config.anchors, self.context.seed)
        self.width = self.config.width * _mean_distance(vectors, self.anchors)
        kernel = by_blocks(vectors, self._kernel)
        self.projection = learn_hash(
            kernel, view.labels.astype(np.float64), self._start(len(view)), self.config
        ).astype(np.float32)

    def embed(self, images: ImageView) -> np.ndarray:
        """Outputs of the hash function before their signs are taken, float32 (N, b)."""
        return by_blocks(images.features, lambda part: self._kernel(unit_length(part)) @ self.projection)

    def quantize(self, embeddings: np.ndarray) -> BinaryCodes:
        """Their signs."""
        return BinaryCodes.from_signs(embeddings)

    def state(self) -> dict[str, np.ndarray]:
        """Anchors (m, F), the kernel's width and the projection (m, b)."""
        return {"anchors": self.anchors, "width": np.array(self.width), "projection": self.projection}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take all back."""
        self.anchors, self.projection = state["anchors"], state["projection"]
        self.width = float(state["width"])

    def _kernel(self, vectors: np.ndarray) -> np.ndarray:
        """exp(-d^2 / (2 sigma^2)) for distances d to the anchors, float32 (N, m)."""
        return np.exp(squared_distances(vectors, self.anchors) / np.float32(-2 * self.width**2))

    def _start(self, images: int) -> np.ndarray:
        """Random codes, float64 (N, b) of minus and plus one."""
        generator = numpy_generator(self.context.seed, "sdh")
        return generator.choice([-1.0, 1.0], size=(images, self.context.bits))


def learn_hash(kernel: np.ndarray, labels: np.ndarray, codes: np.ndarray, config: SDHConfig) -> np.ndarray:
    """The projection P of the hash function sign(P' k), for codes that it and a classifier W agree on.

    |Y - B W|^2 + lambda |W|^2 + nu |B - K P|^2 (paper, equation 5) is minimised over W, codes B and P in
    turn; W and P by ridge regression.

    Args:
        kernel: K, kernel features, float32 (N, m).
        labels: Y, float64 (N, C), zeros and ones.
        codes: The first B, float64 (N, b) of minus and plus one.
        config: Penalties and how often.

    Returns:
        float64 (m, b).
    """
    factor = cho_factor(product(kernel, kernel) + config.hash_ridge * np.eye(kernel.shape[1]))
    projection = cho_solve(factor, product(kernel, codes))
    for _ in range(config.iterations):
        classifier = classify(codes, labels, config.classifier_ridge)
        hashed = kernel @ projection.astype(np.float32)
        codes = descend(codes, labels @ classifier.T + config.penalty * hashed, classifier, config.sweeps)
        projection = cho_solve(factor, product(kernel, codes))
    return projection


def classify(codes: np.ndarray, labels: np.ndarray, ridge: float) -> np.ndarray:
    """The classifier W = (B'B + lambda I)^-1 B'Y (paper, equation 6).

    Args:
        codes: B, (N, b).
        labels: Y, (N, C).
        ridge: lambda.

    Returns:
        float64 (b, C).
    """
    gram = codes.T @ codes + ridge * np.eye(codes.shape[1])
    weights: np.ndarray = np.linalg.solve(gram, codes.T @ labels)
    return weights


def descend(codes: np.ndarray, wanted: np.ndarray, classifier: np.ndarray, sweeps: int) -> np.ndarray:
    """Discrete cyclic coordinate descent over the codes (paper, equation 10).

    |B W|^2 - 2 tr(B'Q) over signs B: each bit in turn gets, for all images, its best values given the
    others, b_l = sign(q_l - B_-l W_-l w_l). No step raises the sum.

    Args:
        codes: B to start from, (N, b); not changed.
        wanted: Q = Y W' + nu K P, (N, b).
        classifier: W, (b, C).
        sweeps: Over all bits, at most; it ends when one changes nothing.

    Returns:
        float64 (N, b) of minus and plus one.
    """
    # A column is what each step reads and writes.
    codes = np.array(codes, order="F")
    crossed = classifier @ classifier.T
    for _ in range(sweeps):
        changed = False
        for bit in range(codes.shape[1]):
            old = codes[:, bit].copy()
            slope = wanted[:, bit] - (codes @ crossed[bit] - crossed[bit, bit] * old)
            codes[:, bit] = np.where(slope == 0, old, np.sign(slope))
            changed = changed or not np.array_equal(old, codes[:, bit])
        if not changed:
            break
    return codes


def _mean_distance(vectors: np.ndarray, anchors: np.ndarray) -> float:
    """Between images and anchors; 1 where all are the same."""
    means = by_blocks(vectors, lambda part: np.sqrt(squared_distances(part, anchors)).mean(axis=1))
    return float(means.mean(dtype=np.float64)) or 1.0
