"""The run store: one immutable folder a run, written whole or not at all."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from hashbench.errors import StoreError, reason
from hashbench.files import (
    clear_abandoned,
    remove_file,
    remove_folder,
    require_writable,
    settle,
    unfinished,
    whole_file,
    whole_folder,
)
from hashbench.progress import Progress
from hashbench.runs.failure import Failure, read_failure
from hashbench.runs.folder import (
    CONFIG,
    RESCORED,
    OtherVersionError,
    RunOutput,
    as_json,
    read_run,
    write_run,
)
from hashbench.runs.record import RunRecord
from hashbench.runs.spec import RunSpec

# Beside the run folders: a file for each run that failed and has not succeeded since, ...
FAILURES = "failures"
# ... and one for each whose training was interrupted, with all that it takes to go on.
CHECKPOINTS = "checkpoints"


class RunStore:
    """A folder of run folders; it can be copied and merged, and many processes may write to it at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> None:
        """Fail early where records could not be written, and clear away what killed processes left.

        Raises:
            StoreError: The folder cannot be created or written to.
        """
        require_writable(self.root)
        for place in self._written_to():
            clear_abandoned(place)

    def unfinished(self) -> list[Path]:
        """What writers have begun and not finished, or were killed over."""
        return [path for place in self._written_to() for path in unfinished(place)]

    def find(self, spec: RunSpec) -> RunRecord | None:
        """The record of a run of that identity, if it was made before.

        Raises:
            StoreError: It is damaged.
        """
        folder = self.root / spec.run_id()
        record = read_run(folder) if folder.is_dir() else None
        return record if record and record.spec.key() == spec.key() else None

    def folders(self) -> list[Path]:
        """Every run folder, by name; whether it is whole has to be seen.

        Raises:
            StoreError: There is no such store.
        """
        if not self.root.is_dir():
            raise StoreError(
                f"no run store at {str(self.root)!r}. Expected a folder that `hashbench run` has filled."
            )
        try:
            found = [path for path in self.root.iterdir() if path.is_dir() and path.name[0] != "."]
        except OSError as error:
            raise StoreError(
                f"run store {str(self.root)!r} cannot be read: {reason(error)}. "
                "Expected a folder that this user may list."
            ) from error
        return sorted(path for path in found if path.name not in {FAILURES, CHECKPOINTS})

    def records(self, progress: Progress | None = None) -> Iterator[RunRecord]:
        """Every record, by folder name; runs of another version of the core are left out.

        Args:
            progress: Who is told how many were left out, and which are damaged and left out, too. Where
                nobody is told, a damaged record is an error.

        Raises:
            StoreError: The folder does not exist, a record in it is damaged and nobody is told, or all are.
        """
        others, read, damaged = 0, 0, list[StoreError]()
        for folder in self.folders():
            if not (folder / CONFIG).is_file():
                continue
            try:
                record = read_run(folder)
                _require_name(folder, record)
            except OtherVersionError:
                others += 1
            except StoreError as error:
                # Another process may have removed it just now.
                if folder.is_dir():
                    if progress is None:
                        raise
                    damaged.append(error)
                    progress.notice(
                        f"run {folder.name} is damaged and left out: `hashbench runs verify {folder.name}` "
                        f"says what is wrong, `hashbench runs rm {folder.name}` removes it."
                    )
            else:
                read += 1
                yield record
        if damaged and not read:
            raise damaged[0]
        if others and progress is not None:
            progress.notice(
                f"{others:,} of the runs in {str(self.root)!r} were made by another run version and are "
                "left out; `hashbench runs verify` names them."
            )

    def select(self, names: Iterable[str]) -> list[RunRecord]:
        """The records of those run ids, or of ids that begin so.

        Raises:
            StoreError: No run's id begins like one of the names, or several do; or a record is damaged, or
                of another version.
        """
        return [read_run(folder) for folder in self.named(names)]

    def named(self, names: Iterable[str]) -> list[Path]:
        """The folders of those run ids, or of ids that begin so, each once; see `select`."""
        folders = {folder.name: folder for folder in self.folders()}
        return [folders[run_id] for run_id in full_ids(names, folders)]

    def folder(self, name: str) -> Path:
        """The folder of one run: `name` is its id, what its id begins with, or the folder itself."""
        if (Path(name) / CONFIG).is_file():
            return Path(name)
        return self.named([name])[0]

    def add(self, record: RunRecord, output: RunOutput) -> RunRecord:
        """Write a run's folder and give it its name when it is whole.

        Raises:
            StoreError: The disk refuses.
        """
        folder = (self.root / record.spec.run_id()).absolute()
        with whole_folder(folder) as partial:
            write_run(partial, record, output)
        self.forget(record.spec.run_id())
        return replace(record, folder=folder)

    def adopt(self, spec: RunSpec, files: Mapping[str, bytes]) -> RunRecord:
        """Take in a run's folder that was written in another store, which this process need not reach.

        Args:
            spec: The run's identity.
            files: What its files hold, by name.

        Raises:
            StoreError: The disk refuses, or the files are not a whole run.
        """
        folder = (self.root / spec.run_id()).absolute()
        with whole_folder(folder) as partial:
            for name, content in files.items():
                (partial / name).write_bytes(content)
                (partial / name).chmod(0o644)
                settle(partial / name)
            read_run(partial)
        self.forget(spec.run_id())
        self.drop_checkpoint(spec.run_id())
        return read_run(folder)

    def remove(self, record: RunRecord) -> None:
        """Take a run out of the store.

        Raises:
            StoreError: The disk refuses, or the record is not stored.
        """
        if record.folder is None:
            raise StoreError(f"run {record.spec.run_id()!r} is not stored. Expected a record of a store.")
        remove_folder(record.folder)

    def fail(self, failure: Failure) -> None:
        """Keep what is known of a run that failed, until it succeeds.

        Raises:
            StoreError: The disk refuses.
        """
        with whole_file(self._failure(failure.run_id)) as partial:
            as_json(failure.as_json())(partial)

    def failures(self, progress: Progress | None = None) -> list[Failure]:
        """What is known of the runs that failed and have not succeeded since, by run id.

        Args:
            progress: Who is told which files are damaged and left out. Where nobody is told, a damaged file
                is an error.

        Raises:
            StoreError: One of the files is damaged and nobody is told.
        """
        known = []
        for path in self.failure_files():
            try:
                known.append(read_failure(path))
            except StoreError as error:
                if progress is None:
                    raise
                progress.notice(f"left out: {error}")
        # In a merged store, a run may have succeeded elsewhere.
        return [failure for failure in known if not (self.root / failure.run_id).is_dir()]

    def failure_files(self) -> list[Path]:
        """The files about runs that failed, by run id: also of those that have succeeded elsewhere."""
        return sorted((self.root / FAILURES).glob("[!.]*.json"))

    def drop_checkpoint(self, run_id: str) -> None:
        """Remove what a run whose training was interrupted would go on from, if there is anything.

        Raises:
            StoreError: The disk refuses.
        """
        remove_file(self.checkpoint(run_id))

    def forget(self, run_id: str) -> None:
        """Remove what is known of a run that failed, if there is anything.

        Raises:
            StoreError: The disk refuses.
        """
        remove_file(self._failure(run_id))

    def checkpoint(self, run_id: str) -> Path:
        """The file in which a run keeps how far its training is; there while it is not over."""
        return self.root / CHECKPOINTS / f"{run_id}.pt"

    def checkpoints(self) -> list[Path]:
        """Those that there are, by run id."""
        return sorted((self.root / CHECKPOINTS).glob("[!.]*.pt"))

    def _failure(self, run_id: str) -> Path:
        return self.root / FAILURES / f"{run_id}.json"

    def _written_to(self) -> list[Path]:
        """Every folder in which something is written under a temporary name."""
        return [
            self.root,
            self.root / FAILURES,
            self.root / CHECKPOINTS,
            *sorted(self.root.glob(f"[!.]*/{RESCORED}")),
        ]


