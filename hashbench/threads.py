"""How many threads there are to use."""

from __future__ import annotations

import os


def cores() -> int:
    """Threads to use: what OMP_NUM_THREADS says, else the cores that this process may run on."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
