"""Proof that runs are whole: each file is the one that was written, and says what the others say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hashbench import fingerprint
from hashbench.codes.storage import load_codes
from hashbench.errors import HashbenchError, StoreError, reason
from hashbench.progress import Progress, SilentProgress
from hashbench.runs.failure import read_failure
from hashbench.runs.folder import (
    CODES,
    CONFIG,
    HASHES,
    METRICS,
    PER_QUERY,
    RESCORED,
    RUN_FILES,
    SCORE_FILES,
    check_version,
    columns_in,
    later_scores,
    parsed_column,
    read_json,
    read_run,
)
from hashbench.runs.record import RunRecord
from hashbench.runs.spec import RunSpec
from hashbench.runs.store import FAILURES, RunStore

# Means are sums of the same numbers, on another machine perhaps in another order.
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a run.

    Attributes:
        run_id: The run's folder; `failures` where it is about what is known of a failed run.
        file: In it, with `/`; empty where it is about the folder.
        problem: What is wrong, and what was expected.
    """

    run_id: str
    file: str
    problem: str

    def __str__(self) -> str:
        return f"{self.run_id}{f'/{self.file}' if self.file else ''}: {self.problem}"


def verify(
    store: RunStore, folders: Sequence[Path] | None = None, progress: Progress | None = None
) -> list[Finding]:
    """Everything that is wrong with some runs of a store, or with all and with what is known of failures.

    Folders that killed writers left are no runs yet, and nothing is wrong with them.

    Args:
        store: The store.
        folders: The folders of the runs to look at; None for all.
        progress: Where to report.

    Raises:
        StoreError: There is no such store.
    """
    found: list[Finding] = []
    looked_at = store.folders() if folders is None else folders
    with (progress or SilentProgress()).task("verifying runs", len(looked_at)) as advance:
        for folder in looked_at:
            found += verify_run(folder)
            advance(1)
    if folders is None:
        found += _failures(store)
    return found


def verify_run(folder: Path) -> list[Finding]:
    """What is wrong with a run: its files first; what they say is looked at where these are whole."""
    about = folder.name
    try:
        again = later_scores(folder)
        check_version(folder)
        found = [Finding(about, file, problem) for file, problem in damaged(folder)]
        for scores in again:
            found += [
                Finding(about, f"{RESCORED}/{scores.name}/{file}", problem)
                for file, problem in damaged(scores)
            ]
        if not found:
            record = read_run(folder)
            said = [*_identity(folder, record), *_codes(folder, record), *_means(folder, record)]
            for scores in again:
                said += [(f"{RESCORED}/{scores.name}/{f}", text) for f, text in _rescored(scores, record)]
            found = [Finding(about, file, problem) for file, problem in said]
    except HashbenchError as error:
        return [Finding(about, "", str(error))]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return [
            Finding(about, "", f"does not say what runs say ({reason(error)}). Expected a run's files.")
        ]
    return found


def _failures(store: RunStore) -> Iterator[Finding]:
    """What is wrong with the files about failed runs."""
    for path in store.failure_files():
        try:
            read_failure(path)
        except StoreError as error:
            yield Finding(FAILURES, path.name, str(error))


def damaged(folder: Path) -> Iterator[tuple[str, str]]:
    """The files of a folder that are not those that its hashes name, and what is wrong with each."""
    try:
        hashes = read_json(folder, HASHES)
        wanted = {str(name): str(value) for name, value in hashes.items()}
    except (StoreError, AttributeError) as error:
        yield HASHES, f"cannot be read ({error}). Expected the SHA-256 of each file by its name."
        return
    files = [path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir()]
    # A folder of later scores has hashes of its own.
    present = {file.as_posix() for file in files if len(file.parts) < 3 or file.parts[0] != RESCORED}
    needed = SCORE_FILES if folder.parent.name == RESCORED else RUN_FILES
    for name in sorted(needed - wanted.keys()):
        yield name, f"is not named in {HASHES}. Expected its SHA-256 there."
    for name in sorted(wanted.keys() - present):
        yield name, f"is missing. Expected a file with SHA-256 {wanted[name]}."
    for name in sorted(present - wanted.keys() - {HASHES}):
        yield name, f"is not named in {HASHES}. Expected no such file."
    for name in sorted(wanted.keys() & present):
        try:
            actual = fingerprint.of_file(folder / name)
        except OSError as error:
            yield name, f"cannot be read ({error}). Expected SHA-256 {wanted[name]}."
        else:
            if actual != wanted[name]:
                yield name, f"has SHA-256 {actual}. Expected {wanted[name]}."


def _identity(folder: Path, record: RunRecord) -> Iterator[tuple[str, str]]:
    """Whether the key that is stated is that of the coordinates, and the folder's name says so."""
    spec: RunSpec = record.spec
    stated = read_json(folder, CONFIG).get("key")
    if stated != spec.key():
        yield CONFIG, f"states key {stated}. Expected {spec.key()}, which its coordinates give."
    if folder.name != spec.run_id():
        yield "", f"holds run {spec.run_id()!r}. Expected a folder of that name."


def _codes(folder: Path, record: RunRecord) -> Iterator[tuple[str, str]]:
    """Whether there are as many codes as images, of the stated size."""
    try:
        query, database, _ = load_codes(folder / CODES)
    except HashbenchError as error:
        yield CODES, str(error)
        return
    for part, codes in (("query", query), ("database", database)):
        actual, wanted = (len(codes), codes.bytes_per_item), (record.sizes[part], record.cost.code_bytes)
        if actual != wanted:
            yield (
                CODES,
                "holds {:,} {part} codes of {} bytes. ".format(*actual, part=part)
                + "Expected {:,} of {}.".format(*wanted),
            )


def _rescored(scores: Path, record: RunRecord) -> Iterator[tuple[str, str]]:
    """Whether a later scoring is of these codes, and its means are those of its queries."""
    assert record.folder is not None  # noqa: S101 - it was read
    stated = read_json(scores, METRICS)["rescored"]["codes"]
    actual = fingerprint.of_file(record.folder / CODES)
    if stated != actual:
        yield METRICS, f"scores codes of SHA-256 {stated}. Expected {actual}, those of {CODES}."
    yield from _means(scores, record)


def _means(scores: Path, record: RunRecord) -> Iterator[tuple[str, str]]:
    """Whether the means are those of the columns of a query each; queries that are NaN do not count."""
    columns = columns_in(scores)
    if len(columns) != record.sizes["query"]:
        yield PER_QUERY, f"has {len(columns):,} rows. Expected {record.sizes['query']:,}, one a query."
    means: dict[str, dict[str, dict[str, float]]] = read_json(scores, METRICS)["scores"]
    seen = set()
    for name in columns.columns.drop("query", errors="ignore"):
        preset, distance, metric = parsed_column(name)
        seen.add(distance)
        stated = means.get(distance, {}).get(preset, {}).get(metric)
        values = columns[name].to_numpy(dtype=np.float64)
        counted = values[~np.isnan(values)]
        actual = float(counted.mean()) if counted.size else 0.0
        if stated is None or not math.isclose(stated, actual, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE):
            said = "no mean" if stated is None else repr(stated)
            yield (
                METRICS,
                f"states {said} for {metric} by {distance!r} under preset {preset!r}. Expected {actual!r}, "
                f"the mean of its column in {PER_QUERY}.",
            )
    for distance in sorted(means.keys() - seen):
        yield PER_QUERY, f"has no column of distance {distance!r}. Expected those that {METRICS} scores."
