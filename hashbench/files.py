"""Writing files so that a reader sees either the whole of them or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from hashbench.errors import StoreError, reason

CACHE_VARIABLE = "HASHBENCH_CACHE"
# A folder may be this old before its writer holds it.
_GRACE_SECONDS = 60


def cache_root() -> Path:
    """Folder for what can be computed again: `$HASHBENCH_CACHE`, or the user's cache folder."""
    from platformdirs import user_cache_path  # noqa: PLC0415 - only a run needs it, not --help

    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else user_cache_path("hashbench")


def require_writable(folder: Path) -> None:
    """Create `folder` if need be and prove that files can be made in it.

    Raises:
        StoreError: The folder cannot be created or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StoreError(
            f"cannot write to folder {str(folder)!r}: {reason(error)}. "
            "Expected a folder that this user may create files in."
        ) from error


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `target` that takes its name only if the block succeeds.

    If `target` exists by then (another process was faster), the new folder is thrown away: both hold
    the same content, because folders are named by what they depend on.
    """
    require_writable(target.parent)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        with ExitStack() as stack:
            with suppress(OSError):
                stack.enter_context(_held(partial))
            yield partial
            partial.chmod(0o755)
            try:
                partial.rename(target)
            except OSError:
                if not target.is_dir():
                    raise
    except OSError as error:
        raise StoreError(f"cannot write {str(target)!r}: {reason(error)}.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target` that takes its name only if the block succeeds."""
    require_writable(target.parent)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o644)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def clear_abandoned(folder: Path) -> None:
    """Remove what killed writers of whole folders have left in `folder`; the living keep theirs."""
    for partial in folder.glob(".*/"):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > _GRACE_SECONDS:
                with _held(partial):
                    shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder while the block runs; the system lets go of it when this process dies.

    Raises:
        OSError: Another process holds it, or files cannot be held here.
    """
    try:
        import fcntl  # noqa: PLC0415 - not on every system
    except ImportError as error:
        raise OSError("this system holds no files") from error
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)
