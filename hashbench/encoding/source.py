"""What is to be coded: a folder of pictures, or a file of features; in parts, of which none needs another.

N = items, F = feature dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hashbench import fingerprint
from hashbench.codes.mapped import load_mapped
from hashbench.data.collection import ImageCollection
from hashbench.data.web_folder import pictures_in
from hashbench.errors import DataError, reason

_EXPECTED = "Expected a folder of pictures, or a .npy or uncompressed .npz file with one array of features"
_AXES = 2


@dataclass(frozen=True)
class Part:
    """Some of the items, that become one shard.

    Attributes:
        number: Which of the parts.
        first: Place of its first item.
        items: How many.
        names: What they are called, where they are pictures; else empty.
    """

    number: int
    first: int
    items: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pictures:
    """The pictures below a folder, named by their paths in it.

    Attributes:
        root: The folder.
        names: Of all of them, in the order of their codes.
    """

    root: Path
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def about(self) -> dict[str, Any]:
        """What identifies them: names, sizes and times of their files."""
        files = [(self.root / name).stat() for name in self.names]
        looks = [[file.st_size, file.st_mtime_ns] for file in files]
        return {
            "pictures": str(self.root.resolve()),
            "items": len(self),
            "fingerprint": fingerprint.of_json([self.names, looks]),
        }

    def part(self, number: int, items: slice) -> Part:
        """Some of them."""
        names = self.names[items]
        return Part(number, items.start, len(names), names)


@dataclass(frozen=True)
class Features:
    """The rows of an array of features, float32 (N, F), in a file that is mapped.

    Attributes:
        path: The file.
        items: N.
        width: F.
    """

    path: Path
    items: int
    width: int

    def __len__(self) -> int:
        return self.items

    def about(self) -> dict[str, Any]:
        """What identifies them: size and time of their file."""
        file = self.path.stat()
        looks = [file.st_size, file.st_mtime_ns, self.items, self.width]
        return {
            "features": str(self.path.resolve()),
            "items": self.items,
            "fingerprint": fingerprint.of_json(looks),
        }

    def part(self, number: int, items: slice) -> Part:
        """Some of them."""
        first, stop, _ = items.indices(self.items)
        return Part(number, first, stop - first)


Source = Pictures | Features


def open_source(path: Path) -> Source:
    """Look what is there; pictures are not opened yet.

    Raises:
        DataError: There is nothing, or something else.
    """
    if path.is_dir():
        names = tuple(picture.relative_to(path).as_posix() for picture in pictures_in(path))
        if not names:
            raise DataError(f"{str(path)!r} holds no pictures. {_EXPECTED}.")
        return Pictures(path, names)
    array = mapped_features(path)
    return Features(path, *array.shape)


def mapped_features(path: Path) -> np.ndarray:
    """Features (N, F) of a file, memory-mapped.

    Raises:
        DataError: There is no such file, or it holds something else.
    """
    if path.suffix == ".npz":
        arrays = load_mapped(path)
        if len(arrays) != 1:
            raise DataError(f"{str(path)!r} holds {len(arrays)} arrays. {_EXPECTED}.")
        (array,) = arrays.values()
    elif path.suffix == ".npy" and path.is_file():
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise DataError(f"{str(path)!r} cannot be read ({reason(error)}). {_EXPECTED}.") from error
    else:
        raise DataError(f"{str(path)!r} is neither. {_EXPECTED}.")
    if array.ndim != _AXES or 0 in array.shape or array.dtype.kind != "f":
        raise DataError(
            f"{str(path)!r} holds {array.dtype} {array.shape}. Expected floats (items, dimensions)."
        )
    return array


def parts(source: Source, items: int) -> list[Part]:
    """The source in parts of so many items; the last may have fewer."""
    starts = range(0, len(source), items)
    return [source.part(number, slice(start, start + items)) for number, start in enumerate(starts)]


def collection(root: Path, names: Sequence[str]) -> ImageCollection:
    """Some pictures of a folder as a collection, to be decoded."""
    return ImageCollection(
        name=root.name,
        ids=tuple(names),
        hashes=("",) * len(names),
        tags=((),) * len(names),
        read=lambda place: (root / names[place]).read_bytes(),
    )
