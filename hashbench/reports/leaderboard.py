"""The comparison table: one row a method, grouped by what the methods were allowed to see.

Runs that differ in their seed alone are one row: mean, standard deviation and interval. Names are not
enough to tell: two folders of pictures may be called alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from hashbench import fingerprint
from hashbench.data.supervision import Supervision
from hashbench.metrics.presets import MetricPreset
from hashbench.metrics.score import CHANCE
from hashbench.ranking.blocks import Ties
from hashbench.reports.statistics import half_width
from hashbench.runs.record import RunRecord
from hashbench.tags.noise import noise_in_words

# What a person compares within, and, last, the hash of all that must be equal for it.
GROUP = ["dataset", "tags", "split", "truth", "protocol", "vocabulary", "noise", "comparable"]
ROW = ["supervision", "web", "method", "backbone", "bits", "distance", "identity"]
# Of each run: where it lies and when its times can be compared with another's.
_RUN = ["run_id", "folder", "seed", "primary", "machine", "at once", "redefined"]
# Of each row, the same for all its runs.
_OF_ROW = [
    "variant",
    "web content",
    "backbone content",
    "own size",
    "random",
    "queries",
    "database",
    "train",
    "notices",
]
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
        _coordinates(record, distance)
        | {"redefined": record.presets.get(preset.name) != preset.as_json()}
        | record.metrics(preset.name, distance)
        | _costs(record, distance)
        for record in records
        for distance in record.scores
        # A distance that could not be scored again has no numbers under presets that came later.
        if distance == record.primary or preset.name in record.scores[distance]
    ]
    columns = [*GROUP, *ROW, *_OF_ROW, *_RUN, *reported(preset), *COSTS]
    return pd.DataFrame(rows, columns=columns)


def leaderboard(frame: pd.DataFrame, preset: MetricPreset, *, all_distances: bool = False) -> pd.DataFrame:
    """Fold seeds together and sort: by group, supervision, bits, then the best mAP first.

    Returns:
        A frame with a column of means for each metric and cost; columns `<metric> sd` and `<metric> ci`,
        the standard deviation and half the width of the 95 % interval over seeds, which are NaN where there
        is one seed; `seeds`, the number of runs; `random`, whether another seed could change them; their
        `run_ids` and `folders`, by seed; the `machines` that they ran on, and the most runs that shared
        one, `at once`; how many were `redefined`: scored when the preset had another definition.
    """
    chosen = frame if all_distances else frame[frame["primary"]]
    folded = chosen.sort_values(["seed", "run_id"], kind="stable").groupby(GROUP + ROW, sort=False)
    board = folded[[*reported(preset), *COSTS]].mean()
    board["seeds"] = folded.size()
    for metric in preset.metrics:
        board[f"{metric} sd"] = folded[metric].std()
        board[f"{metric} ci"] = half_width(board[f"{metric} sd"].to_numpy(), board["seeds"].to_numpy())
    for column in _OF_ROW:
        board[column] = folded[column].first()
    for column, several in (("run_id", "run_ids"), ("folder", "folders"), ("machine", "machines")):
        board[several] = folded[column].apply(tuple)
    board["at once"] = folded["at once"].max()
    board["redefined"] = folded["redefined"].sum()
    board = board.reset_index()
    order = [kind.value for kind in Supervision]
    board["supervision"] = pd.Categorical(board["supervision"], categories=order, ordered=True)
    main, last = main_metric(preset), ["method", "variant", "distance", "identity"]
    by = [*GROUP, "supervision", "web", "bits", main, *last]
    return board.sort_values(by, ascending=[name != main for name in by], ignore_index=True, kind="stable")


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
        "identity": spec.key_of_seeds(),
        "own size": record.own_size,
        "random": record.random,
        "queries": record.sizes["query"],
        "database": record.sizes["database"],
        "train": record.sizes["train"],
        "notices": tuple(record.notices),
        "run_id": spec.run_id(),
        "folder": record.folder,
        "seed": spec.seed,
        "primary": distance == record.primary,
        "machine": _machine(record.environment),
        "at once": record.environment.get("runs at once", 1),
    }


def _machine(environment: dict[str, Any]) -> str:
    """What times depend on, in words; empty where a record does not say."""
    device = environment.get("device")
    said = [
        environment.get("processor"),
        device if device != "cpu" else None,
        *(f"{environment[what]} {what}" for what in ("cores", "threads") if what in environment),
    ]
    return ", ".join(words for words in said if words)


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
        1000 * cost.search_seconds.get(distance, np.nan) / sizes["query"],
    )
    return dict(zip(COSTS, (float(value) for value in values), strict=True))
