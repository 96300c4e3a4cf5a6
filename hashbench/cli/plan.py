"""`hashbench plan`: what so many images would take, from rates that are measured here and now."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hashbench.cli.grid import carry_out, workplace
from hashbench.cli.options import DEFAULT_STORE, DataRoot, Device, Runs
from hashbench.cli.output import Format, print_rows, stdout
from hashbench.errors import ConfigError

if TYPE_CHECKING:
    from hashbench.planning.survey import Survey
    from hashbench.progress import Progress
    from hashbench.runs.sweep import Grid

# Above, floats have gaps between whole numbers.
_MOST = 2**53


def plan(
    items: Annotated[str, typer.Option(metavar="N", help="Images, as 1e9 or 10_000_000.")],
    method: Annotated[str, typer.Option(help="Method; see `hashbench methods`.")],
    bits: Annotated[int, typer.Option(help="Bits an image, a multiple of 8.")] = 32,
    dataset: Annotated[
        str | None, typer.Option(help="Data set that the method learnt from.", show_default="the default")
    ] = None,
    backbone: Annotated[
        str | None, typer.Option(help="Network of the features.", show_default="the method's")
    ] = None,
    queries_per_second: Annotated[
        float, typer.Option(metavar="Q", help="Exhaustive searches a second, all machines together.")
    ] = 1.0,
    latency_ms: Annotated[
        float | None,
        typer.Option(metavar="MS", help="What one search may take.", show_default="whatever it takes"),
    ] = None,
    machine_memory: Annotated[
        float | None, typer.Option(metavar="GIB", help="Memory of a machine.", show_default="this one's")
    ] = None,
    memory_share: Annotated[float, typer.Option(help="The part of it that codes may take.")] = 0.8,
    cores: Annotated[
        int | None, typer.Option(metavar="N", help="Cores of a machine.", show_default="this one's")
    ] = None,
    id_bytes: Annotated[int, typer.Option(help="Bytes on the disk of an image's name.")] = 16,
    thumbnail_bytes: Annotated[int, typer.Option(help="Bytes on the disk of a thumbnail.")] = 0,
    device: Device = "auto",
    data_root: DataRoot = None,
    runs: Runs = DEFAULT_STORE,
    output: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
) -> None:
    """Say what memory, disk, hours of encoding, time of a search and machines so many images take.

    All rates are measured now, on this machine; the method's run is taken from the store, or carried out.
    """
    from hashbench.planning.capacity import Machine, Wanted
    from hashbench.progress import on_stderr
    from hashbench.reports.plan_sheet import HEADINGS, Sheet
    from hashbench.runs.environment import usable_memory
    from hashbench.runs.sweep import Grid
    from hashbench.threads import cores as usable_cores

    latency = None if latency_ms is None else latency_ms / 1000
    wanted = Wanted(_whole(items), queries_per_second, latency, id_bytes, thumbnail_bytes)
    memory = usable_memory() if machine_memory is None else machine_memory * 2**30
    machine = Machine(memory, memory_share, usable_cores() if cores is None else cores)
    grid = Grid(
        method=(method,), bits=(bits,), dataset=(dataset,), backbone=(backbone,), data_root=(data_root,)
    )
    sheet = Sheet(wanted, machine, _survey(grid, runs, device, on_stderr()))
    if output is Format.JSON:
        sys.stdout.write(json.dumps(sheet.json(), indent=2, allow_nan=False) + "\n")
        return
    print_rows(HEADINGS, sheet.rows())
    say = partial(stdout().print, style="dim", markup=False, highlight=False)
    for note in sheet.notes():
        say(note)


def _survey(grid: Grid, runs: Path, device: str, report: Progress) -> Survey:
    """Measure the one run of a grid, which is carried out where the store lacks it.

    Raises:
        HashbenchError: It cannot be carried out, or measured.
    """
    from hashbench.planning.survey import survey
    from hashbench.plugins import Plugins
    from hashbench.runs.grid import here
    from hashbench.runs.request import Preparer
    from hashbench.runs.span import span
    from hashbench.training.device import resolve_device

    preparer = Preparer(Plugins())
    for name in grid.method:
        preparer.method(name)  # one method, and not all of them
    place = workplace(runs, device=device, devices=1, jobs=1, resume=True)
    (run,) = span([grid], preparer, report)
    if place.store.find(run.spec) is None:
        report.note(f"{run.spec.run_id()} is not in {str(runs)!r}: it is carried out first")
    carry_out([grid], preparer, place, here, report)
    folder = place.store.root / run.spec.run_id()
    return survey(folder, run.data.images, preparer.plugins, resolve_device(device), report)


def _whole(text: str) -> int:
    """A number of images.

    Raises:
        ConfigError: It is no whole number above 0.

    >>> _whole("1e9"), _whole("10_000_000")
    (1000000000, 10000000)
    """
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not (1 <= number <= _MOST and number.is_integer()):
        raise ConfigError(f"--items {text!r}: Expected a whole number above 0, as 1e9 or 10_000_000.")
    return int(number)
