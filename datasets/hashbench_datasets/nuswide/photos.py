"""Where a person keeps NUS-WIDE's photos, which are in no archive that everybody may fetch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hashbench.errors import DataError

# As their makers send them, by search word, and as they are passed on, often without such folders.
FOLDERS = ("Flickr", "images")


def find_photos(root: Path, names: Sequence[str]) -> list[Path | None]:
    """The file of each image, or None where there is none.

    Args:
        root: The folder with one of `FOLDERS`.
        names: What is looked for, each `folder/file.jpg`; the file may also lie there without its folder.

    Raises:
        DataError: A folder cannot be read.
    """
    found: dict[str, str] = {}
    for folder in FOLDERS:
        if (root / folder).is_dir():
            found |= _files(root / folder)
    paths = (found.get(name) or found.get(name.rpartition("/")[2]) for name in names)
    return [None if path is None else Path(path) for path in paths]


def _files(base: Path) -> dict[str, str]:
    """The files of a folder and of the folders in it, by their names from there on."""
    files: dict[str, str] = {}
    for entry in _entries(base):
        if _is_so(entry.is_dir):
            files |= {
                f"{entry.name}/{inner.name}": inner.path for inner in _entries(entry) if _is_photo(inner)
            }
        elif _is_photo(entry):
            files[entry.name] = entry.path
    return files


def _is_photo(entry: os.DirEntry[str]) -> bool:
    """Whether it can be one: downloads that fail leave empty files."""
    return entry.name.endswith(".jpg") and _is_so(entry.is_file) and entry.stat().st_size > 0


def _is_so(ask: Callable[[], bool]) -> bool:
    """What the system says; False where it cannot tell, as of a link to itself."""
    try:
        return ask()
    except OSError:
        return False


def _entries(folder: Path | os.DirEntry[str]) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError as error:
        raise DataError(f"cannot read {os.fspath(folder)!r} ({error.strerror or error}).") from error
