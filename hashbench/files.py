"""Writing files so that a reader sees either the whole of them or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hashbench.errors import StoreError

CACHE_VARIABLE = "HASHBENCH_CACHE"


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
            f"cannot write to folder {str(folder)!r}: {error.strerror or error}. "
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
        yield partial
        partial.chmod(0o755)
        try:
            partial.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    except OSError as error:
        raise StoreError(f"cannot write {str(target)!r}: {error.strerror or error}.") from error
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
