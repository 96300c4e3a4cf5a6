"""Runs side by side: worker processes that carry out one run at a time.

Workers are started afresh, not forked: numerical libraries do not survive a fork. Each is given a
request, and sends what it has to report and at last what became of the run. One that dies costs its run
only. When the parent dies, however it dies, so do they.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from itertools import count, islice
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from hashbench.errors import DataError, StoreError
from hashbench.plugins import Plugins
from hashbench.progress import Progress, Task
from hashbench.runs.request import PreparedRun, Preparer, RunRequest
from hashbench.runs.runner import Mishap, Workplace, attempt
from hashbench.threads import cores

if TYPE_CHECKING:
    from types import FrameType

_THREADS = "OMP_NUM_THREADS"
# For a worker that is told to end, to clean up what it was writing.
_GRACE_SECONDS = 2
# Finished steps of a task are told no more often.
_STEP_SECONDS = 0.1
# What a worker says when a run is over; all else that it says is a method of `_Heard`.
_OVER = "over"


def side_by_side(
    runs: Iterator[PreparedRun], place: Workplace, progress: Progress
) -> Generator[tuple[PreparedRun, Mishap | None], None, None]:
    """Carry runs out in `place.jobs` worker processes, which share the cores.

    Yields:
        Each run when it is over, and why it left no record, or None.

    Raises:
        StoreError: The disk refuses.
    """
    threads = max(1, cores() // place.jobs)
    started: list[_Worker] = []

    def begin(run: PreparedRun) -> _Worker:
        started.append(_Worker(place, threads, progress))
        started[-1].give(run)
        return started[-1]

    try:
        busy = [begin(run) for run in islice(runs, place.jobs)]
        while busy:
            for worker in [worker for worker in _speaking(busy) if worker.listen()]:
                yield worker.run, worker.mishap
                busy.remove(worker)
                for following in islice(runs, 1):
                    if worker.alive:
                        worker.give(following)
                        busy.append(worker)
                    else:
                        busy.append(begin(following))
    finally:
        _end(started)


class _Worker:
    """A worker process, as its parent sees it.

    Attributes:
        run: What it was given last.
        mishap: Why that left no record; None where it did, or is not over.
    """

    run: PreparedRun
    mishap: Mishap | None
    _heard: _Heard | None = None

    def __init__(self, place: Workplace, threads: int, progress: Progress) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, place))
        with _inherited(threads):
            self.process.start()
        theirs.close()
        self._place = place
        self._progress = progress

    @property
    def alive(self) -> bool:
        """Whether it can take another run."""
        return self.process.is_alive()

    def give(self, run: PreparedRun) -> None:
        """Have it carry a run out."""
        self.run, self.mishap = run, None
        self._heard = _Heard(run, self._progress)
        # One that has just died is found when it is listened to.
        with suppress(OSError):
            self.connection.send((run.request, run.spec.key()))

    def listen(self) -> bool:
        """Pass on what it has said, and whether the run is over.

        Raises:
            StoreError: The disk refuses.
        """
        # What it said before it died still counts.
        alive = self.alive
        while said := self._next():
            what, *told = said
            if what == _OVER:
                return self._over(*told)
            getattr(self._heard, what)(*told)
        return False if alive and not self.connection.closed else self._died()

    def _next(self) -> tuple[Any, ...]:
        """The next message, empty if there is none; closes the connection if there will be none."""
        try:
            return self.connection.recv() if self.connection.poll() else ()
        except (EOFError, OSError):
            self.connection.close()
            return ()

    def end_hearing(self) -> list[str]:
        """Close what it has left open on the display; returns what it has said."""
        if self._heard is None:
            return []
        self._heard.close_all()
        return self._heard.log

    def _over(self, outcome: Mishap | StoreError | None) -> bool:
        self.end_hearing()
        if isinstance(outcome, StoreError):
            raise outcome
        self.mishap = outcome
        return True

    def _died(self) -> bool:
        """Whatever it died of, the run may be stored."""
        log = self.end_hearing()
        self.end()
        if not self._place.store.find(self.run.spec):
            status = self.process.exitcode or 0
            how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
            self.mishap = Mishap(f"its process {how}", "", log)
        return True

    def end(self, patience: float = _GRACE_SECONDS) -> None:
        """Wait until it is gone, and do not wait long."""
        self.process.join(patience)
        self.process.kill()
        self.process.join()


class _Heard:
    """What a worker says of its run, shown by the parent.

    Attributes:
        log: What it has said, line by line.
    """

    def __init__(self, run: PreparedRun, progress: Progress) -> None:
        self.log: list[str] = []
        self._title = f"{run.spec.method['name']} {run.spec.bits} bits"
        self._progress = progress
        self._tasks: dict[int, Task] = {}
        self._stacks: dict[int, ExitStack] = {}
        self._show(-1, run.spec.run_id(), None)

    def open(self, number: int, description: str, total: int | None) -> None:
        """A task is open."""
        self._show(number, f"{self._title}: {description}", total)

    def advance(self, number: int, steps: int) -> None:
        """A task is further."""
        self._tasks[number](steps)

    def describe(self, number: int, description: str) -> None:
        """A task has another description."""
        self._tasks[number].describe(f"{self._title}: {description}")

    def close(self, number: int) -> None:
        """A task is closed."""
        self._stacks.pop(number).close()

    def note(self, message: str) -> None:
        """It says one line."""
        self.log.append(message)
        self._progress.note(f"{self._title}: {message}")

    def notice(self, message: str) -> None:
        """It says what everybody should know."""
        self.log.append(f"note: {message}")
        self._progress.notice(message)

    def close_all(self) -> None:
        """All is over."""
        for number in reversed([*self._stacks]):
            self.close(number)

    def _show(self, number: int, description: str, total: int | None) -> None:
        self._stacks[number] = ExitStack()
        self._tasks[number] = self._stacks[number].enter_context(self._progress.task(description, total))


def _speaking(workers: list[_Worker]) -> list[_Worker]:
    """Those that have said something or died; waits until there is one."""
    of = {worker.connection: worker for worker in workers} | {
        worker.process.sentinel: worker for worker in workers
    }
    return list(dict.fromkeys(of[ready] for ready in connection.wait([*of])))  # type: ignore[index]


def _end(workers: list[_Worker]) -> None:
    """End every worker, one in the middle of a run as well, and leave no process behind."""
    for worker in workers:
        worker.end_hearing()
        worker.process.terminate()
        worker.connection.close()
    deadline = time.monotonic() + _GRACE_SECONDS
    for worker in workers:
        worker.end(max(0, deadline - time.monotonic()))


@contextmanager
def _inherited(threads: int) -> Iterator[None]:
    """What a process that is started in the block is born with: its threads, and no ear for Ctrl-C.

    The terminal sends Ctrl-C to all processes; the parent alone decides what it means.
    """
    before = os.environ.get(_THREADS)
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ[_THREADS] = str(threads)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)
        if before is None:
            del os.environ[_THREADS]
        else:
            os.environ[_THREADS] = before


def _serve(requests: Connection, place: Workplace) -> None:
    """What a worker does all its life."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Standard output is for results, whatever a plugin prints.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    told = _Told(requests)
    preparer = Preparer(Plugins())
    # Before, there is nothing to clean up.
    signal.signal(signal.SIGTERM, _stop)
    try:
        while True:
            request, key = requests.recv()
            told.say(_OVER, _outcome(request, key, preparer, place, told))
    except (KeyboardInterrupt, EOFError, OSError):
        # All is cleaned up, and taking the libraries down would take seconds.
        os._exit(1)


