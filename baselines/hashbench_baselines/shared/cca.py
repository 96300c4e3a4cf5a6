"""Canonical correlations of features with tags or labels, regularised, and ITQ on them.

Gong, Lazebnik, Gordo, Perronnin, TPAMI 2013 (CCA-ITQ). F = feature dimensions, T = targets, d = directions.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field
from scipy.linalg import cholesky, eigh, solve_triangular

from hashbench_baselines.shared.moments import Moments
from hashbench_baselines.shared.target_itq import TargetITQConfig


class CCAConfig(TargetITQConfig):
    """Settings of CCA-ITQ.

    Attributes:
        ridge: Of the features, times their total variance.
        target_ridge: Of the targets, times their mean variance; the larger, the less do rare ones count.
        power: Each direction is weighted by its canonical correlation to this power.
    """

    ridge: float = Field(default=0.25, gt=0)
    target_ridge: float = Field(default=10.0, gt=0)
    power: float = Field(default=2.0, ge=0)


def weighted_directions(moments: Moments, config: CCAConfig) -> np.ndarray:
    """Canonical directions of the features, weighted by their correlations; (F, d)."""
    directions, correlations = canonical_directions(moments, config.ridge, config.target_ridge)
    return directions * correlations**config.power


def canonical_directions(
    moments: Moments, ridge: float, target_ridge: float
) -> tuple[np.ndarray, np.ndarray]:
    """Directions in which features correlate most with a combination of targets.

    The solutions w of S_xy (S_yy + q I)^-1 S_yx w = c^2 (S_xx + r I) w (paper, equation 6), from the
    singular values c of L_x^-1 S_xy L_y^-T, where L are Cholesky factors. They have
    w'(S_xx + r I) w = 1.

    Args:
        moments: Of features and targets.
        ridge: r, in units of `Moments.feature_ridge`.
        target_ridge: q, in units of `Moments.target_ridge`.

    Returns:
        Directions float64 (F, d) and correlations (d,), highest first; d is the rank, at most
        min(F, T).
    """
    own = _factor(moments.features, moments.feature_ridge(ridge))
    theirs = _factor(moments.targets, moments.target_ridge(target_ridge))
    whitened = solve_triangular(own, moments.cross, lower=True)
    whitened = solve_triangular(theirs, whitened.T, lower=True).T
    left, correlations = _leading_singular(whitened)
    return solve_triangular(own, left, lower=True, trans="T"), correlations


def _factor(covariance: np.ndarray, ridge: float) -> np.ndarray:
    """The Cholesky factor of a covariance with a ridge."""
    raised = covariance.copy()
    raised[np.diag_indices_from(raised)] += ridge
    factor: np.ndarray = cholesky(raised, lower=True, overwrite_a=True)
    return factor


def _leading_singular(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Left singular vectors (F, d) and singular values (d,) above rounding, from the smaller side."""
    wide = matrix.shape[0] <= matrix.shape[1]
    squares, vectors = eigh(matrix @ matrix.T if wide else matrix.T @ matrix)
    kept = squares > 1e-10 * max(squares[-1], 0)
    values, vectors = np.sqrt(squares[kept])[::-1], vectors[:, kept][:, ::-1]
    return (vectors if wide else matrix @ vectors / values), values
