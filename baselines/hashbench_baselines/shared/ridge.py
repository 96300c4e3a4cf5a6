"""Ridge regression from the second moments, and the principal directions of what it predicts.

F = feature dimensions, T = targets, d = directions.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh, solve

from hashbench_baselines.shared.moments import Moments


def ridge_regression(moments: Moments, ridge: float) -> np.ndarray:
    """Weights W = (S + r I)^-1 C, for S the features' covariance and C the cross one.

    Args:
        moments: Of features and targets.
        ridge: In units of `Moments.feature_ridge`.

    Returns:
        W, float64 (F, T).
    """
    raised = moments.features + moments.feature_ridge(ridge) * np.eye(len(moments.features))
    weights: np.ndarray = solve(raised, moments.cross, assume_a="pos")
    return weights


def leading_predictions(weights: np.ndarray, covariance: np.ndarray, power: float) -> np.ndarray:
    """The principal directions of predictions, as directions of the features.

    Args:
        weights: W, (F, T).
        covariance: S, (F, F).
        power: Coordinates get a standard deviation of their own one to this power, relative to the
            first one's; 1 keeps what was predicted, above 1 trusts the stronger ones more.

    Returns:
        float64 (F, d), the strongest first, without those that hardly vary.
    """
    values, vectors = eigh(weights.T @ covariance @ weights)
    kept = values > 1e-12 * max(values[-1], 0)
    relative = np.sqrt(values[kept] / values[-1]) if kept.any() else np.ones(0)
    directions = weights @ (vectors[:, kept] * relative ** (power - 1))
    return directions[:, ::-1]
