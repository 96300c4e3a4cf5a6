"""Scoring a stored run again from its codes, without training: after a metric was added or mended."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hashbench import fingerprint
from hashbench.codes.storage import load_codes
from hashbench.data.split import Split
from hashbench.errors import DataError, HashbenchError, StoreError
from hashbench.files import whole_folder
from hashbench.metrics.presets import PRESETS
from hashbench.plugins import Plugins
from hashbench.progress import Progress
from hashbench.ranking.distances import suited
from hashbench.ranking.kernels.choice import resolve_kernel
from hashbench.ranking.search import nearest
from hashbench.runs.data import Opener, PreparedDataset
from hashbench.runs.environment import environment
from hashbench.runs.evaluate import NEIGHBOURS, Answers, Scored, first_found, score_by
from hashbench.runs.folder import (
    CODES,
    METRICS,
    PER_QUERY,
    RESCORED,
    RETRIEVAL,
    SPLIT,
    as_json,
    as_parquet,
    parsed_column,
    per_query,
    read_json,
    read_run,
    scores_folder,
    write_files,
)
from hashbench.runs.record import RunRecord
from hashbench.runs.verify import damaged

# Of a hash, enough to tell two scorings of one second apart.
_DIGITS = 8
# Names of times, which sort as the times do.
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Rescored:
    """The outcome of scoring a run again.

    Attributes:
        before: The record as it was.
        after: As it is now; the same where nothing changed.
        kept: Distances that could not be scored again: their scores are as they were.
    """

    before: RunRecord
    after: RunRecord
    kept: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether there was anything to write."""
        return self.after is not self.before


class Rescorer:
    """Scores runs again, and opens each of their data sets once."""

    def __init__(self, plugins: Plugins, root: Path | None, progress: Progress) -> None:
        """Remember where data sets are.

        Args:
            plugins: What is installed.
            root: The folder of the data sets' files, as `--data-root` names it.
            progress: Where to report.
        """
        self._opener = Opener(plugins)
        self._root = root
        self._progress = progress
        self._manifests: dict[str, Path] = {}

    def rescore(self, folder: Path) -> Rescored:
        """Compute all metrics of a run from its codes, and write them beside the old ones if they differ.

        Raises:
            StoreError: The run is damaged or of another version, or the disk refuses.
            DataError: The data set is missing, or is not as it was.
            UnknownNameError: The data set is not installed.
        """
        record = read_run(folder)
        for place in (folder, scores_folder(folder)):
            for file, problem in damaged(place):
                raise StoreError(f"run {folder.name!r} is damaged: {file} {problem}")
        answers = Answers.of(*self._opened(folder, record))
        query, database, embeddings = load_codes(folder / CODES)
        kernel = resolve_kernel()
        scored: dict[str, Scored] = {}
        retrieval: dict[str, Any] = {}
        for distances in suited(query, database, embeddings):
            scored[distances.name] = score_by(distances, answers.relevance, kernel, self._progress)
            if not retrieval:
                found = nearest(distances, NEIGHBOURS, kernel)
                retrieval = first_found(distances.name, found, answers)
        return _written(folder, record, scored, answers.queries, retrieval)

    def _opened(self, folder: Path, record: RunRecord) -> tuple[PreparedDataset, Split]:
        """The run's data set, proved to be the one it was made with, and what the run had of its split."""
        spec = record.spec
        name, tags = spec.dataset["name"], spec.dataset["tags"] or None
        open_with = partial(self._opener.open, name, root=self._root, tags=tags)
        data = None
        # A split that was read from a file has no name there.
        with suppress(HashbenchError):
            data = open_with(split_name=spec.split["name"])
        if data is not None:
            _require_same(data, record)
        if data is None or data.split.fingerprint(data.images) != spec.split["fingerprint"]:
            # Equal manifests are read once.
            manifest = self._manifests.setdefault(fingerprint.of_file(folder / SPLIT), folder / SPLIT)
            data = open_with(split_name=str(manifest))
            _require_same(data, record)
        return data, _left_in(folder, data)


def _require_same(data: PreparedDataset, record: RunRecord) -> None:
    """Refuse a data set that is not the one that a run was made with.

    Raises:
        DataError: Its images, labels or tags are others.
    """
    known = record.spec.dataset
    differing = [what for what, content in data.fingerprints.items() if known.get(what) != content]
    if differing:
        raise DataError(
            f"data set {known['name']!r} has other {' and '.join(differing)} than run "
            f"{record.spec.run_id()!r} was made with. Expected the same."
        )


def _left_in(folder: Path, data: PreparedDataset) -> Split:
    """The split without the images that the run left out.

    Raises:
        DataError: The run had images that the split has not, or that cannot be told from equal ones.
    """
    stored, images, split = read_json(folder, SPLIT), data.images, data.split
    queries, contents = set(per_query(folder, ["query"])["query"]), set(stored["database"])
    left = replace(
        split,
        query=np.array([place for place in split.query if images.ids[place] in queries], dtype=np.int64),
        database=np.array([p for p in split.database if images.hashes[p] in contents], dtype=np.int64),
    )
    for part in ("query", "database"):
        if [images.hashes[place] for place in getattr(left, part)] != stored[part]:
            raise DataError(
                f"run {folder.name!r}: which images of {images.name!r} were part {part!r} cannot be told. "
                "Expected the split as it was, and content that tells the images apart."
            )
    return left


def _written(
    folder: Path,
    record: RunRecord,
    scored: dict[str, Scored],
    queries: list[str],
    retrieval: dict[str, Any],
) -> Rescored:
    """Write new scores beside the old ones, unless they are equal."""
    kept = tuple(distance for distance in record.scores if distance not in scored)
    scores = record.scores | {distance: one.means for distance, one in scored.items()}
    presets = {name: preset.as_json() for name, preset in PRESETS.items()}
    if (scores, presets) == (record.scores, record.presets):
        return Rescored(record, record, kept)
    old = per_query(folder)
    columns = {"query": np.array(queries)}
    for one in scored.values():
        columns |= one.per_query
    columns |= {name: old[name].to_numpy() for name in old.columns if parsed_column(name)[1] in kept}
    now, made_by = _later_than(scores_folder(folder)), environment("cpu")
    rescored = {
        "when": now.isoformat(timespec="seconds"),
        "packages": made_by["packages"],
        "commit": made_by["commit"],
        "codes": fingerprint.of_file(folder / CODES),
        "kept": list(kept),
    }
    name = f"{now.strftime(_TIME)}-{fingerprint.of_json([scores, presets])[:_DIGITS]}"
    files = {
        METRICS: as_json({"scores": scores, "presets": presets, "rescored": rescored}),
        PER_QUERY: as_parquet(columns),
        RETRIEVAL: as_json(retrieval),
    }
    with whole_folder(folder / RESCORED / name) as partial_:
        write_files(partial_, files)
        # Else whoever may not look into it would take the old scores for the newest.
        partial_.parent.chmod(0o755)
    return Rescored(record, read_run(folder), kept)


def _later_than(newest: Path) -> datetime:
    """The time now, or a second after the newest scores where a clock was fast: the last by name counts."""
    now = datetime.now(UTC)
    if newest.parent.name != RESCORED:
        return now
    then = datetime.strptime(newest.name.partition("-")[0], _TIME).replace(tzinfo=UTC)
    return max(now, then + timedelta(seconds=1))
