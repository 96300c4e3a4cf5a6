"""Charts of what is in a store: each takes rows of the leaderboard that may be compared, or one run.

Where there is nothing to draw, a figure is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from hashbench.data.supervision import Supervision
from hashbench.metrics.presets import CURVE, RANKS, MetricPreset
from hashbench.metrics.score import CHANCE
from hashbench.reports.charts.chart import Chart, Level, Series
from hashbench.reports.comparison import heading, label
from hashbench.reports.leaderboard import main_metric
from hashbench.runs.record import RunRecord

# What tells methods of one name apart.
_TOLD = ["backbone", "backbone content", "web", "web content", "distance"]
_METHOD = ["method", "variant", *_TOLD]
# The distance of embeddings that were not compressed.
_UNCOMPRESSED = "feature"
# Training that takes no longer than this many seconds is drawn here.
_BLINK = 1e-3
# Of a learning curve, about so many points are drawn.
_POINTS = 300


def bits_chart(rows: pd.DataFrame, preset: MetricPreset) -> Chart | None:
    """The main metric against bits an image.

    Codes of a size of their own are left out, and named below: they would stretch the axis. Uncompressed
    embeddings are a level.
    """
    metric = main_metric(preset)
    budgets = _budgets(rows)
    drawn = rows[rows["bits"].isin(budgets)]
    apart = rows[~rows["bits"].isin(budgets) & (rows["distance"] != _UNCOMPRESSED)]
    names = [
        f"{name} ({row.bits:,} bits)" for name, row in zip(_names(apart), apart.itertuples(), strict=True)
    ]
    note = f"Not drawn, for their codes have a size of their own: {', '.join(names)}." if names else ""
    series = [_series(name, part, "bits", metric) for name, part in _methods(drawn, metric)]
    return _chart(
        rows,
        f"{heading(metric)} by code length",
        "bits an image",
        heading(metric),
        series,
        levels=_levels(rows, metric),
        log_x=True,
        x_ticks=tuple(budgets),
        note=note,
    )


def precision_recall_chart(rows: pd.DataFrame, records: Iterable[RunRecord], bits: int) -> Chart | None:
    """Precision against recall at growing ranks, of the codes of one budget; the mean over seeds.

    Args:
        rows: Of the board.
        records: Among others, the runs that are folded in the rows.
        bits: The budget.
    """
    known = {record.spec.run_id(): record for record in records}
    series = []
    for name, part in _methods(rows[rows["bits"] == bits], CHANCE):
        row = part.iloc[0]
        curves = [_curve(known[run], row["distance"]) for run in row["run_ids"]]
        if curves := [curve for curve in curves if curve is not None]:
            recall, precision = np.mean(curves, axis=0)
            series.append(_named(name, row, tuple(recall), tuple(precision)))
    series.sort(key=lambda one: -float(np.trapezoid(one.y, one.x)))
    database = int(rows["database"].max()) if len(rows) else 0
    last = max((rank for rank in RANKS if rank <= database), default=0)
    return _chart(
        rows,
        f"Precision and recall at {bits:,} bits",
        "recall",
        "precision",
        series,
        levels=_levels(rows[rows["distance"] != _UNCOMPRESSED], CHANCE),
        shares=True,
        ends=False,
        note=f"After the first 1, 2, 5, 10 and so on of the images found, up to {last:,} of {database:,}.",
    )


def bytes_chart(rows: pd.DataFrame, preset: MetricPreset) -> Chart | None:
    """The main metric against the bytes of an image's code, and who offers most for them."""
    metric = main_metric(preset)
    shared = rows["shared KiB"].max()
    series = [_series(name, part, "bytes/image", metric) for name, part in _methods(rows, metric)]
    return _chart(
        rows,
        f"{heading(metric)} by bytes of code per image",
        "bytes of code per image",
        heading(metric),
        series,
        levels=_levels(rows, metric)[:1],
        joined=False,
        log_x=True,
        front=True,
        note=f"Codebooks (up to {shared:,.0f} KiB here, once for the database) are not counted."
        if shared > 0
        else "",
    )


