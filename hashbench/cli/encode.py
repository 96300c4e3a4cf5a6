"""`hashbench encode`: codes of other pictures or features, by the method of a finished run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
from hashbench.cli.output import Format, print_rows
from hashbench.engines.choice import Engine, spread

if TYPE_CHECKING:
    from hashbench.encoding.encode import Outcome


def encode(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run: its id, how that begins, or its folder.")
    ],
    images: Annotated[
        Path,
        typer.Argument(metavar="IMAGES|FEATURES", help="A folder of pictures, or features (.npy, .npz)."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where the codes go: a new folder.")
    ],
    shard: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Items of a file.", show_default="4,096 pictures, 65,536 features"
        ),
    ] = None,
    embeddings: Annotated[
        bool,
        typer.Option("--embeddings", help="Keep embeddings, too: queries of quantization codes need them."),
    ] = False,
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
    """Code pictures or features with the method of a run; called again, go on where it stopped."""
    from hashbench.encoding.encode import encode as code
    from hashbench.encoding.encoder import EncoderMaker
    from hashbench.progress import on_stderr
    from hashbench.runs.store import RunStore

    maker = EncoderMaker(
        RunStore(runs).folder(run).absolute(), images.absolute(), weights, device, embeddings
    )
    with spread(engine, address, workers, gpus_per_run) as spreading:
        outcome = code(maker, output, on_stderr(), items=shard, spread=spreading)
    print_outcome(outcome, shown)


def print_outcome(outcome: Outcome, shown: Format) -> None:
    """Say what there is now, and how fast it came."""
    codes, rate = outcome.codes, outcome.done / outcome.seconds if outcome.done else None
    if shown is Format.JSON:
        told = {
            "folder": str(codes.folder),
            "kind": codes.kind,
            "bits": codes.bits,
            "items": len(codes),
            "shards": len(codes.shards),
            "left_out": outcome.left_out,
            "encoded": outcome.done,
            "seconds": outcome.seconds,
            "items_per_second": rate,
        }
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
        return
    rows = [
        ("codes", f"{len(codes):,}, {codes.kind}, {codes.bytes_per_item} bytes each"),
        ("files", f"{len(codes.shards):,} in {str(codes.folder)!r}"),
        ("encoded now", f"{outcome.done:,}" + (f", {rate:,.1f} a second" if rate else "")),
    ]
    if outcome.left_out:
        name, why = next(iter(outcome.left_out.items()))
        rows.append(
            ("left out", f"{len(outcome.left_out):,} that cannot be decoded, {name!r} ({why}) for one")
        )
    print_rows(("", "what there is"), rows)
