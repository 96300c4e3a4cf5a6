"""What one source says of all photos."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hashbench_datasets.photos.folder import PhotoFolder


@dataclass(frozen=True)
class Tagged:
    """The tags of a folder's photos.

    Attributes:
        source: Where they are from, in words.
        tags: For each photo its tags as typed.
        damaged: How many photos have something there that cannot be read.
    """

    source: str
    tags: tuple[tuple[str, ...], ...]
    damaged: int = 0


def once(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags without the white space around them, each spelling once, in order.

    >>> once([" sea", "Sea", "sea ", ""])
    ('sea', 'Sea')
    """
    return tuple(dict.fromkeys(stripped for tag in tags if (stripped := tag.strip())))


def from_folders(folder: PhotoFolder) -> Tagged:
    """The names of the folders between the root and each photo are its tags."""
    return Tagged("folders' names", tuple(once(name.split("/")[:-1]) for name in folder.ids))
