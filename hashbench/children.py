"""Processes that work for this one: what they are born with, how they report, and that they end with it.

They are started afresh, not forked: numerical libraries do not survive a fork.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from itertools import count
from multiprocessing import parent_process
from typing import Protocol

from hashbench.progress import Progress, Task

_THREADS = "OMP_NUM_THREADS"
# Finished steps of a task are told no more often.
_STEP_SECONDS = 0.1


@contextmanager
def inherited(threads: int) -> Iterator[None]:
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


def end_with_parent() -> None:
    """Let this process end when its parent does, however that ends."""
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = parent_process()
    if parent:
        parent.join()
    os._exit(1)


class Line(Protocol):
    """What leads to a parent: a connection, say."""

    def send(self, message: tuple[object, ...], /) -> None:
        """Send a message.

        Raises:
            OSError: Nobody is there.
        """


class Told:
    """Progress that a process tells its parent, as calls of `Heard`."""

    def __init__(self, to: Line) -> None:
        self._line = to
        self._alone = threading.Lock()
        self._numbers = count()

    def say(self, what: str, *told: object) -> None:
        """Send a message; nobody is left to hear it where that fails, and the end is near."""
        with self._alone, suppress(OSError):
            self._line.send((what, *told))

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
        """Tell."""
        self.say("log", message)

    def track(self, phase: str, iteration: int, values: Mapping[str, float]) -> None:
        """Tell."""
        self.say("track", phase, iteration, dict(values))


class _ToldTask:
    """A task in a child; its steps are told some at a time."""

    def __init__(self, told: Told, number: int) -> None:
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


class Heard:
    """What a child tells, passed on to this process's progress; `title` stands before what is shown."""

    def __init__(self, progress: Progress, title: str = "") -> None:
        self._before = f"{title}: " if title else ""
        self._progress = progress
        self._tasks: dict[int, Task] = {}
        self._stacks: dict[int, ExitStack] = {}

    def open(self, number: int, description: str, total: int | None) -> None:
        """A task is open."""
        self.show(number, f"{self._before}{description}", total)

    def advance(self, number: int, steps: int) -> None:
        """A task is further."""
        self._tasks[number](steps)

    def describe(self, number: int, description: str) -> None:
        """A task has another description."""
        self._tasks[number].describe(f"{self._before}{description}")

    def close(self, number: int) -> None:
        """A task is closed."""
        self._stacks.pop(number).close()

    def note(self, message: str) -> None:
        """It says one line."""
        self._progress.note(f"{self._before}{message}")

    def notice(self, message: str) -> None:
        """It says what everybody should know."""
        self._progress.notice(message)

    def log(self, message: str) -> None:
        """It keeps one line for the log."""
        self._progress.log(message)

    def track(self, phase: str, iteration: int, values: Mapping[str, float]) -> None:
        """It keeps a point of a learning curve."""
        self._progress.track(phase, iteration, values)

    def close_all(self) -> None:
        """All is over."""
        for number in reversed([*self._stacks]):
            self.close(number)

    def show(self, number: int, description: str, total: int | None) -> None:
        """Open a task on the display."""
        self._stacks[number] = ExitStack()
        self._tasks[number] = self._stacks[number].enter_context(self._progress.task(description, total))
