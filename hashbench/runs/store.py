"""The run store: one immutable folder a run, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hashbench.codes.storage import Codes, save_codes
from hashbench.errors import StoreError
from hashbench.files import require_writable, whole_folder
from hashbench.runs.record import RunRecord
from hashbench.runs.spec import RunSpec


@dataclass(frozen=True)
class RunOutput:
    """The arrays that a run leaves besides its record.

    Attributes:
        query: Codes of the queries.
        database: Codes of the database.
        query_embeddings: float32 (Q, D) where asymmetric distances need them, else None.
        state: What the method learnt.
        per_query: Columns of per-query metrics, each (Q,).
        split: The split's manifest.
        log: What the run reported, line by line.
    """

    query: Codes
    database: Codes
    query_embeddings: np.ndarray | None
    state: dict[str, np.ndarray]
    per_query: dict[str, np.ndarray]
    split: dict[str, Any]
    log: list[str]


class RunStore:
    """A folder of run folders; it can be copied, and two processes may write to it at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> None:
        """Fail early where records could not be written.

        Raises:
            StoreError: The folder cannot be created or written to.
        """
        require_writable(self.root)

    def find(self, spec: RunSpec) -> RunRecord | None:
        """The record of a run of that identity, if it was made before."""
        folder = self.root / spec.run_id()
        record = self._read(folder) if folder.is_dir() else None
        return record if record and record.spec.key() == spec.key() else None

    def records(self) -> Iterator[RunRecord]:
        """Every record, by folder name.

        Raises:
            StoreError: The folder does not exist, or a record in it is damaged.
        """
        if not self.root.is_dir():
            raise StoreError(
                f"no run store at {str(self.root)!r}. Expected a folder that `hashbench run` has filled."
            )
        for folder in sorted(self.root.iterdir()):
            if (folder / "config.json").is_file() and not folder.name.startswith("."):
                yield self._read(folder)

    def add(self, record: RunRecord, output: RunOutput) -> RunRecord:
        """Write a run's folder and give it its name when it is whole.

        Raises:
            StoreError: The disk refuses.
        """
        folder = (self.root / record.spec.run_id()).absolute()
        with whole_folder(folder) as partial:
            for name, write in _files(record, output).items():
                write(partial / name)
        return replace(record, folder=folder)

    @staticmethod
    def _read(folder: Path) -> RunRecord:
        names = ("config.json", "metrics.json", "environment.json")
        try:
            config, metrics, environment = (json.loads((folder / n).read_text()) for n in names)
            return RunRecord.from_json(config, metrics, environment, folder.absolute())
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"run folder {str(folder)!r} is damaged ({type(error).__name__}: {error}). "
                "Remove it and run again."
            ) from error


def _files(record: RunRecord, output: RunOutput) -> dict[str, Callable[[Path], object]]:
    """How to write each file of a run folder."""
    import pandas as pd  # noqa: PLC0415 - looking up finished runs does without
    from safetensors.numpy import save_file  # noqa: PLC0415

    contiguous = {name: np.ascontiguousarray(array) for name, array in output.state.items()}
    return {
        "config.json": _json(record.config_json()),
        "metrics.json": _json(record.metrics_json()),
        "environment.json": _json(record.environment),
        "split.json": _json(output.split),
        "codes.npz": lambda path: save_codes(path, output.query, output.database, output.query_embeddings),
        "model.safetensors": lambda path: save_file(contiguous, path),
        "per_query.parquet": lambda path: pd.DataFrame(output.per_query).to_parquet(path, index=False),
        "log.txt": lambda path: path.write_text("".join(f"{line}\n" for line in output.log)),
    }


def _json(value: Any) -> Callable[[Path], int]:
    text = json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n"
    return lambda path: path.write_text(text)
