"""What `run` and `sweep` do alike: carry grids out, and say what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hashbench.engines.choice import Engine
from hashbench.errors import ConfigError, HashbenchError

if TYPE_CHECKING:
    from hashbench.progress import Progress
    from hashbench.runs.grid import Carrier, Outcome
    from hashbench.runs.request import Preparer
    from hashbench.runs.runner import Workplace
    from hashbench.runs.sweep import Grid

# Exit status where some of the runs failed, and others are there.
SOME_FAILED = 1


def workplace(runs: Path, *, device: str, devices: int, jobs: int, resume: bool) -> Workplace:
    """Where runs are carried out, as the options say.

    Raises:
        ConfigError: Runs side by side, and each on several devices.
    """
    from hashbench.files import cache_root
    from hashbench.runs.runner import Workplace
    from hashbench.runs.store import RunStore

    if jobs > 1 and devices > 1:
        raise ConfigError(f"--jobs {jobs} with --devices {devices}: Expected one of the two to be 1.")
    return Workplace(RunStore(runs), cache_root(), device, jobs, devices, resume)


def carrier(
    engine: Engine, place: Workplace, *, address: str | None, workers: int | None, gpus: float | None
) -> Carrier:
    """What carries runs out, as the options say.

    Raises:
        ConfigError: The options do not go together.
    """
    from hashbench.engines import choice

    if engine is Engine.RAY:
        if place.jobs > 1 or place.devices > 1:
            raise ConfigError(
                f"--engine {engine} with --jobs or --devices: Expected --workers, which it has."
            )
        if place.device == "cpu" and gpus is None:
            gpus = 0
    return choice.carrier(engine, address, workers, gpus)


def carry_out(
    grids: Sequence[Grid], preparer: Preparer, place: Workplace, carrier: Carrier, report: Progress
) -> Outcome:
    """Look every run of the grids up, and carry out those that the store lacks.

    Raises:
        HashbenchError: A run that was asked for cannot be prepared, or none of them leaves a record.
    """
    from hashbench.runs import grid
    from hashbench.runs.span import span

    prepared = span(grids, preparer, report)
    outcome = grid.carry_out(prepared, place, preparer.plugins, report, carrier)
    if outcome.failures and not outcome.records:
        first, *others = outcome.failures
        for failure in others:
            report.note(f"{failure.run_id} failed: {outcome.why(failure)}")
        raise HashbenchError(outcome.why(first))
    return outcome


def tell(outcome: Outcome, report: Progress) -> None:
    """Say how many runs there are, and which failed."""
    if outcome.asked > 1:
        report.note(outcome.summary())
    for failure in outcome.failures:
        report.note(f"{failure.run_id} failed: {outcome.why(failure)}")


def leave(outcome: Outcome) -> None:
    """End with the status that says whether some of the runs failed."""
    if outcome.failures:
        raise typer.Exit(SOME_FAILED)
