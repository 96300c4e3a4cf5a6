"""How fast training goes, and what it waits for: an epoch at a time."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import psutil
import torch

from hashbench.training.loader import Loader


@dataclass
class Pace:
    """Measures the time since it was asked last.

    Attributes:
        device: Where the network computes.
        loader: Where its batches come from.
        images: How many went through since.
    """

    device: torch.device
    loader: Loader
    images: int = 0
    _start: float = field(default_factory=time.perf_counter)
    _read: float = 0.0
    _waited: float = 0.0
    _steps: list[tuple[torch.cuda.Event, torch.cuda.Event]] = field(default_factory=list)

    def begin(self) -> None:
        """A step begins on the device."""
        if self.device.type == "cuda":
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
            begin.record()
            self._steps.append((begin, end))

    def end(self, images: int) -> None:
        """It is over, for so many images."""
        self.images += images
        if self._steps:
            self._steps[-1][1].record()

    def measured(self) -> dict[str, float]:
        """What an epoch took, by name; the next begins.

        `images/s`: images that training took in; `loader images/s`: that reading alone would give; `busy`:
        share of the time in which the device had a step to work on (a GPU, by its own clock), or in which
        nobody waited for a batch (a CPU); `memory MiB`: at its peak on a GPU, now on a CPU.
        """
        busy = self._busy_seconds()
        now = time.perf_counter()
        seconds, read = now - self._start, self.loader.read_seconds - self._read
        waited = self.loader.waited_seconds - self._waited
        found = {
            "images/s": self.images / seconds,
            "loader images/s": self.images / read if read else 0.0,
            "busy": min(1.0, (seconds - waited if busy is None else busy) / seconds),
            "memory MiB": self._memory() / 2**20,
        }
        self.images, self._start = 0, now
        self._read, self._waited = self.loader.read_seconds, self.loader.waited_seconds
        return found

    def _busy_seconds(self) -> float | None:
        """Between the beginnings and the ends of the steps on a GPU; None elsewhere."""
        if self.device.type != "cuda":
            return None
        torch.cuda.synchronize(self.device)
        busy = sum(start.elapsed_time(end) for start, end in self._steps) / 1000
        self._steps.clear()
        return busy

    def _memory(self) -> int:
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device)
        return int(psutil.Process().memory_info().rss)
