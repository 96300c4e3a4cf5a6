"""Named answers to the questions on which definitions of mAP disagree, stored with every result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hashbench.metrics.average_precision import Denominator
from hashbench.metrics.ranked import Ties


@dataclass(frozen=True)
class MetricPreset:
    """One definition of mAP.

    Attributes:
        name: How results refer to it.
        denominator: What the sum of precisions is divided by.
        no_hit: What a query counts whose relevant items all lie beyond k.
        no_relevant: What a query counts that has no relevant item at all.
        ties: The rule for items at the same distance.
    """

    name: str
    denominator: Denominator
    no_hit: Literal["zero", "skip"]
    no_relevant: Literal["zero", "skip"]
    ties: Ties

    def settle(self, values: np.ndarray, total: np.ndarray) -> np.ndarray:
        """Replace NaN by what the preset counts; queries to be skipped stay NaN.

        Args:
            values: float64 (Q,), NaN where undefined.
            total: int64 (Q,), each query's relevant items.
        """
        no_hit = 0.0 if self.no_hit == "zero" else np.nan
        no_relevant = 0.0 if self.no_relevant == "zero" else np.nan
        return np.where(np.isnan(values), np.where(total > 0, no_hit, no_relevant), values)


# A perfect ranking scores 1 at every k, finding less never helps, and no luck with ties is involved.
SUITE = MetricPreset("hashbench", Denominator.MIN_K_TOTAL, "zero", "skip", Ties.EXPECTED)
# The evaluator of the WSDHQ authors, which leaves ties to argpartition; ours are in database order.
WSDHQ = MetricPreset("wsdhq", Denominator.RETRIEVED, "skip", "skip", Ties.DATABASE_ORDER)

PRESETS = {preset.name: preset for preset in (SUITE, WSDHQ)}
