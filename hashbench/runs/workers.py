"""Runs side by side: worker processes that carry out one run at a time.

Each is given a request, and sends what it has to report and at last what became of the run. One that dies
costs its run only. When the parent dies, however it dies, so do they.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from itertools import islice
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from hashbench.children import Heard, Told, end_with_parent, inherited
from hashbench.errors import StoreError
from hashbench.plugins import Plugins
from hashbench.progress import Progress
from hashbench.runs.failure import Failure
from hashbench.runs.request import PreparedRun, Preparer, RunRequest
from hashbench.runs.runner import Mishap, Workplace, attempt
from hashbench.threads import cores

if TYPE_CHECKING:
    from types import FrameType

# For a worker that is told to end, to clean up what it was writing.
_GRACE_SECONDS = 2
# What a worker says when a run is over; all else that it says is a method of `Heard`.
_OVER = "over"


def side_by_side(
    runs: Iterator[PreparedRun], place: Workplace, progress: Progress
) -> Generator[tuple[PreparedRun, Failure | None], None, None]:
    """Carry runs out in `place.jobs` worker processes, which share the cores.

    Yields:
        Each run when it is over, and what is known of it where it failed, else None.

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
                mishap = worker.mishap
                yield worker.run, mishap.failure(worker.run, place.environment()) if mishap else None
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
    _heard: HeardOfRun | None = None

    def __init__(self, place: Workplace, threads: int, progress: Progress) -> None:
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, place))
        with inherited(threads):
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
        self._heard = HeardOfRun(run, self._progress)
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
        return self._heard.lines

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


class HeardOfRun(Heard):
    """What a worker says of its run, shown by the parent.

    Attributes:
        lines: What it has said, line by line: its log, should it die.
    """

    def __init__(self, run: PreparedRun, progress: Progress) -> None:
        super().__init__(progress, f"{run.spec.method['name']} {run.spec.bits} bits")
        self.lines: list[str] = []
        self.show(-1, run.spec.run_id(), None)

    def note(self, message: str) -> None:
        """Keep and pass on."""
        self.lines.append(message)
        super().note(message)

    def notice(self, message: str) -> None:
        """Keep and pass on."""
        self.lines.append(f"note: {message}")
        super().notice(message)


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


def _serve(requests: Connection, place: Workplace) -> None:
    """What a worker does all its life."""
    end_with_parent()
    # Standard output is for results, whatever a plugin prints.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    told = Told(requests)
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
        return attempt(preparer.again(request, key), place, preparer.plugins, progress)
    except StoreError as error:
        return error
    except (Exception, SystemExit) as error:
        return Mishap.of(error, [])


def _stop(number: int, frame: FrameType | None) -> None:
    """Leave what is going on, so that what is half-written is cleaned up."""
    raise KeyboardInterrupt
