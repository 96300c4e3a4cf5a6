"""`hashbench run`: train, encode, score and store; print the table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hashbench.cli.grid import carrier, carry_out, leave, tell, workplace
from hashbench.cli.options import (
    DEFAULT_STORE,
    Address,
    DataRoot,
    Device,
    Devices,
    EngineName,
    GpusPerRun,
    Jobs,
    NoiseSeed,
    Resume,
    Runs,
    Tags,
    Vocabulary,
    Workers,
    numbers,
)
from hashbench.cli.output import Format, print_records
from hashbench.engines.choice import Engine
from hashbench.errors import ConfigError


def run(
    method: Annotated[
        list[str], typer.Option(help="Method to run; repeat for several, `all` for all that are installed.")
    ],
    bits: Annotated[str, typer.Option(help="Bits an image, a comma list of multiples of 8.")] = "32",
    dataset: Annotated[
        list[str] | None, typer.Option(help="Data set, see `hashbench datasets`; repeat for several.")
    ] = None,
    tags: Tags = None,
    protocol: Annotated[list[str] | None, typer.Option(help="Tag protocol; repeat for several.")] = None,
    vocabulary: Vocabulary = None,
    noise: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=LEVEL",
            help="Damage the tags: missing, random, swapped or long-tail, from 0 to below 1, or none.",
        ),
    ] = None,
    noise_seed: NoiseSeed = 0,
    web: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH", help="Web set of the data set, or a folder with a folder a concept."
        ),
    ] = None,
    seed: Annotated[str, typer.Option(help="Seeds, a comma list.")] = "0",
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Split of the data set, or its manifest (.json); `validation`, also after a name and /, "
            "to choose settings without the test queries.",
            show_default="the data set's first",
        ),
    ] = None,
    backbone: Annotated[
        str | None,
        typer.Option(help="Network of the features: a registered name, torchvision/NAME or timm/NAME."),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="File with the backbone's weights, instead of its own.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Named settings, which every method that is named must have.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="A setting, [method.]key=value; repeat, also one key for several values."
        ),
    ] = None,
    device: Device = "auto",
    devices: Devices = 1,
    jobs: Jobs = 1,
    resume: Resume = True,
    engine: EngineName = Engine.LOCAL,
    address: Address = None,
    workers: Workers = None,
    gpus_per_run: GpusPerRun = None,
    data_root: DataRoot = None,
    runs: Runs = DEFAULT_STORE,
    output: Annotated[
        Format, typer.Option("--format", help="What to print when all is done.")
    ] = Format.TABLE,
) -> None:
    """Train, encode and score methods; finished runs are taken from the store."""
    from hashbench.plugins import Plugins
    from hashbench.progress import on_stderr
    from hashbench.runs.request import Preparer
    from hashbench.runs.sweep import NO_NOISE, Grid

    grid = Grid(
        method=tuple(method),
        bits=numbers("--bits", bits),
        dataset=tuple(dataset or [None]),
        tags=(tags,),
        protocol=tuple(protocol or [None]),
        vocabulary=(vocabulary,),
        noise=tuple(noise or [NO_NOISE]),
        noise_seed=(noise_seed,),
        web=(web,),
        split=(split,),
        backbone=(backbone,),
        weights=(weights,),
        preset=(preset,),
        seed=numbers("--seed", seed),
        data_root=(data_root,),
        set=_settings(settings or []),
    )
    report = on_stderr()
    place = workplace(runs, device=device, devices=devices, jobs=jobs, resume=resume)
    carried = carrier(engine, place, address=address, workers=workers, gpus=gpus_per_run)
    outcome = carry_out([grid], Preparer(Plugins()), place, carried, report)
    print_records(outcome.records, output)
    tell(outcome, report)
    leave(outcome)


def _settings(pairs: list[str]) -> dict[str, tuple[str, ...]]:
    """Values by key from `key=value`, of which several may be of one key.

    Raises:
        ConfigError: A pair has no key or no equals sign.

    >>> _settings(["width=8", "one.depth=2", "width=16"])
    {'width': ('8', '16'), 'one.depth': ('2',)}
    """
    values: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        written, equals, value = pair.partition("=")
        key = written.strip()
        if not equals or not key.rpartition(".")[2]:
            raise ConfigError(f"--set {pair!r}: Expected key=value or method.key=value.")
        values[key] = (*values.get(key, ()), value.strip())
    return values