def training_time_chart(rows: pd.DataFrame, preset: MetricPreset, bits: int) -> Chart | None:
    """The main metric against the time that training took, and who offers most for it.

    Args:
        rows: Of the board.
        preset: How they were scored.
        bits: The budget: longer codes would reach more in the same time.
    """
    metric = main_metric(preset)
    series = []
    drawn = rows[(rows["bits"] == bits) & (rows["distance"] != _UNCOMPRESSED)]
    for name, part in _methods(drawn, metric):
        one = _series(name, part, "train s", metric)
        series.append(replace(one, x=tuple(max(_BLINK, seconds) for seconds in one.x)))
    blink = any(seconds == _BLINK for one in series for seconds in one.x)
    return _chart(
        rows,
        f"{heading(metric)} by training time at {bits:,} bits",
        "seconds of training",
        heading(metric),
        series,
        levels=_levels(rows, metric)[:1],
        joined=False,
        log_x=True,
        front=True,
        note="The extraction of features is not counted."
        + (" Less than a millisecond is drawn as a millisecond." if blink else "")
        + (" Some runs shared the machine with others." if drawn["at once"].max() > 1 else ""),
    )


def noise_charts(
    board: pd.DataFrame, records: Iterable[RunRecord], preset: MetricPreset, bits: int
) -> list[Chart]:
    """The main metric against the share of tags that were damaged: a chart a kind of noise.

    A series joins runs that differ in nothing but noise and seeds, and begins with those without noise.
    Runs that may not be compared without noise, either, are in different charts.

    Args:
        board: Rows with and without noise.
        records: Among others, the runs that are folded in the rows.
        preset: How they were scored.
        bits: The budget.
    """
    metric = main_metric(preset)
    known = {record.spec.run_id(): record.spec for record in records}
    rows = board[board["bits"] == bits]
    specs = [known[runs[0]] for runs in rows["run_ids"]]
    damage = [spec.protocol["noise"] or {"kind": "", "level": 0} for spec in specs]
    clean = [replace(spec, seed=0, protocol={**spec.protocol, "noise": None}) for spec in specs]
    rows = rows.assign(
        kind=[noise["kind"] for noise in damage],
        damaged=[100 * noise["level"] for noise in damage],
        undamaged=[spec.key() for spec in clean],
        together=[spec.comparable() for spec in clean],
    )
    charts = []
    for (_, kind), noisy in rows[rows["kind"] != ""].groupby(["together", "kind"]):
        alike = rows[rows["kind"].isin(["", kind]) & rows["undamaged"].isin(noisy["undamaged"])]
        series = [_series(name, part, "damaged", metric) for name, part in _methods(alike, metric)]
        levels = _levels(alike, metric)[:1]
        of_kind = _chart(
            alike, str(kind), "% of tags damaged", heading(metric), series, levels=levels, bits=bits
        )
        charts += [of_kind] if of_kind else []
    return charts


