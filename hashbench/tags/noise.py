"""Noise: tags damaged on purpose, to see how much of it a method bears.

A mark is a tag on an image. N = images, T = tags, M = marks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hashbench.errors import ConfigError, DataError, UnknownNameError
from hashbench.tags.table import TagTable

# Raised whenever the same kind, level and seed would give another table.
VERSION = 1


@dataclass(frozen=True)
class Noise:
    """One kind of damage, of which a lower level of the same seed does a part.

    The kinds are the functions below. Draws come from the stream of a bit generator, of which NumPy
    promises that it never changes.

    Attributes:
        kind: Which one.
        level: How much of it, from 0 to below 1.
        seed: Where the draws begin, 0 or more.

    Raises:
        UnknownNameError: There is no such kind.
        ConfigError: The level or the seed is out of range.
    """

    kind: str
    level: float
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise UnknownNameError("noise", self.kind, _KINDS)
        if not 0 <= self.level < 1:
            raise ConfigError(f"noise {str(self)!r}: Expected a level from 0 to below 1.")
        if self.seed < 0:
            raise ConfigError(f"noise {str(self)!r}: seed {self.seed}. Expected 0 or more.")

    @classmethod
    def parse(cls, text: str, seed: int = 0) -> Noise:
        """Read what `str` writes.

        Raises:
            UnknownNameError: There is no such kind.
            ConfigError: The text, its level or the seed is no noise.

        >>> noise = Noise.parse("missing=0.4")
        >>> noise, str(noise)
        (Noise(kind='missing', level=0.4, seed=0), 'missing=0.4')
        """
        kind, equals, level = (part.strip() for part in text.partition("="))
        try:
            number = float(level)
        except ValueError:
            equals = ""
        if not equals:
            raise ConfigError(f"noise {text!r}: Expected KIND=LEVEL, such as 'missing=0.4'.")
        return cls(kind, number, seed)

    def __str__(self) -> str:
        return f"{self.kind}={self.level}"

    def identity(self) -> dict[str, Any]:
        """The part of a run's identity."""
        return {"kind": self.kind, "level": self.level, "seed": self.seed, "version": VERSION}

    def apply(self, table: TagTable) -> TagTable:
        """The damaged table; tags that no image carries any more are gone, and at level 0 nothing is.

        Args:
            table: N images, T tags; not changed.

        Raises:
            DataError: No tag is left.
        """
        if self.level == 0:
            return table
        incidence = table.incidence
        images = np.repeat(np.arange(len(table)), np.diff(incidence.indptr))
        draws = np.random.PCG64(self.seed)
        images, tags = _KINDS[self.kind](Marks(images, incidence.indices, table), self.level, draws)
        damaged = TagTable.from_marks(images, tags, len(table), table.vocabulary).carried_by(1)
        if not damaged.vocabulary:
            raise DataError(f"noise {str(self)!r} leaves none of {len(table.vocabulary)} tags.")
        return damaged


def noise_in_words(identity: dict[str, Any]) -> str:
    """What stands in a run's identity, in few words.

    >>> noise_in_words(Noise("missing", 0.4, seed=1).identity())
    'missing 40%, seed 1'
    """
    seed = f", seed {identity['seed']}" if identity["seed"] else ""
    return f"{identity['kind']} {100 * identity['level']:g}%{seed}"


@dataclass(frozen=True)
class Marks:
    """The marks of a table, image by image and each image's in the vocabulary's order.

    Attributes:
        images: Integers (M,).
        tags: Integers (M,).
        table: Where they are from.
    """

    images: np.ndarray
    tags: np.ndarray
    table: TagTable


def missing(marks: Marks, level: float, draws: np.random.PCG64) -> tuple[np.ndarray, np.ndarray]:
    """Drop each mark with probability `level`: people type few of the words that are true."""
    kept = _uniform(draws, len(marks.tags)) >= level
    return marks.images[kept], marks.tags[kept]


def random(marks: Marks, level: float, draws: np.random.PCG64) -> tuple[np.ndarray, np.ndarray]:
    """Replace each mark, with probability `level`, by a tag that is drawn uniformly from the vocabulary.

    One that the image carries already counts once.
    """
    replaced = _uniform(draws, len(marks.tags)) < level
    drawn = np.floor(_uniform(draws, len(marks.tags)) * len(marks.table.vocabulary)).astype(np.int64)
    return marks.images, np.where(replaced, drawn, marks.tags)


def swapped(marks: Marks, level: float, draws: np.random.PCG64) -> tuple[np.ndarray, np.ndarray]:
    """Hand the tag lists of a share `level` of the images on around a circle, so that none keeps its own.

    Tags stay as frequent as they are, and lists as long; one image alone has nobody to swap with.
    """
    order = np.argsort(draws.random_raw(len(marks.table)), kind="stable")
    circle = order[: int(level * len(order))]
    receiver = np.arange(len(order))
    receiver[circle] = np.roll(circle, -1)
    return receiver[marks.images], marks.tags


def long_tail(marks: Marks, level: float, draws: np.random.PCG64) -> tuple[np.ndarray, np.ndarray]:
    """Thin tags out the more the rarer they are: an exponential profile over their ranks.

    A mark of the tag of frequency rank r (0 is the most frequent; ties in the vocabulary's order) is kept
    with probability (1 - level)^(r / (T - 1)), after the profile by which Cui et al. ("Class-Balanced Loss
    Based on Effective Number of Samples", CVPR 2019) make classes imbalanced.
    """
    order = np.argsort(-marks.table.carried(), kind="stable")
    place = np.empty(len(order))
    place[order] = np.arange(len(order)) / max(1, len(order) - 1)
    kept = _uniform(draws, len(marks.tags)) < (1 - level) ** place[marks.tags]
    return marks.images[kept], marks.tags[kept]


def _uniform(draws: np.random.PCG64, count: int) -> np.ndarray:
    """Float64 (count,) in [0, 1), of 53 bits each."""
    return (draws.random_raw(count) >> np.uint64(11)) * 2.0**-53


_Damage = Callable[[Marks, float, np.random.PCG64], tuple[np.ndarray, np.ndarray]]
_KINDS: dict[str, _Damage] = {
    "missing": missing,
    "random": random,
    "swapped": swapped,
    "long-tail": long_tail,
}
