"""A table in the folder that says what is on the photos: tags, labels, and parts of a split."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from hashbench.data.split import PARTS
from hashbench.errors import DataError
from hashbench_datasets.photos.folder import PhotoFolder
from hashbench_datasets.photos.rows import Cell, read_rows
from hashbench_datasets.photos.tagged import once

NAMES = ("tags.csv", "tags.tsv", "tags.parquet")
_COLUMNS = ("path", "tags", "labels", "split")
_LAYOUT = "Expected columns path and tags, or labels, and perhaps split."
_SEPARATORS = re.compile(r"[;,|]")
# Of what somebody typed, in messages.
SHOWN = 200
_DRIVE = re.compile("[A-Za-z]:")


@dataclass(frozen=True)
class Table:
    """What a table says of each photo; a column that it does not have is None.

    Attributes:
        name: The file's name.
        tags: Tags as typed.
        labels: Labels.
        parts: The part of the split, "" where none is said.
        missing: Rows of photos that are not there.
    """

    name: str
    tags: tuple[tuple[str, ...], ...] | None
    labels: tuple[tuple[str, ...], ...] | None
    parts: tuple[str, ...] | None
    missing: tuple[str, ...]


@dataclass(frozen=True)
class _Row:
    where: str = ""
    cells: dict[str, Cell] = field(default_factory=dict)


def read_table(folder: PhotoFolder) -> Table | None:
    """The table in a folder of photos, where there is one.

    Raises:
        DataError: There are two, or a line of it is not as expected; the message names it.
    """
    paths = [folder.root / name for name in NAMES if (folder.root / name).is_file()]
    if not paths:
        return None
    if len(paths) > 1:
        raise DataError(
            f"photos: {str(folder.root)!r} holds {paths[0].name} and {paths[1].name}. Keep one."
        )
    rows, columns = _rows(paths[0])
    names = [_comparable(name) for name in folder.ids]
    missing = _missing(rows.keys() - set(names), rows, folder.root)
    if len(missing) == len(rows):
        raise DataError(
            f"{str(paths[0])!r} names no photo in its folder: the first one is {missing[0][:SHOWN]!r}."
        )
    found = [rows.get(name, _Row()) for name in names]
    return Table(
        name=paths[0].name,
        tags=tuple(_split(row, "tags") for row in found) if "tags" in columns else None,
        labels=tuple(_split(row, "labels") for row in found) if "labels" in columns else None,
        parts=tuple(_part(row) for row in found) if "split" in columns else None,
        missing=missing,
    )


def _rows(path: Path) -> tuple[dict[str, _Row], set[str]]:
    """The rows by photo, and the columns that the table has."""
    rows: dict[str, _Row] = {}
    columns: set[str] = set()
    for where, cells in read_rows(path, _COLUMNS):
        columns = set(cells)
        if "path" not in columns or not columns & {"tags", "labels"}:
            break
        name = _name(cells["path"], where)
        if name in rows:
            raise DataError(f"{where}: {name!r} has a row before. Expected one a photo.")
        rows[name] = _Row(where, cells)
    if not rows:
        raise DataError(f"{str(path)!r} has no rows of photos. {_LAYOUT}")
    return rows, columns


def _name(path: Cell, where: str) -> str:
    """A photo's name below the folder, in one spelling.

    Raises:
        DataError: It leads out of the folder, or is none.
    """
    parts = path.replace("\\", "/").split("/") if isinstance(path, str) else []
    outside = ".." in parts or parts[:1] == [""] or bool(_DRIVE.match(parts[0] if parts else ""))
    name = "/".join(part for part in parts if part not in {"", "."})
    if outside or not name or "\0" in name:
        raise DataError(f"{where}: path {str(path)[:SHOWN]!r}. Expected a photo below the table's folder.")
    return _comparable(name)


def _comparable(name: str) -> str:
    """Systems differ in whether an accent is a sign of its own."""
    return unicodedata.normalize("NFC", name)


def _missing(names: set[str], rows: dict[str, _Row], root: Path) -> tuple[str, ...]:
    """The names, sorted, proved not to lead out of the folder by a link.

    Raises:
        DataError: One does.
    """
    for name in names:
        if _leads_out(root / name, root):
            raise DataError(f"{rows[name].where}: {name!r} is a link that leads out of the folder.")
    return tuple(sorted(names))


def _leads_out(path: Path, root: Path) -> bool:
    try:
        return path.exists() and not path.resolve().is_relative_to(root)
    except OSError:
        return False  # no file has such a name


def _split(row: _Row, column: str) -> tuple[str, ...]:
    cell = row.cells.get(column, "")
    return once(_SEPARATORS.split(cell) if isinstance(cell, str) else cell)


def _part(row: _Row) -> str:
    """The part of the split that a row says.

    Raises:
        DataError: There is no such part.
    """
    cell = row.cells.get("split", "")
    part = cell.strip().lower() if isinstance(cell, str) else str(cell)
    if part and part not in PARTS:
        raise DataError(f"{row.where}: split {part[:SHOWN]!r}. Expected {', '.join(PARTS)} or nothing.")
    return part
