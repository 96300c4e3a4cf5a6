"""`hashbench sweep`: everything that a file asks for, and of it what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hashbench.cli.grid import carrier, carry_out, leave, tell, workplace
from hashbench.cli.options import (
    DEFAULT_STORE,
    Address,
    Device,
    Devices,
    EngineName,
    GpusPerRun,
    Jobs,
    Resume,
    Runs,
    Workers,
)
from hashbench.cli.output import Format, print_records
from hashbench.engines.choice import Engine
from hashbench.errors import HashbenchError

if TYPE_CHECKING:
    from hashbench.plugins import Plugins
    from hashbench.progress import Progress
    from hashbench.reports.requested import Report
    from hashbench.runs.grid import Outcome


def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to run (.yaml); see docs/sweeps.md.")],
    device: Device = "auto",
    devices: Devices = 1,
    jobs: Jobs = 1,
    resume: Resume = True,
    engine: EngineName = Engine.LOCAL,
    address: Address = None,
    workers: Workers = None,
    gpus_per_run: GpusPerRun = None,
    runs: Runs = DEFAULT_STORE,
    output: Annotated[
        Format | None,
        typer.Option("--format", help="Print the runs, too, when all is done.", show_default="no runs"),
    ] = None,
) -> None:
    """Carry out the runs of a file and write its reports; call it again for what is missing."""
    from hashbench.plugins import Plugins
    from hashbench.progress import on_stderr
    from hashbench.runs.request import Preparer
    from hashbench.runs.sweep import read_sweep

    asked, plugins, report = read_sweep(file), Plugins(), on_stderr()
    reports: Sequence[Report] = []
    if asked.reports:
        from hashbench.reports.requested import read_reports

        reports = read_reports(asked.reports, f"sweep file {str(file)!r}")
    place = workplace(runs, device=device, devices=devices, jobs=jobs, resume=resume)
    carried = carrier(engine, place, address=address, workers=workers, gpus=gpus_per_run)
    outcome = carry_out(asked.grids, Preparer(plugins), place, carried, report)
    if output:
        print_records(outcome.records, output)
    else:
        report.note(f"The runs are in {str(runs)!r}; `hashbench leaderboard --runs {runs}` compares them.")
    tell(outcome, report)
    _write(reports, outcome, plugins, report, asked.data_roots())
    leave(outcome)


def _write(
    reports: Sequence[Report],
    outcome: Outcome,
    plugins: Plugins,
    progress: Progress,
    data_roots: dict[str, Path],
) -> None:
    """Write every report that can be written.

    Raises:
        HashbenchError: One could not.
    """
    if not reports:
        return
    from hashbench.reports.requested import Sources

    failed: list[HashbenchError] = []
    sources = Sources(outcome.store, plugins, progress, data_roots)
    for report in reports:
        try:
            report.write(sources)
            progress.note(f"{report.output} is up to date")
        except HashbenchError as error:
            failed.append(HashbenchError(f"{str(report.output)!r} is not written: {error}"))
    for other in failed[1:]:
        progress.note(str(other))
    if failed:
        raise failed[0]
