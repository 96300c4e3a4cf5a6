"""What a piece of work takes: wall-clock time and memory."""

from __future__ import annotations

import ctypes
import gc
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import psutil

Result = TypeVar("Result")

_EVERY_SECONDS = 0.005


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """Seconds that `work` took, and what it returned."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def peak_memory(work: Callable[[], Result], device: str) -> tuple[int, Result]:
    """Bytes that `work` held at its peak beyond what was held before, and what it returned.

    On a GPU, of its memory as torch hands it out. Else, of the process's own resident memory, looked at
    every 5 ms: files that are mapped into it do not count, libraries that `work` loads do.
    """
    if device.startswith("cuda"):
        return _peak_on_gpu(work, device)
    _give_back_freed_memory()
    before = _held()
    highest, over = before, threading.Event()

    def watch() -> None:
        nonlocal highest
        while not over.wait(_EVERY_SECONDS):
            highest = max(highest, _held())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        result = work()
    finally:
        over.set()
        watcher.join()
    return max(highest, _held()) - before, result


def _peak_on_gpu(work: Callable[[], Result], device: str) -> tuple[int, Result]:
    import torch  # noqa: PLC0415 - only where there is a GPU

    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    result = work()
    return torch.cuda.max_memory_allocated(device) - before, result


def _held() -> int:
    """Resident bytes of this process that no file stands behind."""
    memory = psutil.Process().memory_info()
    return int(memory.rss - getattr(memory, "shared", 0))


def _give_back_freed_memory() -> None:
    """Else what an earlier run has freed would be used again, and the later run would look cheaper."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):
        return  # not glibc
