"""Carrying out many runs: what is in the store is not run again, and what fails stops no other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, redirect_stdout
from dataclasses import dataclass, replace

from hashbench.plugins import Plugins
from hashbench.progress import Progress, SilentProgress, Task
from hashbench.runs.failure import Failure
from hashbench.runs.record import RunRecord
from hashbench.runs.request import PreparedRun
from hashbench.runs.runner import Workplace, attempt
from hashbench.runs.store import FAILURES, RunStore
from hashbench.runs.workers import side_by_side
from hashbench.training.device import resolve_device

# Each run when it is over, with what is known of it where it failed.
Carried = Generator[tuple[PreparedRun, Failure | None], None, None]
# What carries runs out, wherever.
Carrier = Callable[[Iterator[PreparedRun], Workplace, Plugins, Progress], Carried]


@dataclass(frozen=True)
class Outcome:
    """What became of the runs that were asked for.

    Attributes:
        store: Where they are.
        asked: How many there were to be.
        done: How many were carried out.
        records: Of those that there are, in the order in which they were asked for.
        failures: Those that failed.
    """

    store: RunStore
    asked: int
    done: int
    records: list[RunRecord]
    failures: list[Failure]

    def summary(self) -> str:
        """In one line."""
        there = self.asked - self.done - len(self.failures)
        return f"{self.asked} runs: {self.done} done, {there} from the store, {len(self.failures)} failed"

    def why(self, failure: Failure) -> str:
        """Why a run failed, and for a bug where its traceback is."""
        if not failure.traceback:
            return failure.error
        path = self.store.root / FAILURES / f"{failure.run_id}.json"
        name = failure.spec["method"]["name"]
        return f"{failure.error}. That is a bug of method {name!r}; its traceback is in {str(path)!r}."


def here(runs: Iterator[PreparedRun], place: Workplace, plugins: Plugins, progress: Progress) -> Carried:
    """Carry runs out on this machine, in as many worker processes as the place has jobs.

    Raises:
        ConfigError: There is no such device here.
    """
    place = replace(place, device=resolve_device(place.device))
    if place.jobs > 1:
        return side_by_side(runs, place, progress)
    return _one_by_one(runs, place, plugins, progress)


def carry_out(
    runs: Sequence[PreparedRun],
    place: Workplace,
    plugins: Plugins,
    progress: Progress,
    carrier: Carrier = here,
) -> Outcome:
    """Carry out every run that the store does not have.

    A run that fails is recorded in the store, and the others go on.

    Args:
        runs: What was asked for, each once.
        place: Where; its `jobs` say how many worker processes there are, 1 for none but this one.
        plugins: What is installed; workers find the same.
        progress: Where to report.
        carrier: What carries out those that are missing.

    Raises:
        StoreError: The store cannot be written, or a record in it is damaged.
    """
    store = place.store
    store.prepare()
    missing = [run for run in runs if not store.find(run.spec)]
    if len(runs) > 1:
        progress.note(f"{len(runs)} runs, {len(runs) - len(missing)} of them in the store")
    elif not missing:
        progress.note(f"{runs[0].spec.run_id()} is in the store")
    done, failures = 0, list[Failure]()
    if missing:
        done, failures = _follow(
            lambda left: carrier(left, place, plugins, progress), missing, len(runs), store, progress
        )
    records = [record for run in runs if (record := store.find(run.spec))]
    return Outcome(store, len(runs), done, records, failures)


def _follow(
    carry: Callable[[Iterator[PreparedRun]], Carried],
    missing: list[PreparedRun],
    asked: int,
    store: RunStore,
    progress: Progress,
) -> tuple[int, list[Failure]]:
    """Carry out what is missing; return how many runs were done, and those that failed."""
    done, failures, there = 0, [], asked - len(missing)
    # One run is no grid to look over.
    shown = progress if len(missing) > 1 else SilentProgress()
    with (
        shown.task(_overview(there, 0), len(missing)) as task,
        closing(carry(_left(missing, store, task))) as carried,
    ):
        for run, failure in carried:
            # Another process may have done meanwhile what failed here.
            if failure and not store.find(run.spec):
                failures.append(failure)
                store.fail(failure)
                task.describe(_overview(there, len(failures)))
            else:
                done += 1
            task(1)
    return done, failures


def _left(missing: Sequence[PreparedRun], store: RunStore, task: Task) -> Iterator[PreparedRun]:
    """The runs, one by one, but not those that another process has stored meanwhile."""
    for run in missing:
        if store.find(run.spec):
            task(1)
        else:
            yield run


def _one_by_one(
    runs: Iterator[PreparedRun], place: Workplace, plugins: Plugins, progress: Progress
) -> Carried:
    """Carry runs out in this process, one after the other."""
    for run in runs:
        # Standard output is for results, whatever a plugin prints.
        with progress.task(run.spec.run_id(), None), redirect_stdout(sys.stderr):
            mishap = attempt(run, place, plugins, progress)
        yield run, mishap.failure(run, place.environment()) if mishap else None


def _overview(there: int, failed: int) -> str:
    """What stands before the bar of all runs."""
    parts = ["runs"]
    if there:
        parts.append(f"{there} in the store")
    if failed:
        parts.append(f"{failed} failed")
    return ", ".join(parts)
