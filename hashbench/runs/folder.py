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
from hashbench.errors import StoreError, reason
from hashbench.files import settle
from hashbench.metrics.presets import SUITE
from hashbench.runs.record import RunRecord
from hashbench.runs.spec import RUN_VERSION

if TYPE_CHECKING:
    import pandas as pd

HASHES = "files.json"
CONFIG = "config.json"
ENVIRONMENT = "environment.json"
SPLIT = "split.json"
LOG = "log.txt"
CODES = "codes.npz"
HISTORY = "history.json"
RETRIEVAL = "retrieval.json"
PER_QUERY = "per_query.parquet"
METRICS = "metrics.json"
MODEL = "model.safetensors"
# In it, a folder for each time that the run was scored again; the last one counts.
RESCORED = "rescored"
# What each such folder holds, and what a run's holds.
SCORE_FILES = frozenset({METRICS, PER_QUERY, RETRIEVAL})
RUN_FILES = SCORE_FILES | {CONFIG, ENVIRONMENT, SPLIT, CODES, MODEL, HISTORY, LOG}


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


class OtherVersionError(StoreError):
    """A run whose identity another version of the core made: the two do not compare."""


def column(distance: str, metric: str, preset: str = SUITE.name) -> str:
    """The name of a metric's column of a query each.

    >>> column("hamming", "map@all"), column("hamming", "map@all", "trec")
    ('hamming.map@all', 'trec:hamming.map@all')
    """
    return f"{distance}.{metric}" if preset == SUITE.name else f"{preset}:{distance}.{metric}"


def parsed_column(name: str) -> tuple[str, str, str]:
    """Metric preset, distance and metric of a column: the inverse.

    >>> parsed_column("hamming.map@all"), parsed_column("trec:hamming.map@all")
    (('hashbench', 'hamming', 'map@all'), ('trec', 'hamming', 'map@all'))
    """
    preset, _, rest = name.rpartition(":")
    distance, _, metric = rest.partition(".")
    return preset or SUITE.name, distance, metric


def write_run(folder: Path, record: RunRecord, output: RunOutput) -> None:
    """Fill a run's folder."""
    write_files(
        folder,
        {
            CONFIG: as_json(record.config_json()),
            METRICS: as_json(record.metrics_json()),
            ENVIRONMENT: as_json(record.environment),
            SPLIT: as_json(output.split),
            CODES: lambda path: save_codes(path, output.query, output.database, output.query_embeddings),
            # Its own way to a file tells a full disk as no other does.
            MODEL: lambda path: path.write_bytes(as_safetensors(output.state)),
            PER_QUERY: as_parquet(output.per_query),
            RETRIEVAL: as_json(output.retrieval),
            HISTORY: as_json(output.history),
            LOG: lambda path: _write(path, "".join(f"{line}\n" for line in output.log)),
        },
    )


def as_safetensors(state: Mapping[str, np.ndarray]) -> bytes:
    """What a method learnt as the content of its file, in which arrays keep their shapes."""
    from safetensors.numpy import save  # noqa: PLC0415 - looking up finished runs does without

    # `ascontiguousarray` would give an array without axes one.
    return save({name: np.asarray(array, order="C") for name, array in state.items()})


def write_files(folder: Path, files: Mapping[str, Callable[[Path], object]]) -> None:
    """Write each file, for all to read, and at last the hashes of all."""
    for name, write in files.items():
        write(folder / name)
        # Some libraries write for this user alone, and a store is to be shared.
        (folder / name).chmod(0o644)
        settle(folder / name)
    hashes = {name: fingerprint.of_file(folder / name) for name in files}
    as_json(hashes)(folder / HASHES)
    (folder / HASHES).chmod(0o644)
    settle(folder / HASHES)


def check_version(folder: Path) -> None:
    """Refuse a run whose identity means something else than this version's would.

    Raises:
        OtherVersionError: Another version of the core made it.
        StoreError: What says so is missing or damaged.
    """
    try:
        version = read_json(folder, CONFIG)["spec"]["version"]
    except (KeyError, TypeError) as error:
        raise _is_damaged(folder, error) from error
    if version != RUN_VERSION:
        raise OtherVersionError(
            f"run {folder.name!r} is of run version {version}, and its numbers do not compare with those "
            f"of this hashbench. Expected {RUN_VERSION}: run it again."
        )


def read_run(folder: Path) -> RunRecord:
    """The record in a run's folder, with its newest scores.

    Raises:
        OtherVersionError: Another version of the core made it.
        StoreError: A file is missing or damaged.
    """
    check_version(folder)
    config, metrics, environment = (read_json(folder, name) for name in (CONFIG, METRICS, ENVIRONMENT))
    try:
        if (newest := scores_folder(folder)) != folder:
            metrics |= read_json(newest, METRICS)
        return RunRecord.from_json(config, metrics, environment, folder.absolute())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _is_damaged(folder, error) from error


def later_scores(folder: Path) -> list[Path]:
    """The folders of a run that was scored again, the newest last.

    Raises:
        StoreError: They are there and cannot be looked at: old scores are not to be taken for the newest.
    """
    try:
        found = [path for path in (folder / RESCORED).iterdir() if not path.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise _is_damaged(folder, error, RESCORED) from error
    return sorted(path for path in found if path.is_dir())


def scores_folder(folder: Path) -> Path:
    """Where a run's newest scores lie: its own folder, or one below it where it was scored again."""
    return [folder, *later_scores(folder)][-1]


def per_query(folder: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """The newest metrics of every query, (Q,) a column; see `column`.

    Raises:
        StoreError: The file is missing or damaged, or has no such column.
    """
    return columns_in(scores_folder(folder), columns)


def columns_in(scores: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """The same of one scoring: the first, in the run's folder, or a later one; see `per_query`."""
    import pandas as pd  # noqa: PLC0415 - looking up finished runs does without

    path = scores / PER_QUERY
    try:
        return pd.read_parquet(path, columns=columns)
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(
            f"{str(path)!r} cannot be read ({reason(error)}). Expected columns of a query each."
        ) from error


def read_json(folder: Path, name: str) -> Any:
    """One of a run's JSON files; of what queries find, the newest.

    Raises:
        StoreError: It is missing or damaged.
    """
    path = (scores_folder(folder) if name == RETRIEVAL else folder) / name
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _is_damaged(folder, error, name) from error


def _is_damaged(folder: Path, error: Exception, name: str = "") -> StoreError:
    """What there is to say of a run folder that cannot be read."""
    where = f"{name}: " if name else ""
    return StoreError(
        f"run folder {str(folder)!r} is damaged ({where}{type(error).__name__}: {reason(error)}). "
        f"Expected whole files: remove it with `hashbench runs rm {folder.name}`, and run it again."
    )


def as_json(value: Any) -> Callable[[Path], int]:
    """How to write a JSON file."""
    text = json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n"
    return lambda path: _write(path, text)


def _write(path: Path, text: str) -> int:
    # The same bytes on every system.
    return path.write_text(text, encoding="utf-8", newline="\n")


def as_parquet(columns: Mapping[str, np.ndarray]) -> Callable[[Path], object]:
    """How to write columns as a Parquet file."""
    import pandas as pd  # noqa: PLC0415 - looking up finished runs does without

    return lambda path: pd.DataFrame(dict(columns)).to_parquet(path, index=False)
