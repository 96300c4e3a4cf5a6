"""`hashbench runs`: what is in a run store; look at it, prove it whole, score it again, take from it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hashbench.cli.options import DEFAULT_STORE, DataRoot, Runs
from hashbench.cli.output import Format, print_rows
from hashbench.cli.selecting import (
    Backbones,
    Bits,
    Datasets,
    Methods,
    Noises,
    Protocols,
    Supervisions,
    selection,
)
from hashbench.errors import ConfigError, HashbenchError, StoreError

if TYPE_CHECKING:
    from hashbench.runs.rescore import Rescored
    from hashbench.runs.store import RunStore

app = typer.Typer(help="List, show, verify, rescore and remove stored runs.", no_args_is_help=True)

Some = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN]...", help="Ids of runs, or how they alone begin; all where none is named."
    ),
]
Output = Annotated[Format, typer.Option("--format", help="How to print it.")]

SOMETHING_WRONG = 1
# Of runs to be removed, as many are named.
_NAMED = 10


@app.command("list")
def list_runs(
    dataset: Datasets = None,
    protocol: Protocols = None,
    bits: Bits = None,
    noise: Noises = None,
    supervision: Supervisions = None,
    method: Methods = None,
    backbone: Backbones = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="The runs that failed and have not succeeded since.")
    ] = False,
    unfinished: Annotated[
        bool,
        typer.Option("--unfinished", help="All runs whose training was interrupted, and can go on."),
    ] = False,
    runs: Runs = DEFAULT_STORE,
    output: Output = Format.TABLE,
) -> None:
    """List the runs of a store: score, size on the disk, and when each was made; all else as JSON."""
    import pandas as pd

    from hashbench.progress import on_stderr
    from hashbench.reports.run_sheet import entry, failed_entry, failed_rows, listed_rows
    from hashbench.runs.store import RunStore

    store = RunStore(runs)
    store.folders()  # there has to be a store
    if unfinished:
        _list_unfinished(store, output)
        return
    if failed:
        entries = [failed_entry(failure) for failure in store.failures()]
    else:
        entries = [entry(record) for record in store.records(on_stderr())]
    if entries or not failed:
        frame = pd.DataFrame(entries)
        frame["own size"] = frame.get("own_size", False)
        chosen = selection(
            bits,
            dataset=dataset,
            protocol=protocol,
            noise=noise,
            supervision=supervision,
            method=method,
            backbone=backbone,
        ).of(frame)
        entries = [entries[place] for place in chosen.index]
    if output is Format.JSON:
        _print_json(entries)
    elif entries:
        table = failed_rows(entries) if failed else listed_rows(entries)
        print_rows(table.headings, table.rows, whole=True)
    else:
        sys.stderr.write(f"no run of {str(runs)!r} has failed\n")


def _list_unfinished(store: RunStore, output: Format) -> None:
    """The checkpoints of a store."""
    from hashbench.reports.run_sheet import unfinished_entry, unfinished_rows

    entries = [unfinished_entry(path) for path in store.checkpoints()]
    if output is Format.JSON:
        _print_json(entries)
    elif entries:
        table = unfinished_rows(entries)
        print_rows(table.headings, table.rows, whole=True)
    else:
        sys.stderr.write(f"no run of {str(store.root)!r} was interrupted in its training\n")


@app.command()
def show(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, or how it alone begins.")],
    runs: Runs = DEFAULT_STORE,
    output: Output = Format.TABLE,
) -> None:
    """Show all that is known of a run, finished or failed."""
    from hashbench.reports.run_sheet import failure_sections, run_json, run_sections
    from hashbench.runs.folder import read_run
    from hashbench.runs.store import RunStore, full_ids

    store = RunStore(runs)
    folders = {folder.name: folder for folder in store.folders()}
    failures = {failure.run_id: failure for failure in store.failures()}
    (run_id,) = full_ids([run], [*folders, *failures])
    if run_id in failures:
        failure = failures[run_id]
        if output is Format.JSON:
            _print_json(failure.as_json())
            return
        sections = failure_sections(failure)
        printed = [failure.traceback, *failure.log]
    else:
        record = read_run(folders[run_id])
        if output is Format.JSON:
            _print_json(run_json(record))
            return
        sections, printed = run_sections(record), []
    for section in sections:
        print_rows(section.headings, section.rows)
    for text in printed:
        sys.stdout.write(f"{text.rstrip()}\n")


@app.command()
def verify(run: Some = None, runs: Runs = DEFAULT_STORE) -> None:
    """Prove that runs are whole: files, hashes, identities, codes, and means; exit 1 where one is not."""
    from hashbench.progress import on_stderr
    from hashbench.runs.store import RunStore
    from hashbench.runs.verify import verify as findings

    store = RunStore(runs)
    chosen = store.named(run) if run else store.folders()
    found = findings(store, chosen if run else None, on_stderr())
    for finding in found:
        sys.stdout.write(f"{' '.join(str(finding).split())}\n")
    if begun := store.unfinished():
        sys.stderr.write(
            f"{_counted(len(begun), 'folder is', 'folders are')} not finished: being written, or left by "
            "a process that was killed; `hashbench run` clears the latter away\n"
        )
    if found:
        broken = {finding.run_id for finding in found} & {folder.name for folder in chosen}
        verb = "is" if len(broken) == 1 else "are"
        sys.stderr.write(f"{len(broken):,} of {_counted(len(chosen), 'run', 'runs')} {verb} not whole\n")
        raise typer.Exit(SOMETHING_WRONG)
    sys.stdout.write(f"{_counted(len(chosen), 'run is', 'runs are')} whole\n")


@app.command()
def rescore(
    run: Some = None,
    data_root: DataRoot = None,
    dataset: Annotated[str | None, typer.Option(help="Runs on this data set only.")] = None,
    runs: Runs = DEFAULT_STORE,
) -> None:
    """Score runs again from their codes, with the metrics of now, beside the scores that they have."""
    from hashbench.plugins import Plugins
    from hashbench.progress import on_stderr
    from hashbench.runs.folder import read_run
    from hashbench.runs.rescore import Rescorer
    from hashbench.runs.store import RunStore

    store, report = RunStore(runs), on_stderr()
    chosen = store.named(run) if run else store.folders()
    rescorer = Rescorer(Plugins(), data_root, report)
    failed, meant = False, 0
    for folder in chosen:
        try:
            if dataset is None or read_run(folder).spec.dataset["name"] == dataset:
                meant += 1
                _say(folder.name, rescorer.rescore(folder))
        except HashbenchError as error:
            failed = True
            report.note(f"{folder.name} is not scored again: {' '.join(str(error).split())}")
    if not (meant or failed):
        on = f" on data set {dataset!r}" if dataset else ""
        raise StoreError(f"run store {str(runs)!r} holds no run{on}. Expected one or more to score again.")
    if failed:
        raise typer.Exit(SOMETHING_WRONG)


@app.command("rm")
def remove(
    run: Annotated[
        list[str] | None, typer.Argument(metavar="RUN...", help="Ids of runs, or how they alone begin.")
    ] = None,
    failed: Annotated[
        bool,
        typer.Option("--failed", help="Remove what is known of failed runs; of all where none is named."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    runs: Runs = DEFAULT_STORE,
) -> None:
    """Remove runs from a store, or what is known of failed ones."""
    from hashbench.files import remove_folder
    from hashbench.runs.folder import CONFIG, HASHES
    from hashbench.runs.store import RunStore, full_ids

    store = RunStore(runs)
    marks = (CONFIG, HASHES)
    folders = {
        folder.name: folder
        for folder in store.folders()
        # Nothing but runs is removed, damaged ones too.
        if not failed and any((folder / name).exists() for name in marks)
    }
    failures = [path.stem for path in store.failure_files() if path.stem not in folders]
    unfinished = [] if failed else [path.stem for path in store.checkpoints()]
    if not run and not failed:
        raise ConfigError("nothing is named that should be removed. Expected ids of runs, or --failed.")
    gone = full_ids(run, {*folders, *failures, *unfinished}) if run else failures
    if gone and not yes:
        _ask(gone, runs)
    for run_id in gone:
        if run_id in folders:
            remove_folder(folders[run_id])
        store.forget(run_id)
        if not failed:
            store.drop_checkpoint(run_id)
    what = "what is known of " if failed else ""
    kind = "failed run" if failed else "run"
    sys.stderr.write(f"removed {what}{_counted(len(gone), kind, f'{kind}s')}\n")


def _say(run_id: str, outcome: Rescored) -> None:
    """One line about a run that was scored again."""
    from hashbench.metrics.presets import SUITE
    from hashbench.reports.leaderboard import main_metric

    said = "unchanged"
    if outcome.changed:
        main = main_metric(SUITE)
        before = outcome.before.scores[outcome.before.primary].get(SUITE.name, {}).get(main, 0.0)
        after = outcome.after.metrics(SUITE.name)[main]
        moved = f"{before:.4f} -> {after:.4f}" if after != before else f"{after:.4f} as before"
        said = f"scored again, {main} {moved}"
    if outcome.kept:
        said += f"; by {', '.join(outcome.kept)} as it was, for want of the database's embeddings"
    sys.stdout.write(f"{run_id}: {said}\n")
    sys.stdout.flush()


def _ask(gone: list[str], runs: Path) -> None:
    """Let a person say yes.

    Raises:
        ConfigError: There is nobody to ask, or the answer is no.
    """
    more = f" and {len(gone) - _NAMED:,} more" if len(gone) > _NAMED else ""
    named = ", ".join(gone[:_NAMED]) + more
    if not sys.stdin.isatty():
        raise ConfigError(
            f"{_counted(len(gone), 'run', 'runs')} of {str(runs)!r} would be removed: {named}. "
            "Expected --yes where nobody can be asked."
        )
    if not typer.confirm(f"Remove {_counted(len(gone), 'run', 'runs')}: {named}?", err=True):
        raise ConfigError("nothing was removed. Expected yes.")


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def _counted(count: int, one: str, several: str) -> str:
    """A number of things in words.

    >>> _counted(1, "run is", "runs are"), _counted(1200, "run is", "runs are")
    ('1 run is', '1,200 runs are')
    """
    return f"{count:,} {one if count == 1 else several}"
