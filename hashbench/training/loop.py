"""The training loop that gradient-trained methods share.

L = training images, B = batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from hashbench.errors import DataError
from hashbench.progress import Progress

# The first optimiser of a process makes torch load 900 modules, which takes seconds: now, and not
# while a run's time is taken.
torch.optim.Adam([torch.zeros(1)])


@dataclass(frozen=True)
class Schedule:
    """How long to train and how fast.

    Attributes:
        iterations: Gradient steps in all.
        batch_size: Images a step; smaller where there are fewer images.
        learning_rate: Adam's, at the start.
        decay: What the learning rate is multiplied by ...
        decay_every: ... every so many iterations.
        weight_decay: Adam's L2 penalty.
    """

    iterations: int
    batch_size: int
    learning_rate: float
    decay: float = 1.0
    decay_every: int = 1
    weight_decay: float = 0.0

    @classmethod
    def of_epochs(cls, epochs: int, count: int, batch_size: int, learning_rate: float) -> Schedule:
        """At a constant rate, as many steps as `epochs` passes over `count` images take.

        >>> Schedule.of_epochs(3, count=100, batch_size=40, learning_rate=0.1).iterations
        6
        """
        size = min(batch_size, count)
        return cls(epochs * (count // size), size, learning_rate)


def batches(count: int, batch_size: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
    """One epoch of index batches (B,), shuffled; a last, smaller one is left out.

    >>> [len(b) for b in batches(5, 2, torch.Generator().manual_seed(0))]
    [2, 2]
    """
    size = min(batch_size, count)
    order = torch.randperm(count, generator=generator)
    for start in range(0, count - size + 1, size):
        yield order[start : start + size]


def train(
    parameters: Sequence[dict[str, Any]],
    loss: Callable[[torch.Tensor], torch.Tensor],
    schedule: Schedule,
    *,
    count: int,
    generator: torch.Generator,
    progress: Progress,
    title: str = "gradient steps",
    on_epoch_end: Callable[[int], None] = lambda epoch: None,
) -> None:
    """Minimise a loss over batches of training images by Adam.

    Args:
        parameters: Parameter groups; a key `multiplier` scales the group's learning rate.
        loss: Maps a batch of indices (B,) to a scalar.
        schedule: Length and rates.
        count: L.
        generator: Where shuffling takes its randomness from.
        progress: Where to report ...
        title: ... and under what name.
        on_epoch_end: Called with the number of finished epochs, for alternating optimisation.

    Raises:
        DataError: The loss is no longer finite.
    """
    groups = [
        {"params": g["params"], "lr": schedule.learning_rate * g.get("multiplier", 1.0)} for g in parameters
    ]
    optimiser = torch.optim.Adam(groups, weight_decay=schedule.weight_decay)
    decay = torch.optim.lr_scheduler.StepLR(optimiser, schedule.decay_every, schedule.decay)
    iteration, epoch = 0, 0
    with _random_state(generator), progress.task(title, schedule.iterations) as advance:
        while iteration < schedule.iterations:
            summed, steps = 0.0, 0
            for batch in batches(count, schedule.batch_size, generator):
                summed += _step(loss(batch), optimiser)
                decay.step()
                advance(1)
                steps += 1
                iteration += 1
                if iteration == schedule.iterations:
                    break
            epoch += 1
            progress.log(f"epoch {epoch}, iteration {iteration}: loss {summed / steps:.5f}")
            rate = optimiser.param_groups[0]["lr"]
            progress.track(
                title, iteration, {"epoch": epoch, "loss": summed / steps, "learning rate": rate}
            )
            on_epoch_end(epoch)


@contextmanager
def _random_state(generator: torch.Generator) -> Iterator[None]:
    """Let dropout follow the seed, and leave the caller's random state as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(generator.initial_seed())
        yield


def _step(value: torch.Tensor, optimiser: torch.optim.Optimizer) -> float:
    """One gradient step; returns the loss before it."""
    if not torch.isfinite(value):
        raise DataError(f"the loss became {value.item()}. Lower the learning rate.")
    optimiser.zero_grad(set_to_none=True)
    value.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return float(value.item())
