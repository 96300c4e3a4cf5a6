"""A run's folder: its files, how they are written and read, and the hashes that prove them whole.

Q = queries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hashbench import fingerprint
from hashbench.codes.storage import Codes, save_codes
from hashbench.errors import StoreError
from hashbench.runs.record import RunRecord

if TYPE_CHECKING:
    import pandas as pd

HASHES = "files.json"
CODES = "codes.npz"
HISTORY = "history.json"
RETRIEVAL = "retrieval.json"
PER_QUERY = "per_query.parquet"
METRICS = "metrics.json"
# In it, a folder for each time that the run was scored again; the last one counts.
RESCORED = "rescored"


@dataclass(frozen=True)
class RunOutput:
    """What a run leaves besides its record.

    Attributes:
        query: Codes of the queries.
        database: Codes of the database.
        query_embeddings: float32 (Q, D) where asymmetric distances need them, else None.
        state: What the method learnt.
        per_query: Columns of per-query metrics, each (Q,); see `Evaluation`.
        retrieval: What some of the queries find; see `Evaluation`.
        split: The split's manifest.
        history: Points of the learning curves: `phase`, `iteration`, and values by name.
        log: What the run reported, line by line.
    """

    query: Codes
    database: Codes
    query_embeddings: np.ndarray | None
    state: dict[str, np.ndarray]
    per_query: dict[str, np.ndarray]
    retrieval: dict[str, Any]
    split: dict[str, Any]
    history: list[dict[str, Any]]
    log: list[str]


def write_run(folder: Path, record: RunRecord, output: RunOutput) -> None:
    """Fill a run's folder."""
    from safetensors.numpy import save_file  # noqa: PLC0415 - looking up finished runs does without

    contiguous = {name: np.ascontiguousarray(array) for name, array in output.state.items()}
    write_files(
        folder,
        {
            "config.json": as_json(record.config_json()),
            METRICS: as_json(record.metrics_json()),
            "environment.json": as_json(record.environment),
            "split.json": as_json(output.split),
            CODES: lambda path: save_codes(path, output.query, output.database, output.query_embeddings),
            "model.safetensors": lambda path: save_file(contiguous, path),
            PER_QUERY: as_parquet(output.per_query),
            RETRIEVAL: as_json(output.retrieval),
            HISTORY: as_json(output.history),
            "log.txt": lambda path: path.write_text("".join(f"{line}\n" for line in output.log)),
        },
    )


def write_files(folder: Path, files: Mapping[str, Callable[[Path], object]]) -> None:
    """Write each file, and at last the hashes of all."""
    for name, write in files.items():
        write(folder / name)
    hashes = {name: fingerprint.of_file(folder / name) for name in files}
    as_json(hashes)(folder / HASHES)


def read_run(folder: Path) -> RunRecord:
    """The record in a run's folder, with its newest scores.

    Raises:
        StoreError: A file is missing or damaged.
    """
    names = ("config.json", METRICS, "environment.json")
    try:
        config, metrics, environment = (json.loads((folder / name).read_text()) for name in names)
        if (newest := scores_folder(folder)) != folder:
            metrics |= json.loads((newest / METRICS).read_text())
        return RunRecord.from_json(config, metrics, environment, folder.absolute())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"run folder {str(folder)!r} is damaged ({type(error).__name__}: {error}). "
            "Remove it and run again."
        ) from error


def scores_folder(folder: Path) -> Path:
    """Where a run's newest scores lie: its own folder, or one below it where it was scored again."""
    again = sorted(path for path in (folder / RESCORED).glob("[!.]*") if path.is_dir())
    return again[-1] if again else folder


def per_query(folder: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """The newest metrics of every query, (Q,) a column; see `Evaluation`.

    Raises:
        StoreError: The file is missing or damaged, or has no such column.
    """
    import pandas as pd  # noqa: PLC0415 - looking up finished runs does without

    path = scores_folder(folder) / PER_QUERY
    try:
        return pd.read_parquet(path, columns=columns)
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"{str(path)!r} cannot be read ({type(error).__name__}: {error}).") from error


def read_json(folder: Path, name: str) -> Any:
    """One of a run's files: `history.json`, `retrieval.json`, `split.json`.

    Raises:
        StoreError: It is missing or damaged.
    """
    try:
        return json.loads((folder / name).read_text())
    except (OSError, ValueError) as error:
        raise StoreError(f"{str(folder / name)!r} cannot be read ({error}).") from error


def as_json(value: Any) -> Callable[[Path], int]:
    """How to write a JSON file."""
    text = json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n"
    return lambda path: path.write_text(text)


def as_parquet(columns: Mapping[str, np.ndarray]) -> Callable[[Path], object]:
    """How to write columns as a Parquet file."""
    import pandas as pd  # noqa: PLC0415 - looking up finished runs does without

    return lambda path: pd.DataFrame(dict(columns)).to_parquet(path, index=False)
