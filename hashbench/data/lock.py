"""One process at a time: what two of them want is made by one, and the other waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hashbench.files import require_writable
from hashbench.progress import Progress


@contextmanager
def alone(target: Path, what: str, progress: Progress) -> Iterator[bool]:
    """Hold something while the block runs; the system lets go of it when this process dies.

    Where files cannot be locked, nothing is held: then two processes do the same, and both succeed.

    Args:
        target: What is to be made, in one of the cache's folders.
        what: What to call it.
        progress: Where to say that another process is waited for.

    Yields:
        Whether another process had to be waited for.

    Raises:
        StoreError: The folder cannot be written.
    """
    locks = target.parent.with_name("locks")
    require_writable(locks)
    lock = FileLock(locks / f"{target.parent.name}-{target.name}")
    waited = False
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waited = True
        progress.note(f"waiting for another process, which makes {what}")
        lock.acquire()
    except (OSError, NotImplementedError):
        pass
    try:
        yield waited
    finally:
        lock.release()
