"""Second moments of features and of what is to be told from them: all that linear regression and CCA need.

N = images, F = feature dimensions, T = targets: dimensions of word vectors, tags or labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import sparse

from hashbench_baselines.shared.blocks import blocks

Targets: TypeAlias = np.ndarray | sparse.csr_array


@dataclass(frozen=True)
class Moments:
    """Covariances, each a mean over images, in float64.

    Attributes:
        count: How many images they are of.
        features: (F, F).
        cross: (F, T).
        targets: (T, T).
    """

    count: int
    features: np.ndarray
    cross: np.ndarray
    targets: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, targets: Targets, chosen: np.ndarray | None = None) -> Moments:
        """Moments about the means, summed over blocks of images.

        Args:
            features: float32 (N, F).
            targets: (N, T), sparse or not.
            chosen: Numbers of the images to count; None for all.
        """
        places = np.arange(len(features)) if chosen is None else chosen
        width, wanted = features.shape[1], targets.shape[1]
        count = len(places)
        middle = sum(features[rows].sum(axis=0, dtype=np.float64) for rows in blocks(places)) / count
        summed = np.zeros(wanted)
        own, cross, theirs = np.zeros((width, width)), np.zeros((width, wanted)), np.zeros((wanted,) * 2)
        for rows in blocks(places):
            # Features far from zero would lose digits if the mean came off at the end.
            part = features[rows] - middle
            target = targets[rows].astype(np.float64)
            own += part.T @ part
            cross += (target.T @ part).T
            theirs += target.T @ target
            summed += target.sum(axis=0)
        mean = summed / count
        return cls(count, own / count, cross / count, theirs / count - np.outer(mean, mean))

    def feature_ridge(self, ridge: float) -> float:
        """What is added to each feature's variance: `ridge` times all features' variance, over N.

        So measured, one value suits few images and many, few dimensions and many, and any scale. It is
        `ridge` where nothing varies.
        """
        return ridge * (float(self.features.trace()) / self.count or 1.0)

    def target_ridge(self, ridge: float) -> float:
        """What is added to each target's variance: `ridge` times their mean, or `ridge` if none varies."""
        return ridge * (float(self.targets.trace()) / len(self.targets) or 1.0)
