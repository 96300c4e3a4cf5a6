"""Content hashes of many files, read once: a file of the same size and time is not read again."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from hashbench import fingerprint
from hashbench.errors import DataError, StoreError
from hashbench.files import cache_root, whole_file

# A file that was written a moment ago may be written again without a change of its time.
_SETTLED_NANOSECONDS = 2_000_000_000


def content_hashes(root: Path, paths: Sequence[Path]) -> tuple[str, ...]:
    """`fingerprint.of_file` of each path, from the cache where size and time are as they were.

    Args:
        root: The folder that the files lie in; each has its own entry in the cache.
        paths: The files.

    Raises:
        DataError: A file cannot be read.
    """
    cache = cache_root() / "hashes" / f"{fingerprint.of_strings([str(root.resolve())])[:32]}.json"
    known = _known(cache)
    hashes: dict[str, list[int | str]] = {}
    now = time.time_ns()
    for path in paths:
        name = os.path.relpath(path, root)
        try:
            found = path.stat()
            entry = known.get(name)
            if entry is None or entry[:2] != [found.st_size, found.st_mtime_ns]:
                entry = [found.st_size, found.st_mtime_ns, fingerprint.of_file(path)]
        except OSError as error:
            raise DataError(f"cannot read {str(path)!r} ({error.strerror or error}).") from error
        hashes[name] = entry
    settled = {name: entry for name, entry in hashes.items() if int(entry[1]) < now - _SETTLED_NANOSECONDS}
    if any(known.get(name) != entry for name, entry in settled.items()):
        _remember(cache, known | settled)
    return tuple(str(hashes[os.path.relpath(path, root)][2]) for path in paths)


def _known(cache: Path) -> dict[str, list[int | str]]:
    """What was remembered of a folder; nothing where that is missing or damaged."""
    try:
        stored = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    entries = stored.items() if isinstance(stored, dict) else ()
    return {name: entry for name, entry in entries if isinstance(entry, list) and len(entry) == 3}


def _remember(cache: Path, hashes: dict[str, list[int | str]]) -> None:
    try:
        with whole_file(cache) as partial:
            partial.write_text(json.dumps(hashes), encoding="utf-8")
    except (OSError, StoreError):
        return  # a cache that cannot be written costs time, and nothing else
