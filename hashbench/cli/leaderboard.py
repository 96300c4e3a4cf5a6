"""`hashbench leaderboard`: the comparison table of a run store."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hashbench.cli.output import stdout
from hashbench.cli.run import DEFAULT_STORE
from hashbench.errors import StoreError, UnknownNameError


class Face(StrEnum):
    """How the table looks."""

    TABLE = "table"
    MARKDOWN = "markdown"


def leaderboard(
    runs: Annotated[Path, typer.Option(help="Folder of the run store.")] = DEFAULT_STORE,
    dataset: Annotated[str | None, typer.Option(help="Show this data set only.")] = None,
    protocol: Annotated[str | None, typer.Option(help="Show this tag protocol only.")] = None,
    bits: Annotated[int | None, typer.Option(help="Show this budget only.")] = None,
    metrics: Annotated[str, typer.Option(help="Metric preset; see docs/metrics.md.")] = "hashbench",
    all_distances: Annotated[
        bool, typer.Option("--all-distances", help="Show symmetric and unquantized scores too.")
    ] = False,
    output: Annotated[Face, typer.Option("--format", help="How to print it.")] = Face.TABLE,
) -> None:
    """Compare the runs of a store, grouped by what the methods were allowed to see."""
    from hashbench.metrics.presets import PRESETS
    from hashbench.reports import faces
    from hashbench.reports.leaderboard import leaderboard as fold
    from hashbench.reports.leaderboard import run_frame
    from hashbench.runs.store import RunStore

    if metrics not in PRESETS:
        raise UnknownNameError("metric preset", metrics, PRESETS)
    preset = PRESETS[metrics]
    frame = run_frame(RunStore(runs).records(), preset)
    for column, wanted in (("dataset", dataset), ("protocol", protocol), ("bits", bits)):
        if wanted is not None:
            frame = frame[frame[column] == wanted]
    if frame.empty:
        raise StoreError(f"run store {str(runs)!r} holds no such run. Fill it with `hashbench run`.")
    board = fold(frame, preset, all_distances=all_distances)
    if output is Face.MARKDOWN:
        sys.stdout.write(faces.markdown(board, preset))
    else:
        stdout().print(faces.terminal(board, preset))
