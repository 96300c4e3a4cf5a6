"""Which files of a folder are photos, and which files beside them say what is on them."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from hashbench.data.web_folder import SUFFIXES
from hashbench.errors import DataError

# Pillow decodes them, older ones not all.
_PHOTOS = SUFFIXES | {".mpo", ".avif"}
# Photos that Pillow cannot decode; films are no photos and are not counted.
_UNREADABLE = frozenset({
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".heic", ".heif", ".jxl", ".kdc",
    ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".psd", ".raf", ".raw", ".rw2", ".rwl", ".sr2",
    ".srf", ".srw", ".x3f",
})  # fmt: skip
_SIDECARS = (".xmp", ".txt")
# Folders in which systems keep thumbnails and what was thrown away, beside those that begin with a dot.
_SYSTEM = frozenset({"@eadir", "__macosx", "$recycle.bin", "#recycle"})


@dataclass(frozen=True)
class PhotoFolder:
    """The photos of a folder and of the folders in it.

    Attributes:
        root: The folder, without links in its path.
        photos: The photos, sorted by name.
        sidecars: For each photo the files that were written to go with it.
        unreadable: How many photos there are that cannot be decoded, by the ending of their names.
    """

    root: Path
    photos: tuple[Path, ...]
    sidecars: tuple[tuple[Path, ...], ...]
    unreadable: Counter[str]

    @property
    def ids(self) -> tuple[str, ...]:
        """The photos' names below the root, with slashes; bytes that are no text are written out."""
        return tuple(_text(path.relative_to(self.root).as_posix()) for path in self.photos)


def look_through(root: Path) -> PhotoFolder:
    """Find the photos in a folder, however deep.

    Hidden files, links to folders, and links to files outside are passed over.

    Raises:
        DataError: It is no folder, or one in it cannot be read.
    """
    if not root.is_dir():
        raise DataError(
            f"photos: there is no folder {str(root)!r}. Expected one with photos (--data-root)."
        )
    root = root.resolve()
    readable = _PHOTOS & Image.registered_extensions().keys()
    others = (_PHOTOS | _UNREADABLE) - readable
    found: list[tuple[Path, tuple[Path, ...]]] = []
    unreadable: Counter[str] = Counter()
    for folder, folders, names in os.walk(root, onerror=_refuse):
        folders[:] = [name for name in folders if not _is_passed_over(name)]
        files = {name.lower(): Path(folder, name) for name in sorted(names) if not _is_passed_over(name)}
        for path in (Path(folder, name) for name in names if not _is_passed_over(name)):
            ending = path.suffix.lower()
            if ending in others:
                unreadable[ending] += 1
            elif ending in readable and _is_inside(path, root):
                found.append((path, _sidecars(path, files, root)))
    found.sort(key=lambda photo: photo[0].as_posix())
    photos, sidecars = tuple(photo for photo, _ in found), tuple(beside for _, beside in found)
    return PhotoFolder(root, photos, sidecars, unreadable)


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or name.lower() in _SYSTEM


def _is_inside(path: Path, root: Path) -> bool:
    """Whether it is a file, and no link that leads out of the folder."""
    return path.is_file() and (not path.is_symlink() or path.resolve().is_relative_to(root))


def _sidecars(photo: Path, files: dict[str, Path], root: Path) -> tuple[Path, ...]:
    """The files beside a photo with its name, or its name without the ending, and their own ending."""
    names = (f"{name}{ending}".lower() for ending in _SIDECARS for name in (photo.name, photo.stem))
    return tuple(files[name] for name in names if name in files and _is_inside(files[name], root))


def _refuse(error: OSError) -> None:
    raise DataError(f"photos: cannot read folder {str(error.filename)!r} ({error.strerror or error}).")


def _text(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
