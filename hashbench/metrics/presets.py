"""Named answers to the questions on which definitions of mAP disagree, stored with every result.

A preset is data: how a system scores, and which of its numbers are reported.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from hashbench.errors import ConfigError, DataError, UnknownNameError
from hashbench.metrics.average_precision import Denominator
from hashbench.metrics.named import NamedMetric
from hashbench.metrics.ndcg import Gain
from hashbench.metrics.radius import EmptyBall
from hashbench.ranking.blocks import Ties


@dataclass(frozen=True)
class MetricPreset:
    """One way to score.

    Attributes:
        name: How results refer to it.
        metrics: What is reported, such as `map@5000`, `map@all` or `precision@100`.
        denominator: What the sum of precisions is divided by.
        no_hit: What mAP@k and WAP@k count for a query whose relevant items all lie beyond k.
        no_relevant: What every metric counts for a query that has no relevant item at all.
        ties: The rule for items at the same distance.
        seed: Which order `random` ties take.
        band: Whether mAP is also reported under `pessimistic` and `optimistic` ties.
        empty_ball: What a query counts that has no item within a Hamming radius.
        gain: What an item of each grade gains in NDCG.
        about: Whose definition it is, in one line.

    Raises:
        ConfigError: A metric is unknown, or `whole_block` ties meet a metric that cuts blocks.
    """

    name: str
    metrics: tuple[str, ...]
    denominator: Denominator
    no_hit: Literal["zero", "skip"]
    no_relevant: Literal["zero", "skip", "one", "error"]
    ties: Ties
    seed: int = 0
    band: bool = False
    empty_ball: EmptyBall = EmptyBall.ZERO
    gain: Gain = Gain.EXPONENTIAL
    about: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        for metric in self.named():
            if self.ties is Ties.WHOLE_BLOCK and (metric.kind != "map" or metric.k is not None):
                raise ConfigError(
                    f"metric preset {self.name!r}: ties {self.ties.value!r} are defined for map@all only, "
                    f"not for {str(metric)!r}."
                )

    def named(self) -> tuple[NamedMetric, ...]:
        """The metrics, parsed."""
        return tuple(NamedMetric.parse(name) for name in self.metrics)

    def has_band(self, name: str) -> bool:
        """Whether a metric is also reported under the worst and the best order of ties."""
        return self.band and name.startswith("map@")

    @property
    def graded(self) -> bool:
        """Whether a metric asks how relevant items are."""
        return any(metric.graded for metric in self.named())

    def as_json(self) -> dict[str, Any]:
        """Every option by name, as it is stored with results."""
        return asdict(self) | {"metrics": list(self.metrics)}

    def refuse(self, relevant: np.ndarray) -> None:
        """Complain of queries without any relevant item where that is the preset's rule.

        Args:
            relevant: int64 (Q,), each query's relevant items.

        Raises:
            DataError: There is such a query, and `no_relevant` is `error`.
        """
        nothing = relevant == 0
        if self.no_relevant == "error" and nothing.any():
            raise DataError(
                f"query {int(np.argmax(nothing))} has no relevant item ({int(nothing.sum())} of "
                f"{len(nothing)} queries have none). Metric preset {self.name!r} expects one for each."
            )

    def settle(self, metric: NamedMetric, values: np.ndarray, relevant: np.ndarray) -> np.ndarray:
        """Put in what the preset counts where a metric is not defined; what is skipped is NaN.

        Args:
            metric: What was computed.
            values: float64 (Q,).
            relevant: int64 (Q,), each query's relevant items.
        """
        if metric.kind in ("map", "wap") and self.no_hit == "zero":
            values = np.nan_to_num(values, nan=0.0)
        nothing = {"zero": 0.0, "one": 1.0}.get(self.no_relevant, np.nan)
        return np.where(relevant == 0, nothing, values)


SUITE = MetricPreset(
    "hashbench",
    (
        "map@5000",
        "map@all",
        "precision@100",
        "recall@100",
        "r_precision",
        "ndcg@100",
        "precision_within@2",
        "recall_within@2",
    ),
    Denominator.MIN_K_TOTAL,
    "zero",
    "skip",
    Ties.EXPECTED,
    band=True,
    about="the suite's own: a perfect ranking scores 1 at every k, and no luck with ties is involved",
)
_PUBLISHED = (
    MetricPreset(
        "wsdhq",
        ("map@5000",),
        Denominator.RETRIEVED,
        "skip",
        "skip",
        Ties.DATABASE_ORDER,
        about="the WSDHQ authors' evaluator, which leaves ties to argpartition",
    ),
    MetricPreset(
        "wsih",
        ("map@1000",),
        Denominator.RETRIEVED,
        "zero",
        "skip",
        Ties.DATABASE_ORDER,
        about="the WSIH authors' evaluator",
    ),
    MetricPreset(
        "deephash_pytorch",
        ("map@1000", "map@5000", "map@all"),
        Denominator.RETRIEVED,
        "zero",
        "zero",
        Ties.DATABASE_ORDER,
        about="CalcTopMap of DeepHash-pytorch, BiHalf and CIBHash, which leaves ties to argsort",
    ),
    MetricPreset(
        "trec",
        ("map@1000", "map@5000", "map@all"),
        Denominator.TOTAL,
        "zero",
        "zero",
        Ties.ID_DESCENDING,
        about="map_cut of trec_eval, with positions in the database as document names",
    ),
    MetricPreset(
        "sklearn",
        ("map@all",),
        Denominator.TOTAL,
        "zero",
        "zero",
        Ties.WHOLE_BLOCK,
        about="average_precision_score of scikit-learn, averaged over queries",
    ),
    MetricPreset(
        "tie_aware",
        ("map@all",),
        Denominator.TOTAL,
        "zero",
        "zero",
        Ties.EXPECTED,
        about="tie-aware AP of TALR (He et al., 2018)",
    ),
)
PRESETS = {preset.name: preset for preset in (SUITE, *_PUBLISHED)}


def metric_preset(name: str) -> MetricPreset:
    """The metric preset of that name.

    Raises:
        UnknownNameError: There is none.
    """
    if name not in PRESETS:
        raise UnknownNameError("metric preset", name, PRESETS)
    return PRESETS[name]


# The ranks at which a run's precision-recall curve is known.
RANKS = tuple(digit * 10**power for power in range(6) for digit in (1, 2, 5))
CURVE = MetricPreset(
    "curve",
    tuple(f"{kind}@{rank}" for kind in ("precision", "recall") for rank in RANKS),
    Denominator.MIN_K_TOTAL,
    "zero",
    "skip",
    Ties.EXPECTED,
    about="the points of precision-recall curves",
)
