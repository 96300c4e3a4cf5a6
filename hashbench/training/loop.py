"""The training loop of a stage: the only one there is."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import torch
from torch import nn

from hashbench.errors import ConfigError, DataError
from hashbench.methods.method import Context
from hashbench.training.keeping import Average, Best
from hashbench.training.layers import Network
from hashbench.training.loader import Loader
from hashbench.training.machine import Machine
from hashbench.training.objective import Stage
from hashbench.training.pace import Pace
from hashbench.training.plan import Plan
from hashbench.training.seeding import torch_generator
from hashbench.training.source import Source
from hashbench.training.step import Step

# The first optimiser of a process makes torch load 900 modules, which takes seconds: now, and not
# while a run's time is taken.
torch.optim.Adam([torch.zeros(1)])
# A loss is looked at so seldom on a GPU, which would have to wait.
_LOOK_STEPS = 20
_FEWEST = 2


class Loop:
    """A stage of training, from where it is to its end.

    Whatever is random in a step follows the seed and the step's number, so that what the modules and the
    optimiser hold, and that number, are all there is to keep of it.

    Attributes:
        iteration: Finished steps.
        points: What was tracked after each epoch: its step, and values by name.
    """

    def __init__(
        self,
        stage: Stage,
        network: Network,
        source: Source,
        machine: Machine,
        *,
        context: Context,
        views: int,
    ) -> None:
        self.iteration = 0
        self.points: list[tuple[int, dict[str, float]]] = []
        # Their sum in this epoch, and their number, where they are computed: to move them makes a GPU wait.
        self._losses = torch.zeros(2, device=machine.device)
        self._stage, self._source, self._machine, self._context = stage, source, machine, context
        self._config = source.config
        forward: nn.Module = network
        if stage.objective.head:
            forward = Network(stage.objective.head, int(network.width), network.body)
        # What stands in it twice is there once: the head of training may share weights with the other.
        self._whole = nn.ModuleDict(
            {"network": network, "trained": forward, "beside": nn.ModuleList(stage.objective.modules)}
        )
        machine.placed(self._whole)
        places, apart = _set_apart(len(stage.images), self._config.validation, context.seed)
        size = min(stage.schedule.batch_size, len(places))
        self._plan = Plan(places, size, stage.schedule.iterations, context.seed, stage.title)
        self._loader = Loader(stage, source, machine.share(size))
        self._judged, self._apart = Loader(stage, source, slice(None)), torch.split(apart, size)
        compiled: Callable[[torch.Tensor], Any] = (
            torch.compile(forward) if self._config.compile else forward
        )
        self._step = Step(stage, views, compiled, source, machine, context.seed)
        self._optimiser = self._adam()
        self._average = Average(network, self._config.ema) if self._config.ema else None
        self._best = Best(self._whole, self._config.patience) if self._config.validation else None

    def run(self, keep: Callable[[], None]) -> None:
        """Train, and leave the weights that are to stay in the network.

        Args:
            keep: Called between steps, when `state` is all that there is to keep.

        Raises:
            DataError: The loss is no longer finite.
        """
        self._whole.train()
        pace = Pace(self._machine.device, self._loader)
        left = self._plan.iterations - self.iteration
        with self._context.progress.task(self._stage.title, left) as advance:
            for loaded in self._loader.batches(self._plan.batches(self.iteration)):
                pace.begin()
                self._learn(self._step.learn(loaded, self._plan.epoch(loaded.iteration)))
                pace.end(len(loaded.indices))
                advance(1)
                if self._plan.ends_epoch(loaded.iteration) and self._end_epoch(pace):
                    break
                keep()
        if self._best:
            self._best.give()
        elif self._average:
            self._average.give()

    def state(self) -> dict[str, Any]:
        """All that a checkpoint keeps of it."""
        kept = {name: part.state_dict() for name, part in self._parts().items()}
        return kept | {"iteration": self.iteration, "losses": self._losses, "points": self.points}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.iteration, self.points = state["iteration"], state["points"]
        self._losses.copy_(state["losses"])

    def outcome(self) -> dict[str, Any]:
        """What a checkpoint keeps of it when it is over."""
        whole = {name: tensor.cpu().clone() for name, tensor in self._whole.state_dict().items()}
        return {"whole": whole, "points": self.points}

    def load_outcome(self, outcome: Mapping[str, Any]) -> None:
        """Be over, as it was."""
        self._whole.load_state_dict(outcome["whole"])
        self.points = outcome["points"]

    def _parts(self) -> dict[str, Any]:
        """What has a state, by name."""
        parts = {"whole": self._whole, "optimiser": self._optimiser}
        return parts | {
            name: part for name, part in (("average", self._average), ("best", self._best)) if part
        }

    def _adam(self) -> torch.optim.Adam:
        """Adam over all that trains, in groups of one learning rate."""
        schedule, groups = self._stage.schedule, dict[float, list[nn.Parameter]]()
        for name, parameter in self._whole.named_parameters():
            if parameter.requires_grad:
                factor = self._stage.objective.multiplier(name.partition(".")[2])
                groups.setdefault(factor, []).append(parameter)
        if not groups:
            raise ConfigError(f"{self._stage.title}: no weight is left to train. Expected one or more.")
        return torch.optim.Adam(
            [{"params": group, "multiplier": factor} for factor, group in groups.items()],
            lr=schedule.learning_rate,
            weight_decay=schedule.weight_decay,
            fused=self._machine.device.type in {"cpu", "cuda"},
        )

    def _learn(self, loss: torch.Tensor) -> None:
        """Change the weights by the gradient of a loss."""
        schedule, optimiser = self._stage.schedule, self._optimiser
        for group in optimiser.param_groups:
            group["lr"] = schedule.learning_rate * group["multiplier"] * schedule.factor(self.iteration)
        self._machine.average_gradients([p for group in optimiser.param_groups for p in group["params"]])
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        if self._average:
            self._average.add()
        self._losses += torch.stack([loss, torch.ones_like(loss)])
        self.iteration += 1
        if self._machine.device.type == "cpu" or self.iteration % _LOOK_STEPS == 0:
            self._require_finite()

    def _require_finite(self) -> float:
        """The mean loss of this epoch so far.

        Raises:
            DataError: It is not finite.
        """
        summed, steps = self._losses.tolist()
        if not math.isfinite(summed):
            raise DataError(f"the loss became {summed}. Lower the learning rate.")
        return float(summed / steps)

    def _end_epoch(self, pace: Pace) -> bool:
        """Report an epoch, let the method alternate, and say whether training is over early."""
        epoch = self._plan.epoch(self.iteration - 1) + 1
        rate = self._stage.schedule.learning_rate * self._stage.schedule.factor(self.iteration - 1)
        values = {"epoch": epoch, "loss": self._require_finite(), "learning rate": rate, **pace.measured()}
        self._losses.zero_()
        over = False
        if self._best:
            values["validation loss"] = self._machine.first_says(self._validate(epoch))
            over = self._best.over(values["validation loss"])
        self.points.append((self.iteration, values))
        self._report(values)
        self._stage.objective.on_epoch_end(epoch)
        self._machine.agree(self._whole)
        return over

    def _report(self, values: dict[str, float]) -> None:
        progress = self._context.progress
        said = ", ".join(f"{name} {value:.5g}" for name, value in values.items() if name != "epoch")
        progress.log(f"epoch {values['epoch']}, iteration {self.iteration}: {said}")
        progress.track(self._stage.title, self.iteration, values)

    def _validate(self, epoch: int) -> float:
        """The mean loss of the images that are set apart, as the weights that would be kept see them."""
        beside = self._whole["beside"]
        # A loss may remember what it has seen, and is not to remember this.
        before = copy.deepcopy(beside.state_dict())
        self._whole.eval()
        with self._average.given() if self._average else nullcontext():
            losses = [
                (self._step.judge(loaded, epoch).item(), len(loaded.indices))
                for loaded in self._judged.batches(enumerate(self._apart))
            ]
        self._whole.train()
        beside.load_state_dict(before)
        return sum(loss * count for loss, count in losses) / sum(count for _, count in losses)


def _set_apart(count: int, share: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The places of the images that are trained on, and of those that tell when to stop, both ascending.

    Raises:
        DataError: There are fewer than two to train on.
    """
    apart = max(1, int(count * share)) if share else 0
    if count - apart < _FEWEST:
        number = count - apart
        raise DataError(f"{number} image{'s' if number != 1 else ''} to learn from. Expected two or more.")
    order = torch.randperm(count, generator=torch_generator(seed, "set apart"))
    return order[apart:].sort().values, order[:apart].sort().values
