"""A web set as image search tools save it: a folder of folders, one a concept."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hashbench.data.collection import ImageCollection
from hashbench.data.content import content_hashes
from hashbench.data.web import WebSet
from hashbench.errors import DataError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})


def read_web_folder(root: Path) -> WebSet:
    """The pictures below `root`; a picture's concept is the name of the folder right below `root`.

    Files of other kinds and hidden ones are passed over. Pictures that a folder holds twice count once.

    Raises:
        DataError: There is no such folder, or it holds no folders of pictures.
    """
    if not root.is_dir():
        raise DataError(f"web set: there is no folder {str(root)!r}. Expected one with a folder a concept.")
    folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not folders:
        raise DataError(f"web set: {str(root)!r} holds no folders. Expected one a concept.")
    files: list[Path] = []
    hashes: list[str] = []
    found_by: list[int] = []
    for concept, folder in enumerate(folders):
        pictures = pictures_in(folder)[::-1]
        # By content: a picture that was saved twice counts once, and the order tells nothing.
        unique = dict(zip(content_hashes(folder, pictures), pictures, strict=True))
        for content in sorted(unique):
            files.append(unique[content])
            hashes.append(content)
            found_by.append(concept)
    images = ImageCollection(
        name=root.resolve().name,
        ids=tuple(path.relative_to(root).as_posix() for path in files),
        hashes=tuple(hashes),
        tags=((),) * len(files),
        read=lambda index: files[index].read_bytes(),
    )
    return WebSet(images, tuple(folder.name for folder in folders), np.array(found_by, dtype=np.int64))


def pictures_in(folder: Path) -> list[Path]:
    """The pictures below a folder, by path; files of other kinds and hidden ones are passed over."""
    paths = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    return sorted(path for path in paths if not _is_hidden(path.relative_to(folder)))


def _is_hidden(path: Path) -> bool:
    """Whether a file or a folder that it lies in is hidden: image tools keep thumbnails there."""
    return any(part.startswith(".") for part in path.parts)
