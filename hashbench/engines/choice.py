"""Where work that falls into independent parts is done: on this machine, or by Ray's workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from hashbench.errors import ConfigError
from hashbench.spread import Spread, here

if TYPE_CHECKING:
    from hashbench.runs.grid import Carrier


class Engine(StrEnum):
    """What does the parts."""

    LOCAL = "local"
    RAY = "ray"


@contextmanager
def spread(
    engine: Engine, address: str | None = None, workers: int | None = None, gpus: float | None = None
) -> Iterator[Spread]:
    """What does many jobs, while the block runs.

    Args:
        engine: Where.
        address: HOST:PORT of a Ray cluster that runs, or `auto`; None for a Ray of one's own.
        workers: How many jobs at a time; None for as many as there are cores.
        gpus: Share of a GPU that a worker takes; None for a whole one where there are GPUs, else none.

    Raises:
        ConfigError: The engine has no such options, Ray is not installed, or there is no such cluster.
    """
    _check(engine, address, workers, gpus)
    if engine is Engine.LOCAL:
        yield here
        return
    from hashbench.engines.cluster import running  # noqa: PLC0415 - Ray is optional, and slow to import
    from hashbench.engines.pool import over  # noqa: PLC0415

    with running(address, workers, gpus) as cluster:
        yield over(cluster)


def carrier(
    engine: Engine, address: str | None = None, workers: int | None = None, gpus: float | None = None
) -> Carrier:
    """What carries the runs of a grid out; see `spread`.

    Ray is started when the first run is to be carried out.

    Raises:
        ConfigError: The engine has no such options.
    """
    _check(engine, address, workers, gpus)
    if engine is Engine.LOCAL:
        from hashbench.runs.grid import here as on_this_machine  # noqa: PLC0415 - imports torch

        return on_this_machine
    from hashbench.engines.grid import over_ray  # noqa: PLC0415

    return partial(over_ray, address=address, workers=workers, gpus=gpus)


def _check(engine: Engine, address: str | None, workers: int | None, gpus: float | None) -> None:
    """Refuse what an engine does not know.

    Raises:
        ConfigError: It was asked for.
    """
    if engine is Engine.LOCAL and any(asked is not None for asked in (address, workers, gpus)):
        raise ConfigError(
            "an address, workers or a share of a GPU, and engine 'local'. Expected engine 'ray'."
        )
    if workers is not None and workers < 1:
        raise ConfigError(f"{workers} workers: Expected 1 or more.")
    if gpus is not None and (gpus < 0 or (gpus > 1 and gpus != int(gpus))):
        raise ConfigError(f"{gpus:g} GPUs a worker: Expected a share from 0 to 1, or a whole number.")
