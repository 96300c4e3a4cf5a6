"""Where a network computes, and how exactly: one device, or several processes with one each.

B = batch, b = a process's share of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from hashbench.errors import ConfigError
from hashbench.training.config import HarnessConfig
from hashbench.training.fabric import Fabric

_PRECISION = {"fp32": "32-true", "tf32": "32-true", "bf16": "bf16-mixed"}


def fabric_of(device: str, devices: int, config: HarnessConfig) -> Fabric:
    """Lightning's Fabric for a device as torch names it, or for several of that kind.

    Raises:
        ConfigError: There are fewer of them.
    """
    kind, _, number = device.partition(":")
    on_gpu = kind == "cuda"
    if on_gpu and devices > torch.cuda.device_count():
        raise ConfigError(
            f"--devices {devices}: Expected at most {torch.cuda.device_count()}, the GPUs that are here."
        )
    alone = [int(number or 0)] if on_gpu else 1
    return Fabric(
        accelerator=kind,
        devices=devices if devices > 1 else alone,
        strategy="ddp_spawn" if devices > 1 else "auto",
        precision=_PRECISION[config.precision],  # type: ignore[arg-type]
    )


@dataclass(frozen=True)
class Machine:
    """A device, and the processes that share the work, of which this is one.

    Attributes:
        fabric: What stands behind it.
        config: How exactly to compute.
    """

    fabric: Fabric
    config: HarnessConfig

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        return self.fabric.device

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that reports and keeps."""
        return self.fabric.is_global_zero

    def share(self, count: int) -> slice:
        """Which of `count` images of a batch are this process's.

        Raises:
            ConfigError: They cannot be shared out alike.
        """
        world, rank = self.fabric.world_size, self.fabric.global_rank
        if count % world:
            raise ConfigError(
                f"batches of {count} images cannot be shared by {world} devices. Expected a multiple."
            )
        return slice(rank * count // world, (rank + 1) * count // world)

    def placed(self, module: nn.Module) -> nn.Module:
        """The module on the device, its convolutions in the order that the settings ask for."""
        module = self.fabric.to_device(module)
        if self.config.channels_last:
            module.to(memory_format=torch.channels_last)
        return module

    def autocast(self) -> AbstractContextManager[None]:
        """Compute a network's outputs in the precision that the settings ask for."""
        return self.fabric.autocast()

    @contextmanager
    def exactly(self) -> Iterator[None]:
        """Compute in the block as exactly as the settings ask for, and let dropout draw what it wants."""
        backends, tf32 = torch.backends, self.config.precision == "tf32"
        before = (
            torch.get_float32_matmul_precision(),
            backends.cudnn.allow_tf32,
            torch.are_deterministic_algorithms_enabled(),
        )
        if self.config.deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.set_float32_matmul_precision("high" if tf32 else "highest")
        backends.cudnn.allow_tf32 = tf32
        torch.use_deterministic_algorithms(self.config.deterministic or before[2])
        try:
            # Without a list, torch complains where there are several GPUs.
            with torch.random.fork_rng([self.device] if self.device.type == "cuda" else []):
                yield
        finally:
            torch.set_float32_matmul_precision(before[0])
            backends.cudnn.allow_tf32 = before[1]
            torch.use_deterministic_algorithms(before[2])

    def gathered(self, rows: torch.Tensor) -> torch.Tensor:
        """The rows (b, ...) of all processes, (B, ...); their gradients come back to who made them.

        Every process computes the same loss of all rows. The mean of the processes' gradients is then
        that of the loss, for weights that made rows and for weights that the loss alone knows.
        """
        if self.fabric.world_size == 1:
            return rows
        found: torch.Tensor = _Gathered.apply(rows, self)
        return found

    def average_gradients(self, parameters: list[nn.Parameter]) -> None:
        """Let every process have the mean of all processes' gradients."""
        if self.fabric.world_size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        mean: Any = self.fabric.all_reduce(flat, reduce_op="mean")
        sizes = [gradient.numel() for gradient in gradients]
        for gradient, part in zip(gradients, mean.split(sizes), strict=True):
            gradient.copy_(part.view_as(gradient))

    def agree(self, module: nn.Module) -> None:
        """Let every process hold what the first one holds, to the last bit."""
        if self.fabric.world_size > 1:
            for tensor in module.state_dict().values():
                said = tensor.contiguous()
                torch.distributed.broadcast(said, src=0)
                tensor.copy_(said)

    def first_says(self, value: float) -> float:
        """What the first process says, for all to hear."""
        said: float = self.fabric.broadcast(value)
        return said


class _Gathered(torch.autograd.Function):
    """All processes' rows; backwards, this process's part of the gradient, times their number."""

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, machine: Machine) -> torch.Tensor:
        ctx.machine, ctx.share = machine, len(rows)
        parts = [torch.empty_like(rows) for _ in range(machine.fabric.world_size)]
        torch.distributed.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        world, rank = ctx.machine.fabric.world_size, ctx.machine.fabric.global_rank
        part = gradients[0][rank * ctx.share : (rank + 1) * ctx.share]
        return part * world, None
