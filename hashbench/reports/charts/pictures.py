"""Pictures by name: which charts make them, and which runs must not share one."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from enum import StrEnum
from pathlib import Path

import pandas as pd

from hashbench.errors import ConfigError, StoreError
from hashbench.metrics.presets import MetricPreset
from hashbench.reports.charts import figures
from hashbench.reports.charts.chart import Chart
from hashbench.reports.charts.svg import draw, draw_row
from hashbench.reports.leaderboard import GROUP, leaderboard, run_frame
from hashbench.reports.selection import NO_NOISE, Selection
from hashbench.runs.folder import HISTORY, read_json
from hashbench.runs.record import RunRecord


class Picture(StrEnum):
    """What a picture of several runs shows."""

    BITS = "bits"
    PRECISION_RECALL = "precision-recall"
    BYTES = "bytes"
    TRAINING_TIME = "training-time"
    NOISE = "noise"


_MISSING = {
    Picture.BITS: "there is nothing to draw. Expected runs of compressed codes.",
    Picture.PRECISION_RECALL: "no run says its curve. `hashbench runs rescore` adds it.",
    Picture.BYTES: "there is nothing to draw. Expected runs.",
    Picture.TRAINING_TIME: "there is nothing to draw. Expected runs of compressed codes.",
    Picture.NOISE: "no run has noise. Expected runs of `hashbench run --noise KIND=LEVEL` among them.",
}


def picture(shown: Picture, records: Sequence[RunRecord], chosen: Selection, preset: MetricPreset) -> str:
    """A picture of some runs as an SVG file's text.

    Args:
        shown: What it shows.
        records: The runs of a store.
        chosen: Which of them are meant.
        preset: How they are scored.

    Raises:
        StoreError: There is nothing to draw, or runs that must not share a picture.
    """
    board = leaderboard(chosen.of(run_frame(records, preset)), preset)
    charts = _charts(shown, board, records, preset)
    if not charts:
        raise StoreError(f"chart {shown.value}: {_MISSING[shown]}")
    if shown is Picture.NOISE:
        return draw_row(charts, "Damaged tags", standalone=True)
    return draw(charts[0], standalone=True)


def require_svg(path: Path) -> None:
    """Refuse a file that is called something else.

    Raises:
        ConfigError: Its name does not end in .svg.
    """
    if path.suffix != ".svg":
        raise ConfigError(f"output {str(path)!r}: Expected a file name that ends in '.svg'.")


def learning_picture(record: RunRecord) -> str:
    """The learning curve of a run as an SVG file's text.

    Raises:
        StoreError: It has none.
    """
    name = record.spec.run_id()
    history = read_json(record.folder, HISTORY) if record.folder else []
    found = figures.learning_chart(name, history)
    if not found:
        raise StoreError(
            f"run {name!r} has no learning curve. Expected one of a method that learns step by step."
        )
    return draw(found, standalone=True)


def _charts(
    shown: Picture, board: pd.DataFrame, records: Sequence[RunRecord], preset: MetricPreset
) -> list[Chart]:
    """The charts that make the picture."""
    noisy = board[board["noise"] != ""]
    _require_one(board, but=("noise", "comparable") if shown is Picture.NOISE else ())
    if shown is Picture.NOISE:
        if noisy.empty:
            return []
        return figures.noise_charts(board, records, preset, figures.usual_budget(noisy))
    budget = figures.usual_budget(board)
    if shown is Picture.PRECISION_RECALL:
        found = figures.precision_recall_chart(board, records, budget)
    elif shown is Picture.TRAINING_TIME:
        found = figures.training_time_chart(board, preset, budget)
    elif shown is Picture.BYTES:
        found = figures.bytes_chart(board, preset)
    else:
        found = figures.bits_chart(board, preset)
    return [found] if found else []


def _require_one(board: pd.DataFrame, but: Collection[str]) -> None:
    """Complain of rows that must not share a picture, for they answer different questions.

    Raises:
        StoreError: They differ in something that a comparison has in common.
    """
    alike = [name for name in GROUP if name not in but]
    several = {name: sorted(board[name].unique()) for name in alike if board[name].nunique() > 1}
    if len(several) > 1:
        # The hash differs whenever anything does.
        several.pop("comparable", None)
    if not several:
        return
    differ = "; ".join(
        f"{name} ({', '.join(value or NO_NOISE for value in values)})" for name, values in several.items()
    )
    filters = [
        word
        for name, values in several.items()
        if name in Selection.model_fields
        for word in (f"--{name}", values[0] or NO_NOISE)
    ]
    wanted = (
        f"filters that leave one of each, such as {shlex.join(filters)}"
        if filters
        else "a store of runs that agree"
    )
    raise StoreError(f"these runs must not share a picture; they differ in {differ}. Expected {wanted}.")
