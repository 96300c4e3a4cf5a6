"""How sure a mean is, over seeds and over queries, and whether two methods can be told apart.

Seeds and queries are two sources of noise: a seed says what the same method would reach when trained again,
a query what it would reach when asked something else. R = pairs of methods that are compared, Q = queries,
B = resamples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

LEVEL = 0.95
# With as many, a p value near .05 is known to about .002, and the ends of an interval as well.
RESAMPLES = 9_999
# Resamples are the same for all pairs and in every process.
_SEED = 20_260_101
# Numbers of a block of resamples: 16 MiB of float64.
_BLOCK = 1 << 21


def half_width(sd: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Half the width of the t interval of a mean: t(1 - .025; n - 1) sd / sqrt(n).

    Args:
        sd: float64, sample standard deviations (divided by n - 1).
        number: Integers of the same shape, n.

    Returns:
        float64 of the same shape; NaN where n < 2.
    """
    several = np.asarray(number) > 1
    n = np.where(several, number, 2)
    return np.where(several, stdtrit(n - 1, (1 + LEVEL) / 2) * sd / np.sqrt(n), np.nan)


@dataclass(frozen=True)
class Seeds:
    """What a method reached, seed by seed.

    Attributes:
        means: The mean over queries of each seed, one or more.
        random: False where every seed would reach the same, so that one says all.
    """

    means: list[float]
    random: bool = True

    @property
    def share(self) -> float:
        """The squared standard error of their mean; NaN where one seed cannot say."""
        if not self.random:
            return 0.0
        return float(np.var(self.means, ddof=1)) / len(self.means) if len(self.means) > 1 else np.nan


def welch_interval(one: Seeds, other: Seeds) -> tuple[float, float] | None:
    """Welch's interval of the difference of two means, the first less the second.

    m1 - m2 ± t(.975; v) s with s^2 = s1^2 / n1 + s2^2 / n2 and the degrees of freedom of Welch (1947),
    v = s^4 / (s1^4 / (n1^2 (n1 - 1)) + s2^4 / (n2^2 (n2 - 1))). A method without randomness has no variance
    and adds nothing: against it the interval is Student's of the other one's mean, v = n - 1.

    Returns:
        Its ends; None where either has one seed of a method that others could change.
    """
    whole = one.share + other.share
    if np.isnan(whole):
        return None
    apart = float(np.mean(one.means) - np.mean(other.means))
    if not whole:
        return apart, apart
    sides = [side for side in (one, other) if side.share]
    freedom = whole**2 / sum(side.share**2 / (len(side.means) - 1) for side in sides)
    half = float(stdtrit(freedom, (1 + LEVEL) / 2) * np.sqrt(whole))
    return apart - half, apart + half


def sign_flip_p(differences: np.ndarray) -> np.ndarray:
    """Paired permutation test: how often chance alone would make a mean difference as large.

    Where two methods do not differ, each query's difference could as well have the other sign. With B
    random choices of signs, p = (1 + choices with a mean at least as far from zero) / (1 + B).

    Args:
        differences: float64 (R, Q), one method less another; NaN where either skips the query.

    Returns:
        float64 (R,), two-sided.
    """
    given = np.nan_to_num(differences)
    rows, queries = given.shape
    generator = np.random.default_rng(_SEED)
    sums = np.zeros((rows, RESAMPLES))
    step = max(1, _BLOCK // RESAMPLES)
    for start in range(0, queries, step):
        part = given[:, start : start + step]
        signs = generator.integers(0, 2, (part.shape[1], RESAMPLES), dtype=np.int8)
        sums += part @ (2.0 * signs - 1.0)
    # Sums that are equal but for the order of their terms count as equal.
    slack = 1e-12 * np.abs(given).sum(axis=1)
    extreme = np.abs(sums) >= (np.abs(given.sum(axis=1)) - slack)[:, None]
    return (1 + extreme.sum(axis=1)) / (1 + RESAMPLES)


def bootstrap_interval(differences: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Percentile interval of the mean difference over queries that are drawn with replacement.

    Args:
        differences: float64 (R, Q), one method less another; NaN where either skips the query.

    Returns:
        The low and the high ends, each float64 (R,); NaN where no query counts.
    """
    counted = np.isfinite(differences)
    given = np.where(counted, differences, 0.0)
    rows, queries = given.shape
    generator = np.random.default_rng(_SEED)
    means = np.empty((rows, RESAMPLES))
    step = max(1, _BLOCK // max(1, queries))
    for start in range(0, RESAMPLES, step):
        size = min(step, RESAMPLES - start)
        drawn = generator.integers(0, queries, (size, queries)) + queries * np.arange(size)[:, None]
        times = np.bincount(drawn.ravel(), minlength=size * queries).reshape(size, queries).T.astype(float)
        with np.errstate(invalid="ignore"):
            means[:, start : start + size] = (given @ times) / (counted.astype(float) @ times)
    tail = (1 - LEVEL) / 2
    known = counted.any(axis=1)
    low, high = np.full((2, rows), np.nan)
    if not known.any():
        return low, high
    low[known], high[known] = np.nanquantile(means[known], [tail, 1 - tail], axis=1)
    return low, high
