"""Progress of long work, shown on standard error where a person is watching."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.console import Console

# Where no terminal shows a bar, a line as often as this.
_LINE_SECONDS = 30


class Progress(Protocol):
    """What long work reports to."""

    def task(self, description: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Open a task of `total` steps; the block gets a function that counts finished ones."""
        ...

    def note(self, message: str) -> None:
        """Say one line."""
        ...

    def notice(self, message: str) -> None:
        """Say what everybody should know; once, however many runs it holds of."""
        ...

    def log(self, message: str) -> None:
        """Keep one line for the run's log, without showing it."""
        ...

    def track(self, phase: str, iteration: int, values: Mapping[str, float]) -> None:
        """Keep one point of a learning curve: values by name, after so many iterations of a phase."""
        ...


class SilentProgress:
    """Reports nothing: for tests and for use as a library."""

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Callable[[int], None]]:
        """Count into the void."""
        yield lambda steps: None

    def note(self, message: str) -> None:
        """Say nothing."""

    def notice(self, message: str) -> None:
        """Say nothing."""

    def log(self, message: str) -> None:
        """Keep nothing."""

    def track(self, phase: str, iteration: int, values: Mapping[str, float]) -> None:
        """Keep nothing."""


class ConsoleProgress:
    """A bar with rate and remaining time on a terminal; elsewhere plain lines, one in half a minute."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._said: set[str] = set()

    def task(self, description: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Show a bar that goes away when the task is over, or say now and then how far it is."""
        show = self._bar if self.console.is_terminal else self._lines
        return show(description, total)

    @contextmanager
    def _bar(self, description: str, total: int) -> Iterator[Callable[[int], None]]:
        from rich import progress as bars  # noqa: PLC0415 - start-up stays fast without it

        columns = (
            bars.TextColumn("{task.description}", markup=False),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TimeElapsedColumn(),
            bars.TimeRemainingColumn(),
        )
        with bars.Progress(*columns, console=self.console, transient=True) as bar:
            task = bar.add_task(description, total=total)
            yield lambda steps: bar.advance(task, steps)

    @contextmanager
    def _lines(self, description: str, total: int) -> Iterator[Callable[[int], None]]:
        self.note(f"{description} ...")
        start = said = time.monotonic()
        done = 0

        def advance(steps: int) -> None:
            nonlocal done, said
            done += steps
            now = time.monotonic()
            if now - said >= _LINE_SECONDS and 0 < done < total:
                said = now
                left = (now - start) * (total - done) / done
                self.note(f"{description}: {done:,} of {total:,}, about {_duration(left)} left")

        yield advance

    def note(self, message: str) -> None:
        """Print one dim line."""
        self.console.print(message, style="dim", highlight=False, soft_wrap=True, markup=False)

    def notice(self, message: str) -> None:
        """Print one line, unless it was printed before."""
        if message not in self._said:
            self._said.add(message)
            self.note(f"note: {message}")

    def log(self, message: str) -> None:
        """Show nothing: the run's log keeps it."""

    def track(self, phase: str, iteration: int, values: Mapping[str, float]) -> None:
        """Show nothing: the run's history keeps it."""


def on_stderr() -> ConsoleProgress:
    """Progress on standard error."""
    from rich.console import Console  # noqa: PLC0415 - start-up stays fast without it

    return ConsoleProgress(Console(stderr=True))


class LoggedProgress:
    """Passes progress on and keeps what was said and tracked, for a run's log and history.

    Attributes:
        lines: What was said, in order.
        points: What was tracked: `phase`, `iteration` and the values by name.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.lines: list[str] = []
        self.points: list[dict[str, Any]] = []

    def task(self, description: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Pass on."""
        return self._progress.task(description, total)

    def note(self, message: str) -> None:
        """Keep and pass on."""
        self.lines.append(message)
        self._progress.note(message)

    def notice(self, message: str) -> None:
        """Keep, of each run, and pass on."""
        self.lines.append(f"note: {message}")
        self._progress.notice(message)

    def log(self, message: str) -> None:
        """Keep."""
        self.lines.append(message)

    def track(self, phase: str, iteration: int, values: Mapping[str, float]) -> None:
        """Keep."""
        self.points.append({"phase": phase, "iteration": iteration, **values})


def _duration(seconds: float) -> str:
    """In words, as exactly as an estimate deserves.

    >>> _duration(42), _duration(200)
    ('42 s', '3 min')
    """
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
