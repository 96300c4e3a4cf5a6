"""One step of training: a batch through the network, its loss, and the gradient.

B = batch, b = a process's share of it, V = views, D = dimensions of outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from hashbench.errors import PluginError
from hashbench.training.loader import Loaded
from hashbench.training.machine import Machine
from hashbench.training.objective import Batch, Stage
from hashbench.training.seeding import reseed
from hashbench.training.source import Source


@dataclass(frozen=True)
class Step:
    """Computes losses of batches.

    Attributes:
        stage: Whose loss.
        views: V, how often it looks at each image.
        forward: What inputs go through.
        source: Makes inputs of what was read.
        machine: Computes, perhaps with others.
        seed: What is random follows it.
    """

    stage: Stage
    views: int
    forward: Callable[[torch.Tensor], torch.Tensor]
    source: Source
    machine: Machine
    seed: int

    def learn(self, loaded: Loaded, epoch: int) -> torch.Tensor:
        """The loss of a batch; its gradient is added to the weights'.

        Where the settings ask for it, the network sees the batch in parts, one after the other, and the
        loss still sees all of them: outputs are computed without a graph, and once more, part by part, when
        their gradient is known (Gao, Zhang, Han, Callan, RepL4NLP 2021).
        """
        backward, inputs = self.machine.fabric.backward, self._inputs(loaded)
        if self.source.config.accumulate == 1:
            loss = self._loss(loaded, inputs, self._outputs(inputs, loaded.iteration), epoch)
            backward(loss)
            return loss.detach()
        parts = list(enumerate(inputs.chunk(self.source.config.accumulate)))
        with torch.no_grad():
            found = [self._outputs(part, loaded.iteration, number) for number, part in parts]
        outputs = torch.cat(found).requires_grad_()
        loss = self._loss(loaded, inputs, outputs, epoch)
        backward(loss)
        assert outputs.grad is not None  # noqa: S101 - the loss depends on them
        wanted = torch.split(outputs.grad, [len(part) for part in found])
        for (number, part), gradient in zip(parts, wanted, strict=True):
            # The gradient of this product is that of the loss.
            backward((self._outputs(part, loaded.iteration, number) * gradient).sum())
        return loss.detach()

    @torch.no_grad()
    def judge(self, loaded: Loaded, epoch: int) -> torch.Tensor:
        """The loss of images that are not augmented, of which every process has all."""
        with self.machine.autocast():
            inputs = self.source.evaluation(loaded.rows)[0]
            outputs = self.forward(inputs).float()
        views = () if self.source.finetunes else (inputs,) * self.views
        return self._given(loaded, views, (outputs,) * self.views, epoch)

    def _inputs(self, loaded: Loaded) -> torch.Tensor:
        """What this process sends through the network: all views of its share, (V b, ...)."""
        share = self.machine.share(len(loaded.indices))
        rows = loaded.rows if self.source.reads_pixels else loaded.rows[share]
        purpose = f"{self.stage.title} {loaded.iteration}"
        with self.machine.autocast():
            views = [
                self.source.training(rows, f"{purpose}: view {view}", share.start, len(loaded.indices))
                for view in range(self.views)
            ]
        return torch.cat(views) if self.views > 1 else views[0]

    def _outputs(self, inputs: torch.Tensor, iteration: int, part: int = 0) -> torch.Tensor:
        """What the network makes of inputs, float32 (..., D); dropout follows step, process and part."""
        place = f"process {self.machine.fabric.global_rank}, part {part}"
        reseed(self.seed, f"{self.stage.title} {iteration}: {place}", self.machine.device)
        with self.machine.autocast():
            outputs = self.forward(inputs)
        return outputs.float()

    def _loss(
        self, loaded: Loaded, inputs: torch.Tensor, outputs: torch.Tensor, epoch: int
    ) -> torch.Tensor:
        """The loss of all processes' rows."""
        views: tuple[torch.Tensor, ...] = ()
        if not self.source.finetunes:
            # Cached features need not come from the other processes.
            whole = None if self.source.reads_pixels else loaded.rows
            views = tuple(
                self.machine.gathered(part) if whole is None else whole for part in inputs.chunk(self.views)
            )
        gathered = tuple(self.machine.gathered(part) for part in outputs.chunk(self.views))
        return self._given(loaded, views, gathered, epoch)

    def _given(
        self, loaded: Loaded, views: tuple[torch.Tensor, ...], outputs: tuple[torch.Tensor, ...], epoch: int
    ) -> torch.Tensor:
        reseed(self.seed, f"{self.stage.title} {loaded.iteration}: loss", self.machine.device)
        batch = Batch(loaded.indices, views, outputs, loaded.targets, epoch, loaded.iteration)
        loss = self.stage.objective.loss(batch)
        if loss.shape:
            raise PluginError(
                f"{self.stage.title}: the loss has shape {tuple(loss.shape)}. Expected a scalar."
            )
        return loss
