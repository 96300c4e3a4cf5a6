"""How long a step takes for one item, measured here and now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from hashbench.runs.measure import timed

# Every rate is measured for so long, in rounds, of which the one in the middle counts.
SECONDS = 1.0
_ROUNDS = 3


@dataclass(frozen=True)
class Rate:
    """Time an item.

    Attributes:
        seconds: Of wall-clock time, in the middle one of the rounds.
        threads: Cores that worked; 0 where a GPU did.
        rounds: How often it was measured.
        spread: How much longer the slowest round took than the fastest, as a part of the latter.
    """

    seconds: float
    threads: int = 1
    rounds: int = 1
    spread: float = 0.0

    @property
    def core_seconds(self) -> float:
        """Seconds that one core would take."""
        return self.seconds * self.threads

    def on(self, cores: int) -> float:
        """Seconds on a machine with so many such cores, or with the same GPU.

        >>> Rate(seconds=0.5, threads=2).on(4), Rate(seconds=0.5, threads=0).on(4)
        (0.25, 0.5)
        """
        return self.core_seconds / cores if self.threads else self.seconds


def measured(work: Callable[[], object], items: int, threads: int) -> Rate:
    """Do something again and again, once before the clock runs: what loads and compiles is not counted.

    Args:
        work: Does `items` items.
        items: How many.
        threads: On how many cores; 0 for a GPU.
    """
    work()
    rounds: list[float] = []
    while len(rounds) < _ROUNDS or sum(rounds) < SECONDS:
        rounds.append(timed(work)[0])
    return Rate(median(rounds) / items, threads, len(rounds), max(rounds) / min(rounds) - 1)
