"""Carrying out one run: features, fit, encode, rank, score, store.

Q = queries, N = database items.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from hashbench.codes.additive import AdditiveCodes
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.storage import Codes
from hashbench.data.images import cached_pixels
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import DataError
from hashbench.features.extract import frozen_features
from hashbench.methods.method import Method
from hashbench.metrics.presets import PRESETS, SUITE
from hashbench.metrics.score import Scores, score
from hashbench.progress import Progress
from hashbench.ranking.distances import Distances, aqd, feature, hamming, sqd
from hashbench.ranking.search import nearest
from hashbench.runs.environment import environment
from hashbench.runs.record import Cost, RunRecord
from hashbench.runs.request import PreparedRun
from hashbench.runs.store import RunOutput, RunStore
from hashbench.tags.table import TagTable

Result = TypeVar("Result")
# Search time is the time to find this many neighbours of every query.
_NEIGHBOURS = 100


@dataclass(frozen=True)
class Encoded:
    """Both sides of the search, embedded and quantized, with the time the database took."""

    query_embeddings: np.ndarray
    database_embeddings: np.ndarray
    query: Codes
    database: Codes
    encode_seconds: float


def execute(run: PreparedRun, store: RunStore, cache: Path, device: str, progress: Progress) -> RunRecord:
    """Carry a run out and store it; nothing is written to the store before it is over.

    Raises:
        HashbenchError: The data, the weights or the method's settings do not allow it.
    """
    log = _Log(progress)
    views = _Views(run, cache, device, log)
    method = run.build(device, log)
    train = views.train(method)
    log.note(f"training {run.spec.run_id()}")
    train_seconds, _ = _timed(lambda: method.fit(train))
    encoded = _encode(method, views, run.spec.bits)
    scores, per_query, search_seconds = _score(run, encoded)
    state = method.state()
    record = RunRecord(
        spec=run.spec,
        supervision=method.SUPERVISION.value,
        variant=run.variant,
        primary=next(iter(scores)),
        scores=scores,
        sizes=_sizes(run, train),
        cost=Cost(
            train_seconds=train_seconds,
            encode_seconds=encoded.encode_seconds,
            search_seconds=search_seconds,
            code_bytes=encoded.database.bytes_per_item,
            codebook_bytes=encoded.database.codebook_bytes,
            model_bytes=sum(array.nbytes for array in state.values()),
            trained_parameters=method.trained_parameters,
        ),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        environment=environment(device),
    )
    asymmetric = isinstance(encoded.database, AdditiveCodes)
    output = RunOutput(
        query=encoded.query,
        database=encoded.database,
        query_embeddings=encoded.query_embeddings if asymmetric else None,
        state=state,
        per_query=per_query,
        split=run.data.split.manifest(run.data.images),
        log=log.lines,
    )
    return store.add(record, output)


class _Views:
    """Hands out the images of a split, as the kind of input that a method works on."""

    def __init__(self, run: PreparedRun, cache: Path, device: str, progress: Progress) -> None:
        self.run = run
        self.cache = cache
        self.device = device
        self.progress = progress

    def images(self, method: Method, indices: np.ndarray) -> ImageView:
        """Features or pixels of some images."""
        images, backbone = self.run.data.images, self.run.backbone
        if method.inputs == "pixels":
            pixels = cached_pixels(images, indices, backbone.SIDE, self.cache, self.progress)
            return ImageView(pixels=pixels)
        features = frozen_features(images, backbone, self.device, self.cache, self.progress)
        return ImageView(features=_read_only(features[indices]))

    def train(self, method: Method) -> TrainView[TagTable]:
        """The training images, in an order that tells nothing, with the declared supervision."""
        data, protocol = self.run.data, self.run.protocol
        order = np.array(sorted(data.split.train, key=lambda i: data.images.hashes[i]))
        return TrainView(
            self.images(method, order),
            method.SUPERVISION,
            load_tags=lambda: protocol.table(
                [data.images.tags[i] for i in order], data.dataset.label_names()
            ),
            load_labels=lambda: _read_only(data.ground_truth().labels[order]),
        )


def _encode(method: Method, views: _Views, bits: int) -> Encoded:
    """Embed and quantize queries and database, and hold the codes to the budget."""
    split = views.run.data.split
    queries = views.images(method, split.query)
    database = views.images(method, split.database)

    def encode_database() -> tuple[np.ndarray, Codes]:
        embeddings = method.embed(database)
        return embeddings, method.quantize(embeddings)

    seconds, (database_embeddings, database_codes) = _timed(encode_database)
    query_embeddings = method.embed(queries)
    query_codes = method.quantize(query_embeddings)
    for codes, images in ((query_codes, queries), (database_codes, database)):
        if codes.bits != bits or len(codes) != len(images):
            raise DataError(
                f"method {method.PLUGIN_NAME!r} gave {len(codes)} codes of {codes.bits} bits for "
                f"{len(images)} images. Expected one of {bits} bits an image."
            )
    return Encoded(query_embeddings, database_embeddings, query_codes, database_codes, seconds)


def _distances(encoded: Encoded) -> Iterator[Distances]:
    """Every distance that suits the kind of code, the primary one first."""
    query, database = encoded.query, encoded.database
    if isinstance(query, BinaryCodes) and isinstance(database, BinaryCodes):
        yield hamming(query, database)
    elif isinstance(query, AdditiveCodes) and isinstance(database, AdditiveCodes):
        yield aqd(encoded.query_embeddings, database)
        yield sqd(query, database)
        yield feature(encoded.query_embeddings, encoded.database_embeddings, database.similarity)
    else:
        raise DataError(f"query codes are {query.KIND}, database codes {database.KIND}.")


def _score(
    run: PreparedRun, encoded: Encoded
) -> tuple[dict[str, dict[str, dict[str, float]]], dict[str, np.ndarray], float]:
    """Means by distance and preset, per-query columns, and the seconds of the primary search."""
    truth, split = run.data.ground_truth(), run.data.split
    query_labels, database_labels = truth.labels[split.query], truth.labels[split.database]
    means: dict[str, dict[str, dict[str, float]]] = {}
    columns = {"query": np.array([run.data.images.ids[i] for i in split.query])}
    search_seconds = 0.0
    for distances in _distances(encoded):
        if not means:
            search_seconds, _ = _timed(partial(nearest, distances, _NEIGHBOURS))
        means[distances.name] = {}
        for preset in PRESETS.values():
            result = score(distances.tiles(), query_labels, database_labels, preset)
            means[distances.name][preset.name] = result.means()
            if preset is SUITE:
                columns |= _columns(distances.name, result)
    return means, columns, search_seconds


def _columns(distance: str, result: Scores) -> dict[str, np.ndarray]:
    return {f"{distance}.{name}": values for name, values in result.per_query.items()}


def _sizes(run: PreparedRun, train: TrainView[TagTable]) -> dict[str, int]:
    split = run.data.split
    sizes = {part: len(getattr(split, part)) for part in ("query", "database", "train")}
    if run.method.SUPERVISION.sees_tags:
        sizes["tags"] = len(train.tags.vocabulary)
    return sizes


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


class _Log:
    """Passes progress on and keeps what was said."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.lines: list[str] = []

    def task(self, description: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        return self._progress.task(description, total)

    def note(self, message: str) -> None:
        self.lines.append(message)
        self._progress.note(message)

    def log(self, message: str) -> None:
        self.lines.append(message)
