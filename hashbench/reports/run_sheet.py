"""All that is known of one run, finished or failed: as JSON, and as tables of words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hashbench.metrics.presets import CURVE, PRESETS, SUITE
from hashbench.metrics.score import CHANCE
from hashbench.reports.comparison import heading
from hashbench.reports.leaderboard import main_metric
from hashbench.runs.failure import Failure
from hashbench.runs.folder import HASHES, read_json
from hashbench.runs.record import RunRecord
from hashbench.tags.noise import noise_in_words

# Of a list, the columns that are left out where they would be empty, and their headings.
_SOMETIMES = {"noise": "noise", "variant": "settings"}
# Whole numbers from here on are easier to read with commas.
_LONG = 10_000


@dataclass(frozen=True)
class Section:
    """A table of words.

    Attributes:
        headings: The first says what it is about.
        rows: As many words each.
    """

    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]


def entry(record: RunRecord) -> dict[str, Any]:
    """One run of a list: its main coordinates and score, the bytes of its folder, and when it was made."""
    spec, main = record.spec, main_metric(SUITE)
    return {
        "run_id": spec.run_id(),
        "method": spec.method["name"],
        "variant": record.variant,
        "bits": spec.bits,
        "own_size": record.own_size,
        "dataset": spec.dataset["name"],
        "split": spec.split["name"],
        "protocol": spec.protocol["name"],
        "noise": _noise(spec.protocol),
        "supervision": record.supervision,
        "backbone": spec.backbone["name"],
        "seed": spec.seed,
        main: record.metrics(SUITE.name)[main],
        "bytes": sum(size for _, size in _files(record)),
        "finished": record.finished,
        "rescored": record.rescored["when"] if record.rescored else "",
    }


def listed_rows(entries: list[dict[str, Any]]) -> Section:
    """Of each `entry`, what a line has room for; noise and settings where some run has any."""
    some = [name for name in _SOMETIMES if any(one[name] for one in entries)]
    headings = ("run", heading(main_metric(SUITE)), "MiB", "finished", *(_SOMETIMES[name] for name in some))
    return Section(
        headings,
        [
            (
                one["run_id"],
                f"{one[main_metric(SUITE)]:.4f}",
                f"{one['bytes'] / 2**20:.2f}",
                _to_the_minute(one["finished"]),
                *(one[name] for name in some),
            )
            for one in entries
        ],
    )


def failed_rows(entries: list[dict[str, Any]]) -> Section:
    """Of each `failed_entry`, what a line has room for."""
    return Section(
        ("run", "failed", "error"),
        [(one["run_id"], _to_the_minute(one["finished"]), one["error"]) for one in entries],
    )


def _noise(protocol: Mapping[str, Any]) -> str:
    return noise_in_words(protocol["noise"]) if protocol["noise"] else ""


def _to_the_minute(time: str) -> str:
    """A moment of UTC as one word.

    >>> _to_the_minute("2026-11-21T12:34:56+00:00")
    '2026-11-21T12:34Z'
    """
    return f"{datetime.fromisoformat(time):%Y-%m-%dT%H:%MZ}"


def unfinished_entry(path: Path) -> dict[str, Any]:
    """One checkpoint of a list: of which run, its bytes, and when it was written."""
    found = path.stat()
    kept = datetime.fromtimestamp(found.st_mtime, UTC).isoformat(timespec="seconds")
    return {"run_id": path.stem, "bytes": found.st_size, "kept": kept}


def unfinished_rows(entries: list[dict[str, Any]]) -> Section:
    """Each `unfinished_entry` as a row."""
    rows: list[tuple[str, ...]] = [
        (one["run_id"], f"{one['bytes'] / 2**20:.2f}", _to_the_minute(one["kept"])) for one in entries
    ]
    return Section(("run", "MiB", "interrupted after"), rows)


def failed_entry(failure: Failure) -> dict[str, Any]:
    """One failed run of a list: its main coordinates, the error, and when."""
    spec = failure.spec
    return {
        "run_id": failure.run_id,
        "method": spec["method"]["name"],
        "bits": spec["bits"],
        "dataset": spec["dataset"]["name"],
        "protocol": spec["protocol"]["name"],
        "noise": _noise(spec["protocol"]),
        "supervision": failure.supervision,
        "backbone": spec["backbone"]["name"],
        "seed": spec["seed"],
        "error": failure.error,
        "finished": failure.finished,
    }


def run_json(record: RunRecord) -> dict[str, Any]:
    """Everything about a finished run."""
    hashes = read_json(record.folder, HASHES) if record.folder else {}
    return record.summary(SUITE.name) | {
        "key": record.spec.key(),
        "spec": record.spec.as_json(),
        "presets": record.presets,
        "cost": asdict(record.cost),
        "finished": record.finished,
        "rescored": record.rescored,
        "environment": record.environment,
        "files": {name: {"bytes": size, "sha256": hashes.get(name)} for name, size in _files(record)},
    }


def run_sections(record: RunRecord) -> Iterator[Section]:
    """Everything about a finished run that a person reads."""
    coordinates = record.spec.as_json()
    settings = coordinates["method"].pop("config")
    identity = {
        "run": record.spec.run_id(),
        "key": record.spec.key(),
        **coordinates,
        "supervision": record.supervision,
        "variant": record.variant,
        "finished": record.finished,
        "rescored": record.rescored,
    }
    yield Section(("identity", ""), [*flat(identity)])
    yield Section(("setting", ""), [*flat(settings)])
    order = sorted(record.scores, key=lambda distance: distance != record.primary)
    for distance in order:
        yield _scores(record, distance)
    yield Section(("images, tags", ""), [*flat(record.sizes)])
    yield Section(("codes", ""), [*flat(record.code_statistics)])
    yield Section(("cost", ""), [*flat(asdict(record.cost))])
    yield Section(("environment", ""), [*flat(record.environment)])
    yield Section(("file", "bytes"), [(name, f"{size:,}") for name, size in _files(record)])
    if record.damaged:
        yield Section(("left out", "why"), [*flat(record.damaged)])
    if record.notices:
        yield Section(("notice",), [(sentence,) for sentence in record.notices])


def failure_sections(failure: Failure) -> Iterator[Section]:
    """Everything about a failed run but what it printed."""
    identity = {
        "run": failure.run_id,
        **failure.spec,
        "supervision": failure.supervision,
        "failed": failure.finished,
    }
    yield Section(("identity", ""), [*flat(identity)])
    yield Section(("environment", ""), [*flat(failure.environment)])
    yield Section(("error",), [(failure.error,)])


def _scores(record: RunRecord, distance: str) -> Section:
    """A row a metric, a column a preset; what a preset does not report is left blank."""
    by_preset = {name: found for name, found in record.scores[distance].items() if name != CURVE.name}
    known = [name for name in PRESETS if name in by_preset]
    presets = [*known, *sorted(by_preset.keys() - set(known))]
    found = list(dict.fromkeys(metric for preset in presets for metric in by_preset[preset]))
    metrics = [name for name in SUITE.metrics if name in found]
    metrics += [name for name in found if name not in metrics and name != CHANCE]
    rows = [
        (metric, *(f"{by_preset[p][metric]:.4f}" if metric in by_preset[p] else "" for p in presets))
        for metric in [*metrics, CHANCE]
    ]
    return Section((f"by {distance}", *presets), rows)


def _files(record: RunRecord) -> list[tuple[str, int]]:
    """The files of a run and their sizes in bytes, by name; none of a run that was removed meanwhile."""
    folder = record.folder or Path()
    found = []
    for path in sorted(folder.rglob("*") if record.folder else []):
        with suppress(FileNotFoundError):
            if path.is_file():
                found.append((path.relative_to(folder).as_posix(), path.stat().st_size))
    return found


def flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Names, with those above them, and values as words; what is not there is left out.

    >>> list(flat({"noise": None, "method": {"name": "some", "version": 1}}))
    [('method name', 'some'), ('method version', '1')]
    """
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{above}{name} ")
        elif value not in (None, "", []):
            yield f"{above}{name}", _in_words(value)


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int) and value >= _LONG:
        return f"{value:,}"
    return ", ".join(map(_in_words, value)) if isinstance(value, list) else str(value)
