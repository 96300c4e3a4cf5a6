"""What many files hold, read once: a file of the same size and time is not read again."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hashbench import fingerprint
from hashbench.errors import DataError, StoreError
from hashbench.files import cache_root, whole_file

# A file that was written a moment ago may be written again without a change of its time.
_SETTLED_NANOSECONDS = 2_000_000_000


def content_hashes(root: Path, paths: Sequence[Path]) -> tuple[str, ...]:
    """`fingerprint.of_file` of each path, from the cache where size and time are as they were.

    Args:
        root: The folder that the files lie in.
        paths: The files.

    Raises:
        DataError: A file cannot be read.
    """
    return tuple(str(value) for value in read_once("hashes", root, paths, fingerprint.of_file))


def read_once(kind: str, root: Path, paths: Sequence[Path], read: Callable[[Path], Any]) -> list[Any]:
    """What `read` makes of each path, from the cache where the file's size and time are as they were.

    Args:
        kind: What is read, a folder of the cache; another name whenever `read` would give something else.
        root: The folder that the files lie in; each has its own entry in the cache.
        paths: The files.
        read: Gives a JSON value.

    Raises:
        DataError: A file cannot be read.
    """
    cache = cache_root() / kind / f"{fingerprint.of_strings([str(root.resolve())])[:32]}.json"
    known = _known(cache)
    entries: dict[str, list[Any]] = {}
    values = []
    now = time.time_ns()
    for path in paths:
        name = os.path.relpath(path, root)
        try:
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                raise DataError(f"{str(path)!r} is no file.")
            entry = known.get(name)
            if entry is None or entry[:2] != [found.st_size, found.st_mtime_ns]:
                entry = [found.st_size, found.st_mtime_ns, read(path)]
        except OSError as error:
            raise DataError(f"cannot read {str(path)!r} ({error.strerror or error}).") from error
        entries[name] = entry
        values.append(entry[2])
    settled = {name: entry for name, entry in entries.items() if int(entry[1]) < now - _SETTLED_NANOSECONDS}
    if any(known.get(name) != entry for name, entry in settled.items()):
        _remember(cache, known | settled)
    return values


def _known(cache: Path) -> dict[str, list[Any]]:
    """What was remembered of a folder; nothing where that is missing or damaged."""
    try:
        stored = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    entries = stored.items() if isinstance(stored, dict) else ()
    return {name: entry for name, entry in entries if isinstance(entry, list) and len(entry) == 3}


def _remember(cache: Path, entries: dict[str, list[Any]]) -> None:
    try:
        with whole_file(cache) as partial:
            partial.write_text(json.dumps(entries), encoding="utf-8")
    except (OSError, StoreError):
        return  # a cache that cannot be written costs time, and nothing else
