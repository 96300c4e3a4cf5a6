"""A Ray of one's own on this machine, or a cluster that runs: started or joined, and always left again."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any, TextIO

from hashbench.errors import ConfigError, reason
from hashbench.threads import cores

# Has to be said before Ray is imported. No word to its makers; no copy of the working tree, which it would
# make where the command was called by `uv run`; nothing kept back to be printed at the very end; and where
# memory is short, a job is not begun for ever.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_task_oom_retries": "3",
}
# What a worker's environment has of this process's, besides its number of threads.
_HANDED_ON = ("HASHBENCH_", "OMP_WAIT_POLICY")
_THREADS = "OMP_NUM_THREADS"
# For jobs and results on their way; what does not fit goes to the disk.
_STORE_BYTES = 512 * 2**20
# A socket's path has room for 107 letters, and Ray adds some 70 to the folder's.
_LONGEST_FOLDER = 16
_REACH_SECONDS = 5


@dataclass(frozen=True)
class Cluster:
    """What Ray has to give.

    Attributes:
        workers: Jobs at a time.
        threads: Cores that each of them declares, and threads that it has.
        gpus: Share of a GPU that each declares.
        together: How many of them at most share a machine.
    """

    workers: int
    threads: int
    gpus: float
    together: int


@contextmanager
def running(address: str | None, workers: int | None, gpus: float | None) -> Iterator[Cluster]:
    """Start a Ray or join one, and leave it or end it with the block; see `choice.spread`.

    Raises:
        ConfigError: Ray is not installed, there is no such cluster, or it has no room for a worker.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with _folder() as folder, ExitStack() as stack:
        if address is None:
            workers = workers or cores()
            threads = max(1, cores() // workers)
            options = _own(threads, workers, folder)
        else:
            _require_reachable(address)
            threads = cores() if _THREADS in os.environ else 1
            options = {"address": address, "runtime_env": {"env_vars": _variables(threads)}}
        ray = _ray()
        stack.enter_context(_manners())
        stack.callback(ray.shutdown)
        # Workers look for modules in what is the current folder now, where anything may lie.
        with chdir(folder):
            _start(ray, address, options)
        yield _survey(ray, threads, workers, gpus)


def _folder() -> tempfile.TemporaryDirectory[str]:
    """For what a Ray of one's own writes, and its workers; goes away with all of it."""
    usual = tempfile.gettempdir()
    short = usual if len(usual) <= _LONGEST_FOLDER else "/tmp"  # noqa: S108 - for a folder of its own in it
    return tempfile.TemporaryDirectory(prefix="hashbench-", dir=short, ignore_cleanup_errors=True)


def _own(threads: int, workers: int, folder: str) -> dict[str, Any]:
    """How a Ray of one's own is started."""
    variables = {**_variables(threads), "TMPDIR": folder}
    if paths := os.environ.get("PYTHONPATH"):
        # It is started in another folder than this process.
        variables["PYTHONPATH"] = os.pathsep.join(os.path.abspath(path) for path in paths.split(os.pathsep))  # noqa: PTH100
    return {
        "address": "local",
        "num_cpus": threads * workers,
        "object_store_memory": _STORE_BYTES,
        "include_dashboard": False,
        "_temp_dir": folder,
        "runtime_env": {"env_vars": variables},
    }


def _ray() -> Any:
    try:
        import ray  # noqa: PLC0415 - optional, and slow to import
    except ImportError as error:
        raise ConfigError(f"Ray cannot be imported ({reason(error)}). Expected hashbench[ray].") from error
    return ray


def _start(ray: Any, address: str | None, options: dict[str, Any]) -> None:
    try:
        ray.init(log_to_driver=False, logging_level="CRITICAL", **options)
    # It raises whatever the step raises that failed.
    except Exception as error:
        what, expected = "Ray cannot be started", "room for it"
        if address:
            what = f"Ray at {address!r} cannot be joined"
            expected = "a cluster of the same Ray, Python and RAY_AUTH_MODE, with a part on this machine"
        raise ConfigError(f"{what}: {reason(error).rstrip('.')}. Expected {expected}.") from error


def _survey(ray: Any, threads: int, workers: int | None, gpus: float | None) -> Cluster:
    """How many workers there is room for.

    Raises:
        ConfigError: No machine has room for one.
    """
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    share = float(any(machine.get("GPU") for machine in machines)) if gpus is None else gpus
    rooms = [_room(machine, threads, share) for machine in machines]
    if not any(rooms):
        raise ConfigError(
            f"no machine of the cluster has {threads} cores and {share:g} GPUs for a worker. "
            f"Expected a smaller {_THREADS} or share of a GPU."
        )
    workers = workers or sum(rooms)
    return Cluster(workers, threads, share, min(workers, max(rooms)))


def _room(machine: dict[str, float], threads: int, share: float) -> int:
    """Workers that fit on a machine."""
    by_cores = machine.get("CPU", 0) // threads
    return int(min(by_cores, machine.get("GPU", 0) // share) if share else by_cores)


def _variables(threads: int) -> dict[str, str]:
    """What is set where a worker runs."""
    handed = {name: value for name, value in os.environ.items() if name.startswith(_HANDED_ON)}
    return handed | {_THREADS: str(threads)}


def _require_reachable(address: str) -> None:
    """Fail at once where nobody answers: Ray would try for a minute.

    Raises:
        ConfigError: Nobody does, or it is no address.
    """
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise ConfigError(f"address {address!r}: Expected HOST:PORT of a Ray cluster's head, or auto.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACH_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"no Ray cluster answers at {address!r} ({reason(error)}). Expected HOST:PORT of its head, as "
            "`ray start --head` says it."
        ) from error


@contextmanager
def _manners() -> Iterator[None]:
    """Keep Ray from printing, and from what it does to this process beyond its time."""
    before = signal.getsignal(signal.SIGTERM)
    with redirect_stdout(_WithoutRay(sys.stdout)):
        try:
            yield
        finally:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, before)


class _WithoutRay:
    """A stream to which Ray's threads write nothing: they tell on it of every worker that is lost."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, unless it is one of them."""
        return len(text) if threading.current_thread().name.startswith("ray_") else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
