"""Python, the processor and the memory."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

import psutil

from hashbench.doctor.finding import Finding, State, size
from hashbench.runs.environment import memory_limit, processor, usable_cores
from hashbench.threads import cores

_CPUINFO = Path("/proc/cpuinfo")
# What speeds up training, and how Linux calls it, on processors of Intel and AMD and on those of Arm.
_SPEEDS_UP = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_bf16": "AVX-512 with bfloat16",
    "amx_bf16": "AMX with bfloat16",
}
_SPEEDS_UP_ARM = {"asimd": "NEON", "sve": "SVE", "bf16": "bfloat16"}
# With less than this, torch and one network leave no room for a data set.
_LITTLE_MEMORY = 2 * 2**30


def python() -> Iterator[Finding]:
    """The interpreter and the system."""
    made, number = platform.python_implementation(), platform.python_version()
    yield Finding("python", f"{made} {number} on {platform.system()} {platform.machine()}")


def processors() -> Iterator[Finding]:
    """Its name, the cores, and what it can do that training is faster with."""
    free, threads = usable_cores() or 1, cores()
    name = processor() or "a processor whose name is not seen"
    what = f"{name}: {free} cores for this process, {threads} threads in use"
    if threads > free:
        yield Finding("processor", what, State.NOTE, f"export OMP_NUM_THREADS={free}")
    else:
        yield Finding("processor", what)
    yield Finding("processor", _abilities())


def _abilities() -> str:
    """Which of the instructions for faster training it has."""
    try:
        lines = _CPUINFO.read_text().splitlines()
    except OSError:
        return "its instructions are not seen: only Linux lists them"
    for key, known in (("flags", _SPEEDS_UP), ("Features", _SPEEDS_UP_ARM)):
        for line in lines:
            if line.startswith(key):
                has = set(line.split(":", 1)[1].split())
                there = [name for flag, name in known.items() if flag in has]
                lacking = [name for flag, name in known.items() if flag not in has]
                return f"has {', '.join(there) or 'none'} of what speeds up training" + (
                    f"; lacks {', '.join(lacking)}" if lacking else ""
                )
    return "its instructions are not seen: the system lists none"


def memory() -> Iterator[Finding]:
    """What there is, what is free, and what a container may take of it."""
    now = psutil.virtual_memory()
    what = f"{size(now.available)} of {size(now.total)} free"
    limit = memory_limit()
    if limit is not None and limit < now.total:
        what += f"; a container's limit of {size(limit)} is in force"
    if min(now.available, limit or now.available) < _LITTLE_MEMORY:
        yield Finding("memory", what, State.NOTE, "close other programs, or take a smaller data set")
    else:
        yield Finding("memory", what)