def learning_chart(name: str, history: Sequence[Mapping[str, Any]]) -> Chart | None:
    """The loss of a run by iteration, a line a phase, and one for that of images that were set apart.

    Args:
        name: What the run is called.
        history: The content of its `history.json`.
    """
    series = []
    for phase in dict.fromkeys(point["phase"] for point in history):
        for loss, title in (("loss", phase), ("validation loss", f"{phase}, images set apart")):
            points = [
                point
                for point in history
                if point["phase"] == phase and np.isfinite(point.get(loss, np.nan))
            ]
            # Evenly spaced from the last one back, which is the one that counts.
            points = points[:: -max(1, len(points) // _POINTS)][::-1]
            if points:
                x, y = (tuple(float(point[what]) for point in points) for what in ("iteration", loss))
                series.append(Series(title, x, y))
    if not series:
        return None
    return Chart("Learning curve", "iteration", "loss", tuple(series), subtitle=name)


def usual_budget(rows: pd.DataFrame) -> int:
    """The budget at which most methods ran; of several, the one nearest to 32 bits, and the smaller."""
    met = rows.groupby("bits").size()
    return int(min(met.index, key=lambda bits: (-met[bits], abs(np.log2(bits / 32)), bits)))


def _chart(
    rows: pd.DataFrame,
    title: str,
    x_label: str,
    y_label: str,
    series: list[Series],
    *,
    bits: int | None = None,
    **options: Any,
) -> Chart | None:
    """A chart of what the rows have in common; None without series."""
    if not series:
        return None
    row = rows.iloc[0]
    said = [
        row["dataset"],
        f"split {row['split']}",
        f"tag protocol {row['protocol']}",
        f"vocabulary {row['vocabulary']}" if row["vocabulary"] else "",
        f"noise {row['noise']}" if rows["noise"].nunique() == 1 and row["noise"] else "",
        row["backbone"] if rows["backbone content"].nunique() == 1 else "",
        f"{bits:,} bits" if bits else "",
        "means and 95 % intervals over seeds" if any(one.low for one in series) else "",
    ]
    subtitle = " · ".join(word for word in said if word)
    return Chart(title, x_label, y_label, tuple(series), subtitle=subtitle, **options)


def _budgets(rows: pd.DataFrame) -> list[int]:
    """Bits that are a choice: those of methods that have several; all, if no method has."""
    several = rows.groupby(_METHOD)["bits"].transform("nunique") > 1
    chosen = rows[several] if several.any() else rows[rows["distance"] != _UNCOMPRESSED]
    return sorted(int(bits) for bits in chosen["bits"].unique())


def _names(rows: pd.DataFrame) -> pd.Series[str]:
    """What each row's method is called: its name, and as much as tells it from others of that name."""
    names = pd.Series(
        [label(*pair) for pair in zip(rows["method"], rows["variant"], strict=True)], rows.index
    )
    for column in _TOLD:
        if rows[column].nunique() > 1:
            ambiguous = rows.groupby(names)[column].transform("nunique") > 1
            names = names.where(~ambiguous, names + ", " + rows[column])
    return names


def _methods(rows: pd.DataFrame, metric: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each method by its name, the method that reaches most first."""
    named = rows.assign(name=_names(rows)).dropna(subset=metric)
    best = named.groupby("name")[metric].max()
    for name in sorted(best.index, key=lambda name: (-best[name], name)):
        yield name, named[named["name"] == name]


def _series(name: str, rows: pd.DataFrame, x: str, metric: str) -> Series:
    """A method's rows as points, by ascending x, with their intervals where they have any."""
    rows = rows.sort_values([x, metric], kind="stable")
    values, half = rows[metric].to_numpy(), rows[f"{metric} ci"].to_numpy()
    one = _named(name, rows.iloc[0], tuple(rows[x].astype(float)), tuple(values))
    return (
        one if np.isnan(half).all() else replace(one, low=tuple(values - half), high=tuple(values + half))
    )


def _named(name: str, row: pd.Series[Any], x: tuple[float, ...], y: tuple[float, ...]) -> Series:
    kind = str(row["supervision"])
    return Series(name, x, y, kind=kind, ceiling=kind == Supervision.LABELS)


def _levels(rows: pd.DataFrame, metric: str) -> tuple[Level, ...]:
    """Chance, and what embeddings reach that nobody compressed."""
    free = rows[rows["distance"] == _UNCOMPRESSED]
    several = len(free) > 1
    names = [f"uncompressed ({name})" if several else "uncompressed" for name in _names(free)]
    return (
        Level("chance", float(rows[CHANCE].mean())),
        *(Level(name, float(value)) for name, value in zip(names, free[metric], strict=True)),
    )


def _curve(record: RunRecord, distance: str) -> np.ndarray | None:
    """Recall and precision at the ranks that the database has, float64 (2, ranks); None if not known."""
    scores = record.scores[distance].get(CURVE.name)
    if scores is None:
        return None
    ranks = [rank for rank in RANKS if rank <= record.sizes["database"]]
    return np.array([[scores[f"{kind}@{rank}"] for rank in ranks] for kind in ("recall", "precision")])
