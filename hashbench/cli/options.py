"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hashbench.engines.choice import Engine
from hashbench.errors import ConfigError

Tags = Annotated[
    str | None,
    typer.Option(
        metavar="KIND", help="Which of the data set's kinds of tags.", show_default="the data set's first"
    ),
]
Vocabulary = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The only tags to keep: a file with one a line.")
]
NoiseSeed = Annotated[int, typer.Option(help="Seed of the noise.")]
DataRoot = Annotated[Path | None, typer.Option(help="Folder or file of the data set, where it needs one.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
Devices = Annotated[
    int,
    typer.Option(
        min=1,
        metavar="N",
        help="How many devices of that kind share the training of a network, a part of every batch each.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume/--no-resume",
        help="Go on with training where it was interrupted, or begin it anew.",
    ),
]
Jobs = Annotated[
    int,
    typer.Option(min=1, metavar="N", help="Runs at a time, each in a process with its share of the cores."),
]
Weights = Annotated[
    Path | None, typer.Option(help="File of the backbone's weights, if the run was made with one.")
]
EngineName = Annotated[
    Engine, typer.Option("--engine", help="What does the parts: this machine, or Ray's workers.")
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="Ray cluster that runs, `auto` for this machine's.",
        show_default="a Ray of its own on this machine",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Ray's workers at a time.", show_default="as many as cores"),
]
GpusPerRun = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Share of a GPU that a worker of Ray's takes.",
        show_default="1 where there are GPUs, else 0",
    ),
]
Runs = Annotated[Path, typer.Option("--runs", help="Folder of the run store.")]
DEFAULT_STORE = Path("runs")


def numbers(option: str, text: str) -> tuple[int, ...]:
    """A comma list of whole numbers.

    Raises:
        ConfigError: It is not one.
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigError(f"{option} {text!r}: Expected whole numbers between commas.") from error
