"""`hashbench run`: train, encode, score and store; print the table."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hashbench.cli.options import DataRoot, NoiseSeed, Tags, Vocabulary
from hashbench.cli.output import Format, print_records
from hashbench.errors import ConfigError, HashbenchError

if TYPE_CHECKING:
    from hashbench.progress import Progress
    from hashbench.runs.request import PreparedRun, Preparer, RunRequest

DEFAULT_STORE = Path("runs")


def run(
    method: Annotated[
        list[str], typer.Option(help="Method to run; repeat for several, `all` for all that are installed.")
    ],
    bits: Annotated[str, typer.Option(help="Bits an image, a comma list of multiples of 8.")] = "32",
    dataset: Annotated[str | None, typer.Option(help="Data set; see `hashbench datasets`.")] = None,
    tags: Tags = None,
    protocol: Annotated[list[str] | None, typer.Option(help="Tag protocol; repeat for several.")] = None,
    vocabulary: Vocabulary = None,
    noise: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=LEVEL",
            help="Damage the tags: missing, random, swapped or long-tail, from 0 to below 1; repeat.",
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
        str | None, typer.Option(help="Named settings, which every method of the call must have.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, [method.]key=value; repeat.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    data_root: DataRoot = None,
    runs: Annotated[Path, typer.Option(help="Folder of the run store.")] = DEFAULT_STORE,
    output: Annotated[
        Format, typer.Option("--format", help="What to print when all is done.")
    ] = Format.TABLE,
) -> None:
    """Train, encode and score methods; finished runs are taken from the store."""
    from hashbench.plugins import ALL, Plugins
    from hashbench.progress import on_stderr
    from hashbench.runs.request import Preparer, RunRequest, parse_settings

    preparer, report = Preparer(Plugins()), on_stderr()
    names = method
    if ALL in method:
        opened = preparer.opener.open(dataset, split, data_root, tags)
        names, left_out = preparer.methods(method, opened, web)
        for sentence in left_out:
            report.note(sentence)
    preparer.check_preset(names, preset)
    known = parse_settings(settings or [], names)
    # A method that a setting names is meant, too.
    named = {*method, *(pair.partition("=")[0].rpartition(".")[0].strip() for pair in settings or [])}
    protocols: list[str | None] = [*protocol] if protocol else [None]
    noises: list[str | None] = [*noise] if noise else [None]
    requests = [
        RunRequest(
            method=name,
            bits=budget,
            dataset=dataset,
            tags=tags,
            protocol=chosen,
            vocabulary=vocabulary,
            noise=damage,
            noise_seed=noise_seed,
            web=web,
            backbone=backbone,
            weights=weights,
            preset=preset,
            seed=number,
            settings=known[name],
            split=split,
            data_root=data_root,
        )
        for chosen, damage, name, budget, number in product(
            protocols,
            noises,
            names,
            _numbers("--bits", bits),
            _numbers("--seed", seed),
        )
    ]
    _carry_out(preparer, requests, {*names} - named, device, runs, output, report)


def _carry_out(
    preparer: Preparer,
    requests: list[RunRequest],
    unnamed: set[str],
    device: str,
    runs: Path,
    output: Format,
    report: Progress,
) -> None:
    """Validate every request, run those that the store does not have, print.

    Args:
        preparer: Turns requests into runs.
        requests: What was asked for.
        unnamed: Methods that stand for `all`: one that cannot be run is left out, and said.
        device: Where to compute.
        runs: The store's folder.
        output: What to print.
        report: Where to say what is done.
    """
    from hashbench.files import cache_root
    from hashbench.runs.store import RunStore

    prepared = _prepared(preparer, requests, unnamed, report)
    store = RunStore(runs)
    store.prepare()
    found = [store.find(one.spec) for one in prepared]
    if len(prepared) > 1:
        there = sum(record is not None for record in found)
        report.note(f"{len(prepared)} runs, {there} of them in the store")
    for place, one in enumerate(prepared):
        if found[place] is None:
            from hashbench.runs.runner import execute
            from hashbench.training.device import resolve_device

            try:
                found[place] = execute(one, store, cache_root(), resolve_device(device), report)
            except HashbenchError as error:
                if one.method.PLUGIN_NAME not in unnamed:
                    raise
                report.notice(f"{one.spec.run_id()} is left out: {error}")
        elif len(prepared) == 1:
            report.note(f"{one.spec.run_id()} is in the store")
    records = [record for record in found if record is not None]
    if not records:
        raise ConfigError("none of the methods could be run.")
    print_records(records, output)


def _prepared(
    preparer: Preparer, requests: list[RunRequest], unnamed: set[str], report: Progress
) -> list[PreparedRun]:
    """The runs that were asked for, each once; see `_carry_out`.

    Raises:
        HashbenchError: One cannot be run that was named, or none can.
    """
    # No noise of any kind is one run, and a run that is asked for twice is one seed.
    prepared: dict[str, PreparedRun] = {}
    refused: dict[str, HashbenchError] = {}
    for request in requests:
        try:
            one = preparer.prepare(request)
        except HashbenchError as error:
            if request.method not in unnamed:
                raise
            refused[f"{request.method} at {request.bits} bits"] = error
        else:
            prepared[one.spec.key()] = one
            if one.spec.bits != request.bits:
                report.notice(
                    f"{request.method} takes {one.spec.bits:,} bits an image whatever is asked for"
                )
    if not prepared:
        # What keeps all of them from being run is no method's fault.
        raise next(iter(refused.values()))
    for what, why in refused.items():
        report.notice(f"{what} is left out: {why}")
    if requests[0].web and not any(one.web for one in prepared.values()):
        raise ConfigError(f"--web {requests[0].web!r}: none of the methods learns from a web set.")
    return list(prepared.values())


def _numbers(option: str, text: str) -> list[int]:
    """A comma list of whole numbers.

    Raises:
        ConfigError: It is not one.
    """
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise ConfigError(f"{option} {text!r}: Expected whole numbers between commas.") from error
