"""Writing files so that a reader sees either the whole of them or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

from hashbench.errors import StoreError, reason

CACHE_VARIABLE = "HASHBENCH_CACHE"
# What is not whole yet has a hidden name that ends so.
_PARTIAL = ".partial"
# It may be this old before its writer holds it.
_GRACE_SECONDS = 3600


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

    Raises:
        StoreError: The disk refuses.
    """
    require_writable(target.parent)
    with _refused(target):
        partial = _hidden_folder(target)
        try:
            with _held_if_possible(partial):
                yield partial
                partial.chmod(0o755)
                settle(partial)
                try:
                    partial.rename(target)
                except OSError:
                    if not target.is_dir():
                        raise
            settle(target.parent)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target` that takes its name only if the block succeeds.

    Raises:
        StoreError: The disk refuses.
    """
    require_writable(target.parent)
    with _refused(target):
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=_PARTIAL, dir=target.parent)
        os.close(handle)
        partial = Path(name)
        try:
            with _held_if_possible(partial):
                yield partial
                partial.chmod(0o644)
                settle(partial)
                partial.replace(target)
            settle(target.parent)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Yield a folder in `parent` that is gone after the block; those that killed processes left go first.

    Raises:
        StoreError: The disk refuses.
    """
    require_writable(parent)
    clear_abandoned(parent)
    folder = _hidden_folder(parent / "scratch")
    try:
        with _held_if_possible(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_file(path: Path) -> None:
    """Remove a file, if it is there.

    Raises:
        StoreError: The disk refuses.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot remove {str(path)!r}: {reason(error)}. Expected a file that this user may remove."
        ) from error


def remove_folder(folder: Path) -> None:
    """Remove a folder: at once for every reader, though its files go one by one.

    Raises:
        StoreError: There is no such folder, or the disk refuses.
    """
    try:
        gone = _hidden_folder(folder)
        try:
            with _held_if_possible(gone):
                folder.rename(gone / folder.name)
        finally:
            shutil.rmtree(gone)
    except OSError as error:
        raise StoreError(
            f"cannot remove {str(folder)!r}: {reason(error)}. "
            "Expected a folder that this user may change, in one that he may change."
        ) from error


def settle(path: Path) -> None:
    """Wait until what a file holds, or which files a folder holds, would outlast a power cut.

    Raises:
        OSError: The disk refuses.
    """
    is_folder = path.is_dir()
    try:
        handle = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
    except OSError:
        if is_folder:
            return  # some systems open no folders
        raise
    try:
        # And some settle none.
        with suppress(OSError) if is_folder else nullcontext():
            os.fsync(handle)
    finally:
        os.close(handle)


def unfinished(folder: Path) -> list[Path]:
    """What writers have begun in `folder` and not finished: the living, and those that were killed."""
    return sorted(folder.glob(f".*{_PARTIAL}"))


def clear_abandoned(folder: Path) -> None:
    """Remove what killed writers have left in `folder`; the living keep theirs."""
    for partial in unfinished(folder):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > _GRACE_SECONDS:
                with _held(partial):
                    shutil.rmtree(partial) if partial.is_dir() else partial.unlink()


def _hidden_folder(target: Path) -> Path:
    """A new folder beside `target`, with a name that readers pass over."""
    return Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=_PARTIAL, dir=target.parent))


@contextmanager
def _refused(target: Path) -> Iterator[None]:
    """Say in one line that the disk refuses."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"cannot write {str(target)!r}: {reason(error)}. "
            "Expected a disk with room, and a folder that this user may write to."
        ) from error


@contextmanager
def _held_if_possible(path: Path) -> Iterator[None]:
    """Hold a file or folder while the block runs, where the system can."""
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(_held(path))
        yield


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold a file or folder while the block runs; the system lets go of it when this process dies.

    Raises:
        OSError: Another process holds it, or files cannot be held here.
    """
    try:
        import fcntl  # noqa: PLC0415 - not on every system
    except ImportError as error:
        raise OSError("this system holds no files") from error
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)
