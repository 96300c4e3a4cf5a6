"""The moments at which a method can be interrupted: when it reports, and when it reads the images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from hashbench.data.views import ImageView, Rows


class Moments:
    """Progress that counts, and interrupts at one moment; afterwards it only counts.

    Attributes:
        count: Moments that have passed.
    """

    def __init__(self, interrupt_at: int | None = None) -> None:
        self.count = 0
        self._interrupt_at = interrupt_at

    def pass_one(self) -> None:
        """A moment.

        Raises:
            KeyboardInterrupt: It is the one.
        """
        self.count += 1
        if self.count == self._interrupt_at:
            raise KeyboardInterrupt

    @contextmanager
    def task(self, description: str, total: int | None) -> Iterator[_Ticking]:
        """Open a task, every step of which is a moment."""
        self.pass_one()
        yield _Ticking(self)

    def note(self, message: str) -> None:
        """A moment."""
        self.pass_one()

    def notice(self, message: str) -> None:
        """A moment."""
        self.pass_one()

    def log(self, message: str) -> None:
        """A moment."""
        self.pass_one()

    def track(self, phase: str, iteration: int, values: Mapping[str, float]) -> None:
        """A moment."""
        self.pass_one()


class WatchedImages(ImageView):
    """Images of which every reading is a moment."""

    def __init__(self, images: ImageView, moments: Moments) -> None:
        super().__init__(features=images._features, pixels=images._pixels)
        self._moments = moments

    @property
    def features(self) -> np.ndarray:
        """As given."""
        self._moments.pass_one()
        return super().features

    @property
    def pixels(self) -> np.ndarray | Rows:
        """As given."""
        self._moments.pass_one()
        return super().pixels


class _Ticking:
    """A task of which every step is a moment."""

    def __init__(self, moments: Moments) -> None:
        self._moments = moments

    def __call__(self, steps: int) -> None:
        """A moment."""
        self._moments.pass_one()

    def describe(self, description: str) -> None:
        """A moment."""
        self._moments.pass_one()