def _outcome(
    request: RunRequest, key: str, preparer: Preparer, place: Workplace, progress: Progress
) -> Mishap | StoreError | None:
    """Carry out what is asked for, as it was when it was asked for."""
    try:
        run = preparer.prepare(request)
        if run.spec.key() != key:
            raise DataError("data or settings changed while the run was waiting. Expected them to stay.")
        return attempt(run, place, preparer.plugins, progress)
    except StoreError as error:
        return StoreError(str(error))
    except (Exception, SystemExit) as error:
        return Mishap.of(error, [])


def _end_with_parent() -> None:
    """Wait for the parent's death, and follow it."""
    parent = parent_process()
    if parent:
        parent.join()
    os._exit(1)


def _stop(number: int, frame: FrameType | None) -> None:
    """Leave what is going on, so that what is half-written is cleaned up."""
    raise KeyboardInterrupt


class _Told:
    """Progress that a worker tells its parent."""

    def __init__(self, to: Connection) -> None:
        self._connection = to
        self._alone = threading.Lock()
        self._numbers = count()

    def say(self, what: str, *told: object) -> None:
        """Send a message; nobody is left to hear it where that fails, and the end is near."""
        with self._alone, suppress(OSError):
            self._connection.send((what, *told))

    def task(self, description: str, total: int | None) -> AbstractContextManager[Task]:
        """Tell of a task."""
        return self._task(next(self._numbers), description, total)

    @contextmanager
    def _task(self, number: int, description: str, total: int | None) -> Iterator[Task]:
        self.say("open", number, description, total)
        task = _ToldTask(self, number)
        try:
            yield task
        finally:
            task.tell()
            self.say("close", number)

    def note(self, message: str) -> None:
        """Tell."""
        self.say("note", message)

    def notice(self, message: str) -> None:
        """Tell."""
        self.say("notice", message)

    def log(self, message: str) -> None:
        """Tell nothing: the run's log keeps it."""

    def track(self, phase: str, iteration: int, values: Mapping[str, float]) -> None:
        """Tell nothing: the run's history keeps it."""


class _ToldTask:
    """A task in a worker; its steps are told some at a time."""

    def __init__(self, told: _Told, number: int) -> None:
        self._told = told
        self._number = number
        self._steps = 0
        self._last = time.monotonic()

    def __call__(self, steps: int) -> None:
        """Count, and tell now and then."""
        self._steps += steps
        if time.monotonic() - self._last >= _STEP_SECONDS:
            self.tell()

    def describe(self, description: str) -> None:
        """Tell the other description."""
        self._told.say("describe", self._number, description)

    def tell(self) -> None:
        """Tell of all steps that were not told."""
        if self._steps:
            self._told.say("advance", self._number, self._steps)
        self._steps, self._last = 0, time.monotonic()
