"""Two methods against each other, in every comparison and at every budget where both have a row.

Q = queries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from hashbench.errors import StoreError, UnknownNameError
from hashbench.metrics.presets import MetricPreset
from hashbench.reports.comparison import comparable, label
from hashbench.reports.leaderboard import leaderboard, main_metric
from hashbench.reports.marks import query_scores, seeds_of
from hashbench.reports.selection import Selection
from hashbench.reports.statistics import bootstrap_interval, sign_flip_p, welch_interval

# Scores of a query that differ by less are equal but for rounding.
_EQUAL = 1e-9


@dataclass(frozen=True)
class Bout:
    """One comparison at one budget; a difference is the first method's score less the second's.

    Attributes:
        title: What the two rows have in common.
        bits: Of both codes.
        backbones: Of both; empty where there is but one in the comparison.
        seeds: How many each has.
        random: Whether another seed could give other codes of each.
        scores: Each method's mean over queries and seeds, of the main metric.
        difference: Mean over the queries that count for both.
        interval: Its 95 % interval over queries.
        seed_interval: Its 95 % interval over seeds, by Welch; None where either has one seed that another
            could differ from.
        p: Of the permutation test over queries.
        won: Queries at which the first is better.
        tied: Queries at which they are equal.
        lost: Queries at which the second is better.
    """

    title: str
    bits: tuple[int, int]
    backbones: tuple[str, ...]
    seeds: tuple[int, int]
    random: tuple[bool, bool]
    scores: tuple[float, float]
    difference: float
    interval: tuple[float, float]
    seed_interval: tuple[float, float] | None
    p: float
    won: int
    tied: int
    lost: int


def bouts(
    frame: pd.DataFrame, preset: MetricPreset, one: str, other: str, chosen: Selection | None = None
) -> list[Bout]:
    """Every bout of two methods.

    Args:
        frame: The runs; see `reports.leaderboard.run_frame`.
        preset: The way they are scored.
        chosen: Which of them are meant; codes that have a size of their own meet every budget.
        one: A method's name, the name with its settings as the tables say it, or the beginning of a run id.
        other: Likewise.

    Raises:
        UnknownNameError: No run is called so.
        StoreError: There is no run, both are one, one has no run among those that are meant, the two have
            no row to compare, a name stands for several rows of one budget, or runs lack the scores of
            single queries.
    """
    chosen = chosen or Selection()
    known = leaderboard(Selection().of(frame), preset)
    sides = [_called(known, name) for name in (one, other)]
    for name, side in zip((one, other), sides, strict=True):
        if side.empty:
            raise UnknownNameError("method or run", name, set(_labels(known)))
    if sides[0].index.equals(sides[1].index):
        raise StoreError(
            f"{one!r} and {other!r} are one and the same. Expected two methods, or settings or runs of one."
        )
    board = leaderboard(chosen.with_own(frame).of(frame), preset)
    for name in (one, other):
        if _called(board, name).empty:
            raise StoreError(f"{name!r} has no run at {chosen}. Expected filters that leave both some.")
    found: list[Bout] = []
    for title, rows in comparable(board):
        if pairs := _pairs(title, rows, one, other):
            found += _fought(title, rows, preset, pairs)
    if not found:
        raise StoreError(
            f"{one!r} and {other!r} have no row to compare. Expected runs of both on the same data, tags "
            "and budget."
        )
    return found


def _labels(rows: pd.DataFrame) -> pd.Series[str]:
    pairs = zip(rows["method"], rows["variant"], strict=True)
    return pd.Series([label(*pair) for pair in pairs], index=rows.index, dtype=object)


def _called(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows that a name stands for; a method's bare name means its usual settings, if they were run."""
    by_id = rows["run_ids"].map(lambda ids: any(run.startswith(name) for run in ids))
    ways = (_labels(rows) == name, rows["method"] == name, by_id)
    return rows[next((meant for meant in ways if meant.any()), by_id)]


def _pairs(title: str, rows: pd.DataFrame, one: str, other: str) -> list[tuple[int, int]]:
    """Rows to compare, by their places: of one budget, and of one backbone where there are such.

    Codes that have a size of their own meet every budget.

    Raises:
        StoreError: A name stands for several rows of one budget and backbone.
    """
    sides = [_called(rows, name) for name in (one, other)]
    for name, side in zip((one, other), sides, strict=True):
        twice = side[side.duplicated(["bits", "backbone content"], keep=False)]
        if len(twice):
            ids = ", ".join(run for runs in twice["run_ids"] for run in runs[:1])
            raise StoreError(
                f"{name!r} stands for several rows of {title}. Expected one of its run ids: {ids}."
            )
    met = [
        (first, second)
        for first, second in product(*(side.index for side in sides))
        if first != second
        and (rows["bits"][first] == rows["bits"][second] or rows.loc[[first, second], "own size"].any())
    ]
    backbones = rows["backbone content"]
    return [pair for pair in met if backbones[pair[0]] == backbones[pair[1]]] or met


def _fought(
    title: str, rows: pd.DataFrame, preset: MetricPreset, pairs: list[tuple[int, int]]
) -> list[Bout]:
    """The bouts of one comparison.

    Raises:
        StoreError: A run lacks the scores of single queries.
    """
    tables: dict[int, pd.DataFrame] = {}
    listed = rows.to_dict("records")
    for place in dict.fromkeys(place for pair in pairs for place in pair):
        scores = query_scores(listed[place], preset)
        if scores is None:
            raise StoreError(
                f"{listed[place]['run_ids'][0]}: no {main_metric(preset)} of single queries under metric "
                f"preset {preset.name!r}. Expected them in its folder: `hashbench runs rescore` adds them."
            )
        tables[place] = scores
    return [_bout(title, rows, preset, pair, tables) for pair in pairs]


def _bout(
    title: str,
    rows: pd.DataFrame,
    preset: MetricPreset,
    pair: tuple[int, int],
    tables: Mapping[int, pd.DataFrame],
) -> Bout:
    """One bout, of two rows by their places; `tables` holds each one's `query_scores`."""
    first, second = (rows.to_dict("records")[place] for place in pair)
    means = [tables[place].mean(axis=1) for place in pair]
    # NaN where either skips the query.
    apart = means[0].sub(means[1]).to_numpy()
    (low,), (high,) = bootstrap_interval(apart[None])
    several = rows["backbone content"].nunique() > 1
    main = main_metric(preset)
    return Bout(
        title=title,
        bits=(int(first["bits"]), int(second["bits"])),
        backbones=(first["backbone"], second["backbone"]) if several else (),
        seeds=(int(first["seeds"]), int(second["seeds"])),
        random=(bool(first["random"]), bool(second["random"])),
        scores=(float(first[main]), float(second[main])),
        difference=float(np.nanmean(apart)) if np.isfinite(apart).any() else 0.0,
        interval=(float(low), float(high)),
        seed_interval=welch_interval(seeds_of(first, tables[pair[0]]), seeds_of(second, tables[pair[1]])),
        p=float(sign_flip_p(apart[None])[0]),
        won=int((apart > _EQUAL).sum()),
        tied=int((np.abs(apart) <= _EQUAL).sum()),
        lost=int((apart < -_EQUAL).sum()),
    )