def full_ids(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """The run ids that are one of the names or begin like it, each once.

    Raises:
        StoreError: No run's id begins like one of the names, or several do.

    >>> full_ids(["lsh_8b", "itq"], ["itq_16b_toys", "lsh_8b_toys", "lsh_16b_toys"])
    ['lsh_8b_toys', 'itq_16b_toys']
    """
    ids = sorted(known)
    chosen = []
    for name in names:
        alike = [name] if name in ids else [run_id for run_id in ids if run_id.startswith(name)]
        if not alike:
            close = difflib.get_close_matches(name, ids, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise StoreError(
                f"no run {name!r} is in the store.{hint} Expected an id of `hashbench runs list`."
            )
        if len(alike) > 1:
            raise StoreError(
                f"run {name!r} is ambiguous: {', '.join(alike)}. Expected one id, or how it alone begins."
            )
        chosen += alike
    return list(dict.fromkeys(chosen))


def _require_name(folder: Path, record: RunRecord) -> None:
    """Refuse a run in a folder of another name: a copy, which would count as a run of its own.

    Raises:
        StoreError: It is one.
    """
    if folder.name != record.spec.run_id():
        raise StoreError(
            f"folder {folder.name!r} holds run {record.spec.run_id()!r}. Expected a folder of that name."
        )
