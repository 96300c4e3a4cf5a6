"""Carrying out one run: fit, encode, evaluate, store."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from hashbench import fingerprint
from hashbench.codes.storage import QuantizedCodes
from hashbench.data.split import PARTS
from hashbench.data.views import TrainView
from hashbench.errors import HashbenchError, StoreError, reason
from hashbench.methods.checkpoint import Checkpoint
from hashbench.methods.method import Method
from hashbench.metrics.presets import PRESETS
from hashbench.plugins import Plugins
from hashbench.progress import LoggedProgress, Progress
from hashbench.runs.environment import environment, versions
from hashbench.runs.evaluate import Encoded, Evaluation, encode, evaluate
from hashbench.runs.failure import Failure
from hashbench.runs.folder import RunOutput
from hashbench.runs.inputs import RunInputs
from hashbench.runs.measure import peak_memory, timed
from hashbench.runs.record import Cost, RunRecord
from hashbench.runs.request import PreparedRun
from hashbench.runs.store import RunStore
from hashbench.tags.table import TagTable


@dataclass(frozen=True)
class Workplace:
    """Where runs are carried out.

    Attributes:
        store: Where records go.
        cache: Root folder of the cache.
        device: Where to compute, as torch names it.
        jobs: How many runs share the machine.
        devices: How many devices of that kind share the training of a network.
        resume: Whether an interrupted run goes on from its checkpoint, or begins anew.
    """

    store: RunStore
    cache: Path
    device: str
    jobs: int = 1
    devices: int = 1
    resume: bool = True

    def environment(self) -> dict[str, Any]:
        """Versions and hardware, as a run that is carried out here records them."""
        return environment(self.device, self.jobs, self.devices)

    def checkpoint(self, run: PreparedRun) -> Checkpoint:
        """Where a run keeps how far its training is."""
        identity = fingerprint.of_json([run.spec.key(), versions()])
        kept = Checkpoint(self.store.checkpoint(run.spec.run_id()), identity)
        if not self.resume:
            kept.drop()
        return kept


@dataclass(frozen=True)
class Mishap:
    """Why a run ended without a record.

    Attributes:
        error: What went wrong, in one line.
        traceback: Where, if the error is nobody's input but a bug; else empty.
        log: What the run had reported, line by line.
    """

    error: str
    traceback: str
    log: list[str]

    @classmethod
    def of(cls, error: Exception | SystemExit, log: list[str]) -> Mishap:
        """The words for an error, in which there is a traceback only where that helps."""
        if isinstance(error, HashbenchError):
            return cls(" ".join(str(error).split()), "", log)
        where = "".join(traceback.format_exception(error))
        return cls(f"{type(error).__name__}: {reason(error)}", where, log)

    def failure(self, run: PreparedRun, where: dict[str, Any]) -> Failure:
        """What the store keeps of it; `where` as `Workplace.environment` gives it."""
        return Failure(
            run_id=run.spec.run_id(),
            spec=run.spec.as_json(),
            supervision=run.method.SUPERVISION.value,
            error=self.error,
            traceback=self.traceback,
            log=self.log,
            finished=_now(),
            environment=where,
        )


def attempt(run: PreparedRun, place: Workplace, plugins: Plugins, progress: Progress) -> Mishap | None:
    """Carry a run out, and show its record to the plugins that asked for it.

    Returns:
        Why there is no record; None where there is one.

    Raises:
        StoreError: The disk refuses: no other run would fare better.
    """
    made = recorded(run, place, progress)
    if isinstance(made, Mishap):
        return made
    plugins.run_finished(made, progress)
    return None


def recorded(run: PreparedRun, place: Workplace, progress: Progress) -> RunRecord | Mishap:
    """Carry a run out: its record, stored, or why there is none.

    Raises:
        StoreError: The disk refuses: no other run would fare better.
    """
    log = LoggedProgress(progress)
    try:
        return execute(run, place, log)
    except StoreError:
        raise
    except (Exception, SystemExit) as error:
        # It would come to the same end again.
        place.store.drop_checkpoint(run.spec.run_id())
        return Mishap.of(error, log.lines)


def execute(run: PreparedRun, place: Workplace, log: LoggedProgress) -> RunRecord:
    """Carry a run out and store it; nothing is written to the store before it is over.

    Args:
        run: What to carry out.
        place: Where.
        log: Where to report; keeps what the run's folder is to hold.

    Raises:
        HashbenchError: The data, the weights or the method's settings do not allow it.
    """
    device, checkpoint = place.device, place.checkpoint(run)
    method = run.build(device, log, devices=place.devices, checkpoint=checkpoint)
    inputs = RunInputs(run, method, place.cache, device, log)
    notices = inputs.notices()
    for sentence in notices:
        log.notice(sentence)
    trained = _train(method, inputs, checkpoint)
    encoded = encode(method, inputs)
    evaluation = evaluate(encoded, inputs)
    state = method.state()
    record = RunRecord(
        spec=run.spec,
        supervision=method.SUPERVISION.value,
        variant=run.variant,
        primary=next(iter(evaluation.means)),
        scores=evaluation.means,
        presets={name: preset.as_json() for name, preset in PRESETS.items()},
        code_statistics=evaluation.code_statistics,
        sizes=trained.sizes,
        notices=notices,
        damaged=inputs.damaged(),
        cost=_cost(method, state, encoded, evaluation, trained),
        finished=_now(),
        own_size=run.method.bits_for is not Method.bits_for,
        random=run.method.RANDOM,
        environment=place.environment(),
    )
    asymmetric = isinstance(encoded.database, QuantizedCodes)
    output = RunOutput(
        query=encoded.query,
        database=encoded.database,
        query_embeddings=encoded.query_embeddings if asymmetric else None,
        state=state,
        per_query=evaluation.per_query,
        retrieval=evaluation.retrieval,
        split=inputs.split.manifest(run.data.images),
        history=log.points,
        log=log.lines,
    )
    stored = place.store.add(record, output)
    checkpoint.drop()
    return stored


@dataclass(frozen=True)
class _Trained:
    """What training had, and what it took.

    Attributes:
        sizes: Images in each part, and tags or web images, where these are seen.
        seconds: Time in `fit`, before an interruption too.
        bytes: Memory at its peak.
    """

    sizes: dict[str, int]
    seconds: float
    bytes: int


def _train(method: Method, inputs: RunInputs, checkpoint: Checkpoint) -> _Trained:
    """Fit; the training images' features, a copy, are gone when it is over."""
    view = inputs.train()
    method.prepare()
    inputs.progress.log(f"training {inputs.run.spec.run_id()}")
    held, (seconds, _) = peak_memory(lambda: timed(lambda: method.fit(view)), inputs.device)
    return _Trained(_sizes(inputs, view), checkpoint.seconds_before + seconds, held)


def _cost(
    method: Method,
    state: dict[str, np.ndarray],
    encoded: Encoded,
    evaluation: Evaluation,
    trained: _Trained,
) -> Cost:
    return Cost(
        train_seconds=trained.seconds,
        train_bytes=trained.bytes,
        encode_seconds=encoded.seconds,
        search_seconds=evaluation.search_seconds,
        code_bytes=encoded.database.bytes_per_item,
        embedding_bytes=encoded.database_embeddings.shape[1] * 4,
        codebook_bytes=encoded.database.codebook_bytes,
        model_bytes=sum(array.nbytes for array in state.values()),
        trained_parameters=method.trained_parameters,
    )


def _sizes(inputs: RunInputs, view: TrainView[TagTable]) -> dict[str, int]:
    """How many images each part holds, and tags or web images, where these are seen."""
    sizes = {part: len(getattr(inputs.split, part)) for part in PARTS}
    if view.supervision.sees_tags:
        sizes["tags"] = len(view.tags.vocabulary)
    if view.supervision.sees_web:
        sizes["web"] = len(view.web.images)
    return sizes


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
