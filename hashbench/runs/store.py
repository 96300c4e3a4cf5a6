"""The run store: one immutable folder a run, written whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hashbench.errors import StoreError, UnknownNameError, reason
from hashbench.files import clear_abandoned, require_writable, whole_file, whole_folder
from hashbench.runs.failure import Failure
from hashbench.runs.folder import RunOutput, as_json, read_run, write_run
from hashbench.runs.record import RunRecord
from hashbench.runs.spec import RunSpec

# Beside the run folders: a file for each run that failed and has not succeeded since.
FAILURES = "failures"


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
        clear_abandoned(self.root)

    def find(self, spec: RunSpec) -> RunRecord | None:
        """The record of a run of that identity, if it was made before."""
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
        found = (path for path in self.root.iterdir() if path.is_dir() and not path.name.startswith("."))
        return sorted(path for path in found if path.name != FAILURES)

    def records(self) -> Iterator[RunRecord]:
        """Every record, by folder name.

        Raises:
            StoreError: The folder does not exist, or a record in it is damaged.
        """
        for folder in self.folders():
            if (folder / "config.json").is_file():
                yield read_run(folder)

    def select(self, names: list[str]) -> list[RunRecord]:
        """The records of those run ids, or of ids that begin so.

        Raises:
            UnknownNameError: No run's id begins like one of the names.
            StoreError: Several do; or a record is damaged.
        """
        folders = {folder.name: folder for folder in self.folders()}
        chosen: list[Path] = []
        for name in names:
            alike = [name] if name in folders else [known for known in folders if known.startswith(name)]
            if not alike:
                raise UnknownNameError("run", name, folders)
            if len(alike) > 1:
                raise StoreError(f"run {name!r} is ambiguous: {', '.join(alike)}. Expected more of its id.")
            chosen.append(folders[alike[0]])
        return [read_run(folder) for folder in dict.fromkeys(chosen)]

    def add(self, record: RunRecord, output: RunOutput) -> RunRecord:
        """Write a run's folder and give it its name when it is whole.

        Raises:
            StoreError: The disk refuses.
        """
        folder = (self.root / record.spec.run_id()).absolute()
        with whole_folder(folder) as partial:
            write_run(partial, record, output)
        self._failure(record.spec.run_id()).unlink(missing_ok=True)
        return replace(record, folder=folder)

    def remove(self, record: RunRecord) -> None:
        """Take a run out of the store: at once for every reader, though its files go one by one.

        Raises:
            StoreError: The disk refuses, or the record is not stored.
        """
        if record.folder is None:
            raise StoreError(f"run {record.spec.run_id()!r} is not stored.")
        gone = record.folder.with_name(f".{record.folder.name}.removed")
        try:
            record.folder.rename(gone)
            shutil.rmtree(gone)
        except OSError as error:
            raise StoreError(f"cannot remove {str(record.folder)!r}: {reason(error)}.") from error

    def fail(self, failure: Failure) -> None:
        """Keep what is known of a run that failed, until it succeeds.

        Raises:
            StoreError: The disk refuses.
        """
        with whole_file(self._failure(failure.run_id)) as partial:
            as_json(failure.as_json())(partial)

    def failures(self) -> list[Failure]:
        """What is known of the runs that failed and have not succeeded since, by run id.

        Raises:
            StoreError: One of the files is damaged.
        """
        found = []
        for path in sorted((self.root / FAILURES).glob("[!.]*.json")):
            try:
                failure = Failure(**json.loads(path.read_text()))
            except (OSError, ValueError, TypeError) as error:
                raise StoreError(f"{str(path)!r} is damaged ({error}). Remove it.") from error
            # In a merged store, it may have succeeded elsewhere.
            if not (self.root / failure.run_id).is_dir():
                found.append(failure)
        return found

    def _failure(self, run_id: str) -> Path:
        return self.root / FAILURES / f"{run_id}.json"
