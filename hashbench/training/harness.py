"""What trains and applies the network of a method, on whatever device.

N = images, D = dimensions of outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import nn

from hashbench.data.views import ImageView
from hashbench.methods.method import Context
from hashbench.training.config import HarnessConfig
from hashbench.training.fabric import Fabric
from hashbench.training.inference import outputs
from hashbench.training.layers import Network
from hashbench.training.loop import Loop
from hashbench.training.machine import Machine, fabric_of
from hashbench.training.objective import Stage
from hashbench.training.seeding import reseed
from hashbench.training.source import Source


class Harness:
    """Builds, trains and applies a method's network where its context says, as its settings say.

    Attributes:
        source: Makes of images what the network is given.
        machine: Where it computes.
    """

    def __init__(
        self, config: HarnessConfig, context: Context, *, finetunes: bool, fabric: Fabric | None = None
    ) -> None:
        self.machine = Machine(fabric or fabric_of(context.device, 1, config), config)
        self.source = Source(config, context.backbone, self.machine.device, finetunes, context.seed)
        self._context = context

    def network(self, build: Callable[[int], nn.Module], width: int) -> Network:
        """A network on the device, its head made for features of that width.

        Fresh weights follow the seed, and the caller's random state stays as it was.
        """
        with torch.random.fork_rng(devices=[]):
            reseed(self._context.seed, "network")
            body = self.source.body() if self.source.finetunes else None
            network = Network(build(width), width, body)
        self.machine.placed(network)
        return network

    def train(self, stages: Iterator[Stage], network: Callable[[], Network], views: int) -> None:
        """Go through the stages, from where an interrupted fit of the same has come to.

        Args:
            stages: Made one after the other: what comes between them sees what was trained before.
            network: The network, when there is a stage for it.
            views: How often losses look at each image.
        """
        with self.machine.exactly():
            history = _History(self._context, self.machine)
            for number in count():
                # What is drawn between stages does not depend on what was drawn in them.
                reseed(self._context.seed, f"stage {number}", self.machine.device)
                stage = next(stages, None)
                if stage is None:
                    break
                loop = Loop(stage, network(), self.source, self.machine, context=self._context, views=views)
                history.go_through(number, stage.title, loop)

    def outputs(self, network: nn.Module, images: ImageView) -> torch.Tensor:
        """What a network makes of images as they are, float32 (N, D), on the device."""
        with self.machine.exactly():
            return outputs(network, images, self.source, self.machine)

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        """A copy of an array, on the device."""
        return torch.from_numpy(np.array(array)).to(self.machine.device)


class _History:
    """What a fit has gone through, kept in the context's checkpoint where there is one."""

    def __init__(self, context: Context, machine: Machine) -> None:
        self._progress, self._checkpoint = context.progress, context.checkpoint
        self._over: list[dict[str, Any]] = []
        kept = self._taken()
        if self._checkpoint:
            self._checkpoint.begin()
        # All have taken it before the first one writes the next.
        machine.fabric.barrier()
        self._keeps = machine.is_first
        self._were_over: list[dict[str, Any]] = kept.get("over", [])
        self._was_at: dict[str, Any] | None = kept.get("at")

    def go_through(self, number: int, title: str, loop: Loop) -> None:
        """Train a stage, or what is left of it."""
        if number < len(self._were_over):
            loop.load_outcome(self._were_over[number])
        elif number == len(self._were_over) and self._was_at:
            loop.load_state(self._was_at)
            self._progress.note(f"{title}: was interrupted after iteration {loop.iteration}, and goes on")
        for iteration, values in loop.points:
            self._progress.track(title, iteration, values)
        if number >= len(self._were_over):
            loop.run(lambda: self._keep(loop))
        if self._checkpoint:
            self._over.append(loop.outcome())

    def _keep(self, loop: Loop) -> None:
        if self._checkpoint and self._keeps and self._checkpoint.is_due:
            self._checkpoint.keep({"over": self._over, "at": loop.state()})

    def _taken(self) -> dict[str, Any]:
        if self._checkpoint is None or not self._checkpoint.path.exists():
            return {}
        kept = self._checkpoint.take()
        if kept is None:
            self._progress.note(
                f"checkpoint {str(self._checkpoint.path)!r} is of another version or damaged: "
                "training starts anew"
            )
        return kept or {}
