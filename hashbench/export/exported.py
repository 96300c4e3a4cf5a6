"""What an export leaves, and what all of them need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from hashbench.errors import ConfigError, StoreError, reason


@dataclass(frozen=True)
class Exported:
    """What was written, and what was seen to.

    Attributes:
        files: What was written, the one that was asked for first.
        items: How many items are in it; 0 for an encoder.
        check: What was compared with the suite when it was opened anew.
    """

    files: tuple[Path, ...]
    items: int
    check: str


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    inside = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in inside if file.is_file())


def require(module: str, extra: str) -> None:
    """Refuse where a library is missing.

    Raises:
        ConfigError: It is not installed.
    """
    if find_spec(module) is None:
        raise ConfigError(f"{module} is not installed. Expected hashbench[{extra}].")


def require_new(*targets: Path) -> None:
    """Refuse to write over anything.

    Raises:
        ConfigError: Something of that name is there.
    """
    for target in targets:
        if target.exists():
            raise ConfigError(f"{str(target)!r} already exists. Expected a new name.")


@contextmanager
def refused(target: Path) -> Iterator[None]:
    """Say in one line that the disk refuses where a library has an error of its own for that.

    Raises:
        StoreError: It does.
    """
    try:
        yield
    except RuntimeError as error:
        raise StoreError(
            f"cannot write {str(target)!r}: {reason(error)}. "
            "Expected a disk with room, and a folder that this user may write to."
        ) from error


def beside(target: Path, ending: str) -> Path:
    """A file beside another, of the same name with an ending."""
    return target.with_name(target.name + ending)
