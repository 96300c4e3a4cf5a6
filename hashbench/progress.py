"""Progress of long work, shown on standard error where a person is watching."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.console import Console


class Progress(Protocol):
    """What long work reports to."""

    def task(self, description: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Open a task of `total` steps; the block gets a function that counts finished ones."""
        ...

    def note(self, message: str) -> None:
        """Say one line."""
        ...

    def log(self, message: str) -> None:
        """Keep one line for the run's log, without showing it."""
        ...


class SilentProgress:
    """Reports nothing: for tests and for use as a library."""

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Callable[[int], None]]:
        """Count into the void."""
        yield lambda steps: None

    def note(self, message: str) -> None:
        """Say nothing."""

    def log(self, message: str) -> None:
        """Keep nothing."""


class ConsoleProgress:
    """A bar with rate and remaining time on a terminal, plain lines elsewhere."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def task(self, description: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show a bar that goes away when the task is over."""
        from rich import progress as bars  # noqa: PLC0415 - start-up stays fast without it

        columns = (
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TimeElapsedColumn(),
            bars.TimeRemainingColumn(),
        )
        if not self.console.is_terminal:
            self.note(f"{description} ...")
        with bars.Progress(
            *columns, console=self.console, transient=True, disable=not self.console.is_terminal
        ) as bar:
            task = bar.add_task(description, total=total)
            yield lambda steps: bar.advance(task, steps)

    def note(self, message: str) -> None:
        """Print one dim line."""
        self.console.print(message, style="dim", highlight=False, soft_wrap=True)

    def log(self, message: str) -> None:
        """Show nothing: the run's log keeps it."""


class LoggedProgress:
    """Passes progress on and keeps what was said, for a run's log.

    Attributes:
        lines: What was said, in order.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.lines: list[str] = []

    def task(self, description: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Pass on."""
        return self._progress.task(description, total)

    def note(self, message: str) -> None:
        """Keep and pass on."""
        self.lines.append(message)
        self._progress.note(message)

    def log(self, message: str) -> None:
        """Keep."""
        self.lines.append(message)
