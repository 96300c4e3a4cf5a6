"""Where words go, so that none covers another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import isotonic_regression

# Widths in em of a system's sans serif, on the wide side; other signs take the last.
_WIDTHS = {"ijl.,:;'|!": 0.29, "frt()[]-/ ": 0.38, "mwMW@%": 0.92, "ABCDEFGHKNOPQRSTUVXYZ": 0.70}
_OTHER = 0.62


def width(text: str, size: float = 13) -> float:
    """About how wide a text is, in pixels."""
    wide = {sign: share for signs, share in _WIDTHS.items() for sign in signs}
    return size * sum(wide.get(sign, _OTHER) for sign in text)


def wrap(text: str, room: float, size: float = 13) -> list[str]:
    """A text in lines of at most that many pixels, broken between words."""
    lines: list[str] = []
    for word in text.split():
        if lines and width(f"{lines[-1]} {word}", size) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def shorten(text: str, room: float, size: float = 13) -> str:
    """A text that is at most that wide, without its middle where it has to be.

    >>> shorten("method (learning_rate=0.1)", 100), shorten("method", 100)
    ('method … =0.1)', 'method')
    """
    kept, short = len(text), text
    while width(short, size) > room and kept > 2:
        kept -= 1
        short = f"{text[: (kept + 1) // 2].rstrip()} … {text[len(text) - kept // 2 :].lstrip()}"
    return short


def spread(wanted: Sequence[float], gap: float, top: float, bottom: float) -> list[float]:
    """The places nearest to the wanted ones, in the squared sense, of which no two are closer than `gap`.

    With z = place - gap * rank, keeping apart is z not falling: an isotonic regression, which bounds
    only clip. Of equal ones the first comes first. All lie between `top` and `bottom` if there is room.

    >>> spread([10, 10, 50], 8, 0, 100)
    [6.0, 14.0, 50.0]
    """
    order = np.argsort(wanted, kind="stable")
    steps = gap * np.arange(len(order))
    free = isotonic_regression(np.asarray(wanted, dtype=np.float64)[order] - steps).x
    placed = np.empty(len(order))
    placed[order] = np.clip(free, top, max(top, bottom - steps[-1])) + steps
    return [float(place) for place in placed]


@dataclass(frozen=True)
class Box:
    """What a word or a mark covers, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether they overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def within(self, other: Box) -> bool:
        """Whether the other one holds all of it."""
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.top <= self.top
            and self.bottom <= other.bottom
        )


@dataclass
class Crowd:
    """Words beside points, each where it covers nothing; some find no place.

    Attributes:
        room: What no word may leave.
        taken: What no word may cover.
    """

    room: Box
    taken: list[Box] = field(default_factory=list)

    def place(self, text: str, x: float, y: float, *, own: Box, size: float = 13) -> Box | None:
        """A place beside a point, or None; `own` is the point's mark."""
        for box in _around(x, y, width(text, size), size):
            if box.within(self.room) and not self._covers(box, own):
                self.taken.append(box)
                return box
        return None

    def _covers(self, box: Box, own: Box) -> bool:
        return any(box.meets(other) for other in self.taken if other != own)


def _around(x: float, y: float, wide: float, high: float) -> Iterator[Box]:
    """Right, left, above, below, and the corners, the best first."""
    beside, half = 8.0, high / 2
    tops: Iterable[tuple[float, float]] = (
        (x + beside, y - half),
        (x - beside - wide, y - half),
        (x - wide / 2, y - beside - high + 2),
        (x - wide / 2, y + beside - 2),
        (x + 5, y - high - 3),
        (x - 5 - wide, y - high - 3),
        (x + 5, y + 3),
        (x - 5 - wide, y + 3),
    )
    for left, top in tops:
        yield Box(left, top, left + wide, top + high)
