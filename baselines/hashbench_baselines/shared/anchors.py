"""Anchors, and how strongly images belong to them (Liu, Wang, Kumar, Chang, ICML 2011).

N = images, F = feature dimensions, m = anchors, s = nearest anchors of an image that count.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from hashbench.training.seeding import derive
from hashbench_baselines.shared.blocks import blocks, by_blocks


def choose_anchors(features: np.ndarray, count: int, seed: int, iterations: int = 10) -> np.ndarray:
    """Centres of k-means on the images, by FAISS.

    Args:
        features: float32 (N, F); not changed.
        count: m. With no more images than that, the images are the anchors.
        seed: The run's seed.
        iterations: Of k-means.

    Returns:
        float32 (min(m, N), F).
    """
    import faiss  # noqa: PLC0415 - slow to import, and listing methods does without

    if len(features) <= count:
        return np.array(features, dtype=np.float32)
    # FAISS warns of fewer than 39 images an anchor, which small collections have for certain.
    options = {"niter": iterations, "seed": derive(seed, "anchors") % 2**31, "min_points_per_centroid": 1}
    clustering = faiss.Kmeans(features.shape[1], count, **options)
    clustering.train(np.ascontiguousarray(features, dtype=np.float32))
    return np.array(clustering.centroids, dtype=np.float32)


def squared_distances(features: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances between images (N, F) and anchors (m, F), float32 (N, m)."""
    # Far from the origin the three terms would cancel each other's digits.
    centre = anchors.mean(axis=0)
    to = anchors - centre
    lengths = np.square(to).sum(axis=1)

    def of_block(part: np.ndarray) -> np.ndarray:
        images = part - centre
        squared = np.square(images).sum(axis=1, keepdims=True) + lengths - 2 * images @ to.T
        return np.maximum(squared, 0)

    return by_blocks(features, of_block)


def kernel_width(features: np.ndarray, anchors: np.ndarray, neighbours: int) -> float:
    """The Gaussian kernel's width t from the data: the squared mean distance to the s-th nearest anchor.

    That is how the authors' code sets it. 1 where the data have no extent.

    Args:
        features: float32 (N, F).
        anchors: float32 (m, F).
        neighbours: s, cut to m.
    """
    total = 0.0
    for part in blocks(features):
        _, squared = _nearest(part, anchors, neighbours)
        total += float(np.sqrt(squared.max(axis=1), dtype=np.float64).sum())
    return (total / len(features)) ** 2 or 1.0


def anchor_affinities(
    features: np.ndarray, anchors: np.ndarray, neighbours: int, width: float
) -> csr_array:
    """How an image is shared out among its nearest anchors: Z (paper, equation 2).

    Z_ij = exp(-|x_i - u_j|^2 / t) over its sum for the s nearest anchors u_j of x_i, and 0 for others.

    Args:
        features: float32 (N, F).
        anchors: float32 (m, F).
        neighbours: s, cut to m.
        width: t, for example of `kernel_width`.

    Returns:
        Sparse float64 (N, m), s entries a row, whose rows sum to 1.
    """
    nearest = [_nearest(part, anchors, neighbours) for part in blocks(features)]
    indices, squared = (np.concatenate(parts) for parts in zip(*nearest, strict=True))
    # Relative to the nearest anchor, so that no row of weights vanishes.
    weights = np.exp(-(squared - squared.min(axis=1, keepdims=True)).astype(np.float64) / width)
    weights /= weights.sum(axis=1, keepdims=True)
    ends = np.arange(len(indices) + 1) * indices.shape[1]
    return csr_array((weights.ravel(), indices.ravel(), ends), shape=(len(features), len(anchors)))


def _nearest(features: np.ndarray, anchors: np.ndarray, neighbours: int) -> tuple[np.ndarray, np.ndarray]:
    """The s nearest anchors, in order of their numbers, and their squared distances; both (N, s)."""
    squared = squared_distances(features, anchors)
    count = min(neighbours, len(anchors))
    indices = np.sort(np.argpartition(squared, count - 1, axis=1)[:, :count], axis=1)
    return indices, np.take_along_axis(squared, indices, axis=1)
