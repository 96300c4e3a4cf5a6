"""Which images each step of training sees.

B = batch, N = training images.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from hashbench.training.seeding import torch_generator


@dataclass(frozen=True)
class Plan:
    """Which images each step sees: a function of the seed and the step's number alone.

    A run that goes on where it was stopped needs nothing else to see what it would have seen.

    Attributes:
        places: int64 (N,), the training images' places.
        batch_size: B, at most N; what is left over in an epoch waits for another one.
        iterations: Steps in all.
        seed: What the order follows ...
        title: ... and whose order it is.
    """

    places: torch.Tensor
    batch_size: int
    iterations: int
    seed: int
    title: str

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return len(self.places) // self.batch_size

    def epoch(self, iteration: int) -> int:
        """The epoch that a step belongs to, counted from 0."""
        return iteration // self.steps

    def ends_epoch(self, iteration: int) -> bool:
        """Whether an epoch is over after that step; the last one may be a part."""
        return (iteration + 1) % self.steps == 0 or iteration + 1 == self.iterations

    def batches(self, start: int) -> Iterator[tuple[int, torch.Tensor]]:
        """Each step from `start` on, and the places of its images, int64 (B,)."""
        for iteration in range(start, self.iterations):
            if iteration == start or iteration % self.steps == 0:
                order = self._order(self.epoch(iteration))
            first = iteration % self.steps * self.batch_size
            yield iteration, order[first : first + self.batch_size]

    def _order(self, epoch: int) -> torch.Tensor:
        """All training images' places, shuffled, int64 (N,)."""
        generator = torch_generator(self.seed, f"{self.title}: batches of epoch {epoch}")
        return self.places[torch.randperm(len(self.places), generator=generator)]
