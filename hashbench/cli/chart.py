"""`hashbench chart`: one picture of the runs of a store."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hashbench.cli.options import DEFAULT_STORE, Runs
from hashbench.cli.selecting import (
    Backbones,
    Bits,
    Datasets,
    Methods,
    Metrics,
    Noises,
    Protocols,
    Supervisions,
    selection,
)
from hashbench.errors import ConfigError


class Shown(StrEnum):
    """What the picture shows."""

    BITS = "bits"
    PRECISION_RECALL = "precision-recall"
    BYTES = "bytes"
    TRAINING_TIME = "training-time"
    NOISE = "noise"
    LEARNING = "learning"


def chart(
    shown: Annotated[
        Shown,
        typer.Argument(
            metavar="PICTURE", help="bits, precision-recall, bytes, training-time, noise or learning."
        ),
    ],
    output: Annotated[Path, typer.Option(metavar="FILE.svg", help="File to write.")],
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]", help="For learning: the run's id, or a beginning that only it has."
        ),
    ] = None,
    runs: Runs = DEFAULT_STORE,
    dataset: Datasets = None,
    protocol: Protocols = None,
    bits: Bits = None,
    noise: Noises = None,
    supervision: Supervisions = None,
    method: Methods = None,
    backbone: Backbones = None,
    metrics: Metrics = "hashbench",
) -> None:
    """Draw one picture of the runs of a store as SVG: a file of its own, for light and for dark pages."""
    from hashbench.plugins import Plugins
    from hashbench.progress import on_stderr
    from hashbench.reports.charts.pictures import Picture, learning_picture, require_svg
    from hashbench.reports.requested import Drawing, Sources
    from hashbench.reports.writing import write_text
    from hashbench.runs.store import RunStore

    require_svg(output)
    if (shown is Shown.LEARNING) != (run is not None):
        raise ConfigError(f"chart {shown.value}: Expected a run's id after 'learning', and only there.")
    store = RunStore(runs)
    if run is not None:
        (record,) = store.select([run])
        write_text(output, learning_picture(record))
        return
    chosen = selection(
        bits,
        dataset=dataset,
        protocol=protocol,
        noise=noise,
        supervision=supervision,
        method=method,
        backbone=backbone,
    )
    report = Drawing(chart=Picture(shown), output=output, where=chosen, metrics=metrics)
    report.write(Sources(store, Plugins(), on_stderr()))
