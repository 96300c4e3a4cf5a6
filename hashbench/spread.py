"""One function over many jobs that need nothing of each other: here, or wherever an engine has workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

J = TypeVar("J")
R = TypeVar("R")


class Spread(Protocol):
    """Does jobs, in whatever order and place."""

    def __call__(self, make: Callable[[], Callable[[J], R]], jobs: Sequence[J]) -> Iterator[tuple[J, R]]:
        """Do every job once.

        Args:
            make: Gives a worker what does its jobs, once: a method loaded, a file opened. It can be
                pickled, as jobs and results can.
            jobs: What is to be done.

        Yields:
            Each job with its result, as they are done.
        """


def here(make: Callable[[], Callable[[J], R]], jobs: Sequence[J]) -> Iterator[tuple[J, R]]:
    """Do the jobs in this process, one after the other; see `Spread`.

    >>> list(here(lambda: lambda number: number * number, [2, 3]))
    [(2, 4), (3, 9)]
    """
    if jobs:
        work = make()
        for job in jobs:
            yield job, work(job)
