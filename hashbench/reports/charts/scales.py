"""From values to places on a page, and the round numbers along an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

# The first digits of round numbers.
_ROUND = (1, 2, 5)
# On a logarithmic axis, so many numbers.
_FEWEST, _MOST = 3, 12
# Of an axis' length, this much is left free at both ends.
_FREE = 0.04
# Between these, numbers are written out.
_PLAIN = 1e-4, 1e7


@dataclass(frozen=True)
class Scale:
    """One axis.

    Attributes:
        low: The value at its beginning.
        high: The value at its end, greater.
        start: The place of its beginning, in pixels.
        end: The place of its end.
        log: Whether equal ratios are equally far apart.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The place of a value.

        >>> Scale(1, 100, 0, 50, log=True)(10), Scale(0, 1, 100, 0)(0.25)
        (25.0, 75.0)
        """
        low, high, value = (
            (math.log(self.low), math.log(self.high), math.log(value))
            if self.log
            else (self.low, self.high, value)
        )
        return self.start + (value - low) / (high - low) * (self.end - self.start)


def extent(values: Sequence[float], *, log: bool) -> tuple[float, float]:
    """What an axis spans that shows all values, with a little to spare at both ends; never empty."""
    low, high = min(values), max(values)
    if log:
        ratio = (high / low) ** _FREE if high > low else 2.0
        return low / ratio, high * ratio
    free = (high - low) * _FREE or abs(high) / 2 or 1.0
    return low - free, high + free


def ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Round numbers that hold everything from `low` to `high` between the first and the last.

    The step is 1, 2 or 5 times a power of ten: the least one that needs `most` numbers or fewer.

    >>> ticks(0.13, 0.72)
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    """
    power = math.floor(math.log10((high - low) / most))
    for step in (Step(digit, power + more) for more in (0, 1, 2) for digit in _ROUND):
        first, last = math.floor(step.count(low) + 1e-9), math.ceil(step.count(high) - 1e-9)
        if last - first <= most:
            return [step.times(number) for number in range(first, last + 1)]
    raise AssertionError("a hundred times the first step is wide enough")


@dataclass(frozen=True)
class Step:
    """`digit` times ten to the `power`."""

    digit: int
    power: int

    def count(self, value: float) -> float:
        """How many steps a value is from 0."""
        return value / (self.digit * 10.0**self.power)

    def times(self, number: int) -> float:
        """So many steps from 0, without the errors of repeated addition."""
        return float(f"{number * self.digit}e{self.power}")


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers within: 1, 2 and 5 of each decade; where those are too many, the decades alone.

    Where they are too few, all digits, and over a span that is as good as even, evenly spaced numbers.

    >>> log_ticks(0.9, 12), log_ticks(0.5, 20_000)
    ([1.0, 2.0, 5.0, 10.0], [1.0, 10.0, 100.0, 1000.0, 10000.0])
    >>> log_ticks(2.5, 7.5), log_ticks(5.1, 5.4)
    ([3.0, 4.0, 5.0, 6.0, 7.0], [5.1, 5.15, 5.2, 5.25, 5.3, 5.35, 5.4])
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in (_ROUND, _ROUND[:1], range(1, 10)):
        found = [Step(digit, power).times(1) for power in decades for digit in digits]
        inside = [value for value in found if low <= value <= high]
        if _FEWEST <= len(inside) <= _MOST:
            return inside
    return [value for value in ticks(low, high) if low <= value <= high]


def as_text(values: Sequence[float]) -> list[str]:
    """The numbers along an axis: each with the digits that it needs, or all with as many decimals.

    Numbers that are evenly spaced get equal decimals; thousands are separated. Very small and very large
    ones have a power of ten.

    >>> as_text([0.0, 0.05, 0.1]), as_text([0.001, 10, 1000])
    (['0.00', '0.05', '0.10'], ['0.001', '10', '1,000'])
    """
    largest = max(abs(value) for value in values)
    if not _PLAIN[0] <= largest < _PLAIN[1]:
        return [f"{value:g}" for value in values]
    plain = [f"{value:,.9f}".rstrip("0").rstrip(".") for value in values]
    gaps = {round(after - before, 9) for before, after in pairwise(values)}
    if len(gaps) > 1:
        return plain
    decimals = max((len(text.partition(".")[2]) for text in plain), default=0)
    return [f"{value:,.{decimals}f}" for value in values]
