"""Progress of long work, shown on standard error where a person is watching."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

# Where no terminal shows a bar, a line as often as this.
_LINE_SECONDS = 30
# Columns of a terminal that a bar takes, and that it takes together with counts and times.
_BAR = 16
_REST = 56


class Task(Protocol):
    """An open task: called with a number of steps, it counts them as finished."""

    def __call__(self, steps: int) -> None:
        """Count finished steps."""
        ...

    def describe(self, description: str) -> None:
        """Say from now on something else of it."""
        ...


class Progress(Protocol):
    """What long work reports to."""

    def task(self, description: str, total: int | None) -> AbstractContextManager[Task]:
        """Open a task of `total` steps, None where nobody knows; tasks may be open inside of others."""
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


class _Uncounted:
    """A task that nobody watches."""

    def __call__(self, steps: int) -> None:
        """Forget them."""

    def describe(self, description: str) -> None:
        """Forget it."""


class SilentProgress:
    """Reports nothing: for tests and for use as a library."""

    @contextmanager
    def task(self, description: str, total: int | None) -> Iterator[Task]:
        """Count into the void."""
        yield _Uncounted()

    def note(self, message: str) -> None:
        """Say nothing."""

    def notice(self, message: str) -> None:
        """Say nothing."""

    def log(self, message: str) -> None:
        """Keep nothing."""

    def track(self, phase: str, iteration: int, values: Mapping[str, float]) -> None:
        """Keep nothing."""


class ConsoleProgress:
    """Bars with rate and remaining time on a terminal; elsewhere plain lines, one in half a minute."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._said: set[str] = set()
        # Shown while a task is open; a terminal has room for one such display.
        self._bars: Bars | None = None

    def task(self, description: str, total: int | None) -> AbstractContextManager[Task]:
        """Show a bar that goes away when the task is over, or say now and then how far it is."""
        show = self._bar if self.console.is_terminal else self._lines
        return show(description, total)

    @contextmanager
    def _bar(self, description: str, total: int | None) -> Iterator[Task]:
        if self._bars is None:
            self._bars = _bars(self.console)
            self._bars.start()
        bars = self._bars
        row = bars.add_task(description, total=total)
        try:
            yield _Row(bars, row)
        finally:
            if len(bars.tasks) == 1:
                bars.stop()
                self._bars = None
            else:
                bars.remove_task(row)

    @contextmanager
    def _lines(self, description: str, total: int | None) -> Iterator[Task]:
        self.note(f"{description} ...")
        yield _Spoken(self, description, total)

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

    def task(self, description: str, total: int | None) -> AbstractContextManager[Task]:
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


class _Row:
    """A task's bar among the others."""

    def __init__(self, bars: Bars, row: TaskID) -> None:
        self._bars = bars
        self._row = row

    def __call__(self, steps: int) -> None:
        """Move the bar."""
        self._bars.advance(self._row, steps)

    def describe(self, description: str) -> None:
        """Write something else before the bar."""
        self._bars.update(self._row, description=description)


class _Spoken:
    """A task of which a line tells now and then."""

    def __init__(self, console: ConsoleProgress, description: str, total: int | None) -> None:
        self._console = console
        self._description = description
        self._total = total
        self._done = 0
        self._start = self._last = time.monotonic()

    def __call__(self, steps: int) -> None:
        """Count, and say so where the last line is some time ago and this is not the end."""
        self._done += steps
        now = time.monotonic()
        if now - self._last >= _LINE_SECONDS and 0 < self._done < (self._total or 0):
            self._last = now
            rate = self._done / (now - self._start)
            left = ((self._total or 0) - self._done) / rate
            self._console.note(
                f"{self._description}: {self._done:,} of {self._total:,}, {_speed(rate)}, about "
                f"{_duration(left)} left"
            )

    def describe(self, description: str) -> None:
        """Begin the next line with something else."""
        self._description = description


def _bars(console: Console) -> Bars:
    """A display of bars, one below the other, that fits a narrow terminal."""
    from rich import progress as bars  # noqa: PLC0415 - start-up stays fast without it
    from rich.table import Column  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    class Counted(bars.MofNCompleteColumn):
        """Finished steps, where somebody knows of how many."""

        def render(self, task: bars.Task) -> Text:
            return Text() if task.total is None else super().render(task)

    class Rated(bars.ProgressColumn):
        """Finished steps a second, where somebody knows of how many."""

        def render(self, task: bars.Task) -> Text:
            rate = task.finished_speed or task.speed
            return Text(_speed(rate), style="progress.data.speed") if rate and task.total else Text()

    words = Column(no_wrap=True, overflow="ellipsis", max_width=max(20, console.width - _REST))
    return bars.Progress(
        bars.TextColumn("{task.description}", markup=False, table_column=words),
        bars.BarColumn(bar_width=_BAR),
        Counted(),
        Rated(),
        bars.TimeElapsedColumn(),
        bars.TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _speed(rate: float) -> str:
    """Steps a second, or seconds a step where they are slow.

    >>> _speed(1234.5), _speed(7.26), _speed(0.25)
    ('1,234/s', '7.3/s', '4.0 s each')
    """
    if rate < 1:
        return f"{1 / rate:.1f} s each"
    return f"{rate:,.0f}/s" if rate >= 100 else f"{rate:.1f}/s"


def _duration(seconds: float) -> str:
    """In words, as exactly as an estimate deserves.

    >>> _duration(42), _duration(200)
    ('42 s', '3 min')
    """
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
