"""The charts of each page, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from hashbench.metrics.presets import MetricPreset
from hashbench.reports.charts import figures
from hashbench.reports.charts.chart import Chart
from hashbench.reports.charts.svg import draw, draw_row
from hashbench.reports.leaderboard import GROUP
from hashbench.runs.record import RunRecord


@dataclass(frozen=True)
class Drawing:
    """A chart as SVG text, and what it shows."""

    title: str
    svg: Markup


def of_comparison(
    rows: pd.DataFrame, records: Sequence[RunRecord], preset: MetricPreset
) -> tuple[Drawing, ...]:
    """What the rows of a comparison reach, for how many bits, bytes and seconds."""
    budget = figures.usual_budget(rows)
    return _drawn(
        _by_length(rows, preset),
        figures.bytes_chart(rows, preset),
        figures.training_time_chart(rows, preset, budget),
        figures.precision_recall_chart(rows, records, budget),
    )


def of_method(rows: pd.DataFrame, preset: MetricPreset) -> tuple[Drawing, ...]:
    """What one method's rows of a comparison reach."""
    return _drawn(_by_length(rows, preset))


def of_run(rows: pd.DataFrame, record: RunRecord, history: list[dict[str, Any]]) -> tuple[Drawing, ...]:
    """A run's precision and recall, and how it learnt.

    Args:
        rows: Its rows of `run_frame`, one a distance.
        record: The run.
        history: The points of its learning curves.
    """
    alone = rows.assign(run_ids=rows["run_id"].map(lambda run_id: (run_id,)))
    name = f"{record.spec.method['name']}, {record.spec.bits:,} bits"
    return _drawn(
        figures.precision_recall_chart(alone, [record], record.spec.bits),
        figures.learning_chart(name, history),
    )


def of_noise(
    board: pd.DataFrame, records: Sequence[RunRecord], preset: MetricPreset
) -> tuple[Drawing, ...]:
    """What noise does, a drawing for each group of rows that differ in noise alone."""
    drawings: list[Drawing] = []
    if (board["noise"] == "").all():
        return ()
    alike = [name for name in GROUP if name not in ("noise", "comparable")]
    for _, rows in board.groupby(alike, sort=False):
        noisy = rows[rows["noise"] != ""]
        if noisy.empty:
            continue
        charts = figures.noise_charts(rows, records, preset, figures.usual_budget(noisy))
        if charts:
            title = (
                f"Noise in the tags of {rows['dataset'].iloc[0]}, tag protocol {rows['protocol'].iloc[0]}"
            )
            drawings.append(Drawing(title, Markup(draw_row(charts, title, standalone=False))))  # noqa: S704
    return tuple(drawings)


def _by_length(rows: pd.DataFrame, preset: MetricPreset) -> Chart | None:
    """What more bits bring; of one code length, the table says it all."""
    chart = figures.bits_chart(rows, preset)
    return chart if chart and len(chart.x_ticks) > 1 else None


def _drawn(*charts: Chart | None) -> tuple[Drawing, ...]:
    """Those of the charts that show something."""
    return tuple(
        Drawing(chart.title, Markup(draw(chart, standalone=False)))  # noqa: S704 - `draw` escapes what it is given
        for chart in charts
        if chart
    )
