"""Where a run was made: versions, hardware and the state of the source."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import psutil

from hashbench.threads import cores

# Where Linux says how much memory a container may take, in its newer and its older way.
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "torchvision",
    "timm",
    "lightning-fabric",
    "numba",
    "faiss-cpu",
    "pillow",
)


def environment(device: str, at_once: int = 1, devices: int = 1) -> dict[str, Any]:
    """Versions of what computes, the machine, and this checkout's commit where there is one.

    Args:
        device: Where is computed, as torch names it.
        at_once: How many runs share the machine: their times are not those of one that has it alone.
        devices: How many devices of that kind shared the training.
    """
    return {
        "python": platform.python_version(),
        "packages": versions(),
        "platform": platform.platform(),
        "processor": processor(),
        "cores": usable_cores(),
        "threads": cores(),
        "runs at once": at_once,
        "device": _device_name(device),
        "devices": devices,
        "commit": _git("rev-parse", "HEAD"),
        "modified": bool(_git("status", "--porcelain", "--untracked-files=no")),
    }


def versions() -> dict[str, str]:
    """Versions of this suite's distributions and of what computes, where they are installed."""
    # A damaged distribution may have no name.
    installed = {name.lower(): d.version for d in distributions() if (name := d.metadata["Name"])}
    ours = {name: version for name, version in installed.items() if name.startswith("hashbench")}
    return ours | {name: installed[name] for name in _PACKAGES if name in installed}


def usable_cores() -> int | None:
    """The cores that this process may run on, or all where the system does not say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def usable_memory() -> int:
    """Bytes of memory that this process and its neighbours may take."""
    total = int(psutil.virtual_memory().total)
    return min(total, memory_limit() or total)


def memory_limit() -> int | None:
    """What this process and its neighbours in a container may take, where a limit is seen."""
    for path in _LIMITS:
        try:
            return int(path.read_text())
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return None


def processor() -> str:
    """The processor's name as the kernel has it, or what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())


def _device_name(device: str) -> str:
    if not device.startswith("cuda"):
        return device
    import torch  # noqa: PLC0415 - a run that computes has imported it already

    return f"{device} ({torch.cuda.get_device_name(device)})"


def _git(*arguments: str) -> str:
    """What git prints for the checkout that this package lies in, or nothing."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed program and arguments
            ["git", *arguments],  # noqa: S607
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
