"""Jobs as Ray's tasks: a few at a time, each result as soon as it is there, a lost worker's job done anew.

Ray Data maps a data set over workers, too. These are plain tasks because it starts a worker anew without
end that its job kills, unless told otherwise, because its rows go through Arrow in blocks, which jobs of
any kind are not made for, and because a grid of runs asks for nothing but tasks: one way serves both.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from hashbench.engines.cluster import Cluster
from hashbench.errors import ConfigError, HashbenchError
from hashbench.runs.environment import versions
from hashbench.spread import Spread

# So often a job is begun anew that was lost with its worker.
RETRIES = 3
_LISTEN_SECONDS = 0.2
# For workers that are told to end, to clean up what they were writing.
_GRACE_SECONDS = 2
J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True)
class Lost:
    """A job whose workers were lost, all of them."""

    why: str


def over(cluster: Cluster) -> Spread:
    """What does jobs on a cluster; a job that is lost for good is a HashbenchError."""

    def spread(make: Callable[[], Callable[[J], R]], jobs: Sequence[J]) -> Iterator[tuple[J, R]]:
        for job, result in each(cluster, make, jobs):
            if isinstance(result, Lost):
                raise HashbenchError(f"a job is not done: {result.why}. Expected workers that live.")
            yield job, result

    return spread


def each(
    cluster: Cluster,
    make: Callable[[], Callable[[J], R]],
    jobs: Iterable[J],
    listen: Callable[[], None] = lambda: None,
) -> Generator[tuple[J, R | Lost], None, None]:
    """Do every job; no more results wait than there are workers.

    Args:
        cluster: Where.
        make: See `hashbench.spread.Spread`.
        jobs: What is to be done; each is taken when a worker is free.
        listen: Called now and then while jobs are waited for.

    Yields:
        Each job with its result, as they are done.

    Raises:
        HashbenchError: A job raised it, or a worker's versions are others than here.
    """
    import ray  # noqa: PLC0415 - optional, and slow to import
    from ray import cloudpickle  # noqa: PLC0415

    task = ray.remote(
        num_cpus=cluster.threads, num_gpus=cluster.gpus, max_retries=RETRIES, max_calls=0
    )(_do)  # fmt: skip
    setup = _Setup(uuid4().hex, str(Path.cwd()), versions(), ray.put(cloudpickle.dumps(make)))
    waiting, under_way = iter(jobs), dict[Any, J]()
    try:
        while True:
            for job in islice(waiting, cluster.workers - len(under_way)):
                under_way[task.remote(setup, cloudpickle.dumps(job))] = job
            if not under_way:
                return
            done, _ = ray.wait([*under_way], timeout=_LISTEN_SECONDS)
            listen()
            for reference in done:
                yield under_way.pop(reference), _result(reference)
    finally:
        _end([*under_way])


def _result(reference: Any) -> Any:
    """What a task that is over has given."""
    import ray  # noqa: PLC0415
    from ray.exceptions import RayError, RayTaskError  # noqa: PLC0415

    try:
        return pickle.loads(ray.get(reference))  # noqa: S301 - of one's own workers
    except RayTaskError as error:
        if isinstance(error.cause, HashbenchError):
            raise error.cause from None
        raise
    except RayError as error:
        return Lost(
            f"its worker was lost, and {RETRIES} others that began it anew ({type(error).__name__})"
        )


def _end(references: list[Any]) -> None:
    """Have what is under way end like on Ctrl-C, and wait for that, but not long."""
    import ray  # noqa: PLC0415
    from ray.exceptions import RayError  # noqa: PLC0415

    with suppress(RayError):
        for reference in references:
            ray.cancel(reference)
        if references:
            ray.wait(references, num_returns=len(references), timeout=_GRACE_SECONDS)


@dataclass(frozen=True)
class _Setup:
    """What a worker needs for the first of its jobs.

    Attributes:
        name: Of this make, among all.
        folder: The current one of who asks, from which relative paths count.
        versions: What is installed there.
        make: Reference to the pickled `make`, so that it travels once a machine.
    """

    name: str
    folder: str
    versions: dict[str, str]
    make: Any


# In a worker: what does its jobs, by the name of their make; one at a time, for it may be large.
_made: dict[str, Callable[[Any], Any]] = {}


def _do(setup: _Setup, job: bytes) -> bytes:
    """What a worker does.

    Jobs and results travel as bytes: else Ray would hand out arrays that lie in its store, which cannot be
    written to and are gone when Ray is.
    """
    from ray import cloudpickle  # noqa: PLC0415

    if setup.name not in _made:
        _made.clear()
        _made[setup.name] = _begin(setup)
    return cloudpickle.dumps(_made[setup.name](pickle.loads(job)))  # noqa: S301


def _begin(setup: _Setup) -> Callable[[Any], Any]:
    """What does the jobs, here.

    Raises:
        ConfigError: Other versions are installed here: results would not compare.
    """
    import ray  # noqa: PLC0415

    found = versions()
    other = [name for name in {**setup.versions, **found} if setup.versions.get(name) != found.get(name)]
    if other:
        listed = ", ".join(
            f"{name} {found.get(name, 'missing')} for {setup.versions.get(name, 'none')}" for name in other
        )
        raise ConfigError(
            f"a worker on {os.uname().nodename} has {listed}. Expected the versions of this machine."
        )
    with suppress(OSError):
        os.chdir(setup.folder)
    return pickle.loads(ray.get(setup.make))()  # noqa: S301
