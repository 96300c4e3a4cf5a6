"""Tags in files that lie beside the photos: XMP, or plain text."""

from __future__ import annotations

import re
from pathlib import Path

from hashbench.data.content import read_once
from hashbench_datasets.photos import xmp
from hashbench_datasets.photos.folder import PhotoFolder
from hashbench_datasets.photos.tagged import Tagged, once
from hashbench_datasets.photos.text import decoded

# Raised whenever the same file would give other tags.
_KIND = "photo-sidecars-1"
_MOST_TEXT_BYTES = 100_000
_SEPARATORS = re.compile(r"[\r\n,;]")


def from_sidecars(folder: PhotoFolder) -> Tagged:
    """The tags of each photo's sidecar files, of all it has."""
    files = sorted({path for beside in folder.sidecars for path in beside})
    read = dict(zip(files, read_once(_KIND, folder.root, files, _tags), strict=True))
    tags = tuple(once(tag for path in beside for tag in read[path][0]) for beside in folder.sidecars)
    damaged = sum(any(read[path][1] for path in beside) for beside in folder.sidecars)
    return Tagged("sidecar files", tags, damaged)


def _tags(path: Path) -> tuple[tuple[str, ...], bool]:
    """The tags in a sidecar file, and whether it could not be read.

    Raises:
        OSError: The file cannot be read at all.
    """
    is_xmp = path.suffix.lower() == ".xmp"
    most = xmp.MOST_BYTES if is_xmp else _MOST_TEXT_BYTES
    with path.open("rb") as stream:
        content = stream.read(most + 1)
    try:
        if len(content) > most:
            raise ValueError(f"more than {most:,} bytes")
        return (xmp.keywords(content) if is_xmp else once(_SEPARATORS.split(decoded(content)))), False
    except ValueError:
        return (), True
