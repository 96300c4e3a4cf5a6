"""`hashbench index`: codes and thumbnails of a folder of pictures, to be searched."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hashbench.cli.encode import print_outcome
from hashbench.cli.options import (
    DEFAULT_STORE,
    Address,
    Device,
    EngineName,
    GpusPerRun,
    Runs,
    Weights,
    Workers,
)
from hashbench.cli.output import Format
from hashbench.engines.choice import Engine, spread


def index(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run: its id, how that begins, or its folder.")
    ],
    pictures: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of pictures.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="INDEX", help="Where the index goes: a new folder.")
    ],
    shard: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Pictures of a file.", show_default="4,096")
    ] = None,
    weights: Weights = None,
    device: Device = "auto",
    engine: EngineName = Engine.LOCAL,
    address: Address = None,
    workers: Workers = None,
    gpus_per_run: GpusPerRun = None,
    runs: Runs = DEFAULT_STORE,
    shown: Annotated[
        Format, typer.Option("--format", help="What to print when all is done.")
    ] = Format.TABLE,
) -> None:
    """Make pictures searchable by the method of a run; called again, go on where it stopped."""
    from hashbench.index.build import build
    from hashbench.progress import on_stderr
    from hashbench.runs.store import RunStore

    folder = RunStore(runs).folder(run)
    with spread(engine, address, workers, gpus_per_run) as spreading:
        outcome = build(
            folder,
            pictures,
            output,
            on_stderr(),
            weights=weights,
            device=device,
            items=shard,
            spread=spreading,
        )
    print_outcome(outcome, shown)
