"""What trackers are told of a run: what it was, how training went, and what it reached."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from hashbench.errors import StoreError
from hashbench.metrics.presets import SUITE
from hashbench.runs.folder import HISTORY, read_json
from hashbench.runs.record import RunRecord
from hashbench.tags.noise import noise_in_words

# Of a point of the history, what says where it is, not what was measured there.
_PLACE = {"phase", "iteration", "epoch"}


class Point(NamedTuple):
    """A value of a learning curve, such as `loss/gradient steps`, after so many iterations."""

    curve: str
    iteration: int
    value: float


def folder_of(record: RunRecord) -> Path:
    """Where a run's files lie.

    Raises:
        StoreError: It is not stored.
    """
    if record.folder is None:
        raise StoreError(f"run {record.spec.run_id()!r} is not stored. Expected one that is.")
    return record.folder


def finished(record: RunRecord) -> float:
    """When a run was over, in seconds since 1970."""
    return datetime.fromisoformat(record.finished).timestamp()


def coordinates(record: RunRecord) -> dict[str, str | int]:
    """What a run was, by the names of the tables' columns; what does not apply is left out."""
    spec = record.spec
    vocabulary, noise = spec.protocol["vocabulary"], spec.protocol["noise"]
    said = {
        "method": spec.method["name"],
        "variant": record.variant,
        "bits": spec.bits,
        "dataset": spec.dataset["name"],
        "tags": spec.dataset["tags"],
        "split": spec.split["name"],
        "truth": spec.dataset["truth"],
        "protocol": spec.protocol["name"],
        "vocabulary": vocabulary["name"] if vocabulary else "",
        "noise": noise_in_words(noise) if noise else "",
        "web": spec.web["name"] if spec.web else "",
        "backbone": spec.backbone["name"],
        "seed": spec.seed,
        "supervision": record.supervision,
        "distance": record.primary,
    }
    return {name: value for name, value in said.items() if value != ""}


def settings(record: RunRecord) -> dict[str, bool | int | float | str]:
    """The method's settings; lists and the like as text."""
    config = record.spec.method["config"]
    return {
        name: value if isinstance(value, bool | int | float | str) else str(value)
        for name, value in config.items()
    }


def curves(record: RunRecord) -> Iterator[Point]:
    """Every value that training kept, in order.

    Raises:
        StoreError: The run's history is missing or damaged.
    """
    for point in read_json(folder_of(record), HISTORY):
        for name, value in point.items():
            if name not in _PLACE:
                yield Point(f"{name}/{point['phase']}", point["iteration"], value)


def reached(record: RunRecord) -> dict[str, float]:
    """The metrics of the suite's own preset, by the distance that the method is ranked by."""
    return record.metrics(SUITE.name)
