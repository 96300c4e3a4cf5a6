"""How long to train and how fast, by iteration."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from hashbench.training.config import DeepConfig


@dataclass(frozen=True)
class Schedule:
    """How long to train and how fast, whatever the number of images.

    Attributes:
        iterations: Gradient steps in all.
        batch_size: Images a step; smaller where there are fewer images.
        learning_rate: Adam's, at its highest.
        warmup: Iterations over which it rises to that.
        shape: How it falls: in a `step` by `decay` every `decay_every` iterations, or along a `cosine`.
        decay: What the learning rate is multiplied by ...
        decay_every: ... every so many iterations.
        weight_decay: Adam's L2 penalty.
    """

    iterations: int
    batch_size: int
    learning_rate: float
    warmup: int = 0
    shape: Literal["step", "cosine"] = "step"
    decay: float = 1.0
    decay_every: int = 1
    weight_decay: float = 0.0

    @classmethod
    def of(cls, config: DeepConfig) -> Schedule:
        """The schedule that settings ask for."""
        return cls(
            iterations=config.iterations,
            batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            warmup=config.warmup,
            shape=config.schedule,
            decay=config.decay,
            decay_every=config.decay_every,
            weight_decay=config.weight_decay,
        )

    @classmethod
    def of_epochs(cls, epochs: int, count: int, batch_size: int, learning_rate: float) -> Schedule:
        """At a constant rate, as many steps as `epochs` passes over `count` images take.

        >>> Schedule.of_epochs(3, count=100, batch_size=40, learning_rate=0.1).iterations
        6
        """
        size = min(batch_size, count)
        return cls(epochs * (count // size), size, learning_rate)

    def factor(self, iteration: int) -> float:
        """What the learning rate is multiplied by in a step, counted from 0.

        >>> step = Schedule(8, 1, 0.1, warmup=2, decay=0.5, decay_every=3)
        >>> [step.factor(i) for i in range(8)]
        [0.5, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25]
        >>> [Schedule(4, 1, 0.1, shape="cosine").factor(i) for i in (0, 2)]
        [1.0, 0.5]
        """
        rise = min(1.0, (iteration + 1) / self.warmup) if self.warmup else 1.0
        if self.shape == "cosine":
            return rise * 0.5 * (1 + math.cos(math.pi * iteration / self.iterations))
        return float(rise * self.decay ** (iteration // self.decay_every))
