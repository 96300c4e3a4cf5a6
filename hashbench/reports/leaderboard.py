"""The comparison table: one row a method, grouped by what the methods were allowed to see.

Runs that differ in their seed alone are one row: mean and standard deviation. Names are not enough to
tell: two folders of pictures may be called alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pandas as pd

from hashbench import fingerprint
from hashbench.data.supervision import Supervision
from hashbench.metrics.presets import MetricPreset
from hashbench.metrics.score import CHANCE
from hashbench.ranking.blocks import Ties
from hashbench.runs.record import RunRecord
from hashbench.tags.noise import noise_in_words

# What a person compares within, and, last, the hash of all that must be equal for it.
GROUP = ["dataset", "tags", "split", "truth", "protocol", "vocabulary", "noise", "comparable"]
ROW = ["supervision", "web", "method", "backbone", "bits", "variant", "distance", "identity"]
# Of a hash, enough to tell two folders apart.
_DIGITS = 6
BAND = (Ties.PESSIMISTIC.value, Ties.OPTIMISTIC.value)
# What a run took, by column, and how it is printed.
COSTS = {
    "bytes/image": "{:,.0f}",
    "shared KiB": "{:,.0f}",
    "trained params": "{:,.0f}",
    "train s": "{:.1f}",
    "train MiB": "{:,.0f}",
    "encode img/s": "{:,.0f}",
    "search ms/query": "{:.3f}",
}


def reported(preset: MetricPreset) -> list[str]:
    """The metrics of a preset by name, with the ends of their tie bands, and the chance level."""
    bands = [f"{name}/{end}" for name in preset.metrics for end in BAND if preset.has_band(name)]
    return [*preset.metrics, *bands, CHANCE]


def main_metric(preset: MetricPreset) -> str:
    """What rows are sorted by: the mAP that looks farthest."""
    return [name for name in preset.metrics if name.startswith("map@")][-1]


def run_frame(records: Iterable[RunRecord], preset: MetricPreset) -> pd.DataFrame:
    """One row a run and distance: coordinates, metrics under `preset`, costs."""
    rows = [
        _coordinates(record, distance) | record.metrics(preset.name, distance) | _costs(record, distance)
        for record in records
        for distance in record.scores
    ]
    more = ["web content", "backbone content", "notices", "seed", "primary"]
    columns = [*GROUP, *ROW, *more, *reported(preset), *COSTS]
    return pd.DataFrame(rows, columns=columns)


def leaderboard(frame: pd.DataFrame, preset: MetricPreset, *, all_distances: bool = False) -> pd.DataFrame:
    """Fold seeds together and sort: by group, supervision, bits, then the best mAP first.

    Returns:
        A frame with a column of means for each metric and cost, columns `<metric> sd` that are NaN
        where there is one seed, and `seeds`, the number of runs.
    """
    chosen = frame if all_distances else frame[frame["primary"]]
    folded = chosen.groupby(GROUP + ROW, sort=False)
    board = folded[[*reported(preset), *COSTS]].mean()
    for metric in preset.metrics:
        board[f"{metric} sd"] = folded[metric].std()
    board["seeds"] = folded.size()
    for column in ("web content", "backbone content", "notices"):
        board[column] = folded[column].first()
    board = board.reset_index()
    order = [kind.value for kind in Supervision]
    board["supervision"] = pd.Categorical(board["supervision"], categories=order, ordered=True)
    return board.sort_values(
        [*GROUP, "supervision", "web", "bits", main_metric(preset)],
        ascending=[True] * (len(GROUP) + 3) + [False],
        ignore_index=True,
        kind="stable",
    )


def with_spread(board: pd.DataFrame, metric: str) -> Sequence[str]:
    """A metric as text: its mean, and its standard deviation where there are several seeds."""
    pairs = zip(board[metric], board[f"{metric} sd"], strict=True)
    return [f"{mean:.3f}" if pd.isna(sd) else f"{mean:.3f} ± {sd:.3f}" for mean, sd in pairs]


def _coordinates(record: RunRecord, distance: str) -> dict[str, object]:
    spec = record.spec
    vocabulary, noise = spec.protocol["vocabulary"], spec.protocol["noise"]
    return {
        "dataset": spec.dataset["name"],
        "tags": spec.dataset["tags"],
        "split": spec.split["name"],
        "truth": spec.dataset["truth"],
        "protocol": spec.protocol["name"],
        "vocabulary": vocabulary["name"] if vocabulary else "",
        "noise": noise_in_words(noise) if noise else "",
        "backbone": spec.backbone["name"],
        "comparable": spec.comparable()[:_DIGITS],
        "supervision": record.supervision,
        "web": spec.web["name"] if spec.web else "",
        "web content": spec.web["fingerprint"][:_DIGITS] if spec.web else "",
        "backbone content": fingerprint.of_json(spec.backbone)[:_DIGITS],
        "method": spec.method["name"],
        "bits": spec.bits,
        "variant": record.variant,
        "distance": distance,
        "identity": replace(spec, seed=0).key(),
        "notices": tuple(record.notices),
        "seed": spec.seed,
        "primary": distance == record.primary,
    }


def _costs(record: RunRecord, distance: str) -> dict[str, float]:
    cost, sizes = record.cost, record.sizes
    unquantized = distance == "feature"
    values = (
        cost.embedding_bytes if unquantized else cost.code_bytes,
        0 if unquantized else cost.codebook_bytes / 1024,
        cost.trained_parameters,
        cost.train_seconds,
        cost.train_bytes / 2**20,
        sizes["database"] / max(cost.encode_seconds, 1e-9),
        1000 * cost.search_seconds[distance] / sizes["query"],
    )
    return dict(zip(COSTS, (float(value) for value in values), strict=True))
