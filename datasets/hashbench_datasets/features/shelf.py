"""Where features, labels and tags are that a person brings: arrays of one file, or files of a folder."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hashbench.data.array_files import ArrayFile, listed, readable
from hashbench.data.array_kinds import KINDS, UNNAMED
from hashbench.errors import DataError

# What each thing is called, the first name being the one that messages say.
NAMES = {
    "features": ("features", "feature", "feats", "feat", "embeddings", "X"),
    "labels": ("labels", "label", "targets", "L", "y"),
    "label_names": ("label_names", "classes"),
    "tags": ("tags", "T"),
    "tag_names": ("tag_names", "vocabulary"),
    "ids": ("ids",),
    "split": ("split",),
    "indices": ("indices", "index", "idx"),
}
# What stands before a thing's name where it is of one part alone.
PREFIXES = {"query": ("query", "test"), "database": ("database", "retrieval", "db"), "train": ("train",)}
# The names of cross-modal hashing: I_te, L_db, T_tr.
_LETTERS = {"features": "I", "labels": "L", "tags": "T"}
_ENDINGS = {"query": "te", "database": "db", "train": "tr"}
_TEXT = (".txt", ".csv")
_LINES, _LONGEST = 4096, 1 << 20


@dataclass(frozen=True)
class Column:
    """One thing, a row an image.

    Attributes:
        path: The file.
        file: The same as a file of arrays; None where it is text.
        array: The array in there.
    """

    path: Path
    file: ArrayFile | None = None
    array: str = UNNAMED

    def __str__(self) -> str:
        return repr(str(self.path)) + (f", array {self.array!r}" if self.array else "")

    def blocks(self) -> Iterator[Any]:
        """The rows in blocks, see `array_kinds`; of text a string a line, of .csv a tuple a line.

        Raises:
            DataError: The file is damaged, or is no text in UTF-8.
        """
        if self.file is not None:
            yield from self.file.blocks(self.array)
            return
        with readable(self.path), self.path.open(encoding="utf-8-sig", newline="") as stream:
            lines = _lines(self.path, stream)
            rows = map(tuple, csv.reader(lines)) if self.path.suffix == ".csv" else lines
            block: list[Any] = []
            for row in rows:
                block.append(row)
                if len(block) == _LINES:
                    yield block
                    block = []
            yield block


def _lines(path: Path, stream: Any) -> Iterator[str]:
    """Lines without their ends, none of them longer than anybody needs."""
    while line := stream.readline(_LONGEST):
        if len(line) == _LONGEST:
            raise DataError(f"{str(path)!r} has a line of more than {_LONGEST:,} characters.")
        yield line.rstrip("\r\n")


class Shelf:
    """Finds things by their names."""

    def __init__(self, root: Path) -> None:
        """List what is there.

        Raises:
            DataError: There is neither a file nor a folder, or the file is damaged or of another kind.
        """
        self.root = root
        self._file = None if root.is_dir() else ArrayFile.open(root)
        self._paths: dict[str, list[Path]] = defaultdict(list)
        with readable(root):
            for path in sorted(root.iterdir()) if root.is_dir() else ():
                if path.suffix in (*KINDS, *_TEXT) and path.is_file():
                    self._paths[path.stem].append(path)

    def find(self, thing: str, part: str = "") -> Column | None:
        """A thing of all images, or of one part; None where there is none.

        Raises:
            DataError: There are several, and which one is meant is not clear.
        """
        names = _names(thing, part)
        if self._file is not None:
            found = [Column(self.root, self._file, name) for name in names if name in self._file.loaders]
        else:
            found = [_column(path, names) for name in names for path in self._paths.get(name, ())]
        if len(found) > 1:
            listed = ", ".join(str(column) for column in found)
            raise DataError(f"{names[0]} may be any of {listed}. Expected one of them.")
        return found[0] if found else None

    def listed(self) -> str:
        """What is there, for messages."""
        if self._file is not None:
            return self._file.listed()
        names = [path.name for paths in self._paths.values() for path in paths]
        return listed(names) or "no file of a known kind"


def _names(thing: str, part: str) -> list[str]:
    """What a thing may be called."""
    if not part:
        return list(NAMES[thing])
    names = [f"{prefix}_{name}" for name in NAMES[thing] for prefix in PREFIXES[part]]
    return names + ([f"{_LETTERS[thing]}_{_ENDINGS[part]}"] if thing in _LETTERS else [])


def _column(path: Path, names: list[str]) -> Column:
    """The one array of a file that is named after its thing.

    Raises:
        DataError: It holds several, none of them of a known name.
    """
    if path.suffix in _TEXT:
        return Column(path)
    file = ArrayFile.open(path)
    found = [name for name in names if name in file.loaders]
    if len(file.loaders) == 1:
        found = list(file.loaders)
    if len(found) != 1:
        raise DataError(
            f"{str(path)!r} holds {file.listed()}. Expected one array, or one of name {names[0]}."
        )
    return Column(path, file, found[0])
