"""Everything that a folder of photos holds, opened in one go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hashbench.data.content import content_hashes
from hashbench.errors import DataError
from hashbench_datasets.photos.embedded import from_images
from hashbench_datasets.photos.folder import PhotoFolder, look_through
from hashbench_datasets.photos.sidecars import from_sidecars
from hashbench_datasets.photos.table import NAMES, SHOWN, Table, read_table
from hashbench_datasets.photos.tagged import Tagged, from_folders

AUTO = "auto"
# In the order in which they are looked for, after the table.
_SOURCES = {"sidecar": from_sidecars, "embedded": from_images, "folders": from_folders}
_LISTED = 3
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Contents:
    """A folder's photos, each content once, and what is said of them.

    Attributes:
        root: The folder.
        photos: The photos by name.
        ids: Their names below the folder.
        hashes: Their content hashes, all different.
        tags: Their tags as typed.
        labels: Their labels; empty where nobody gave any.
        parts: Their parts of the table's split; "" where it says none.
        notices: What everybody should know, a sentence each.
    """

    root: Path
    photos: tuple[Path, ...]
    ids: tuple[str, ...]
    hashes: tuple[str, ...]
    tags: tuple[tuple[str, ...], ...]
    labels: tuple[tuple[str, ...], ...]
    parts: tuple[str, ...]
    notices: tuple[str, ...]


def open_folder(root: Path, source: str) -> Contents:
    """Read a folder of photos.

    Args:
        root: The folder.
        source: Where the tags are from, a kind of tags of the data set.

    Raises:
        DataError: There are no photos, or neither tags nor labels, or a table is not as expected.
    """
    folder = look_through(root)
    if not folder.photos:
        raise DataError(f"photos: {str(root)!r} holds no photo. {_unreadable(folder.unreadable)}")
    table = read_table(folder)
    labels = table.labels if table and table.labels and any(table.labels) else ()
    tagged = _tagged(folder, table, source)
    if not any(tagged.tags) and not labels:
        raise DataError(
            f"photos: {str(root)!r} has no tags in {tagged.source}. Give the photos keywords, or put a "
            f"table beside them: {NAMES[0]} with columns path and tags."
        )
    hashes = content_hashes(folder.root, folder.photos)
    first = {content: place for place, content in reversed(list(enumerate(hashes)))}
    kept = sorted(first.values())
    parts = table.parts if table and table.parts else ("",) * len(hashes)
    return Contents(
        root=folder.root,
        photos=_at(folder.photos, kept),
        ids=_at(folder.ids, kept),
        hashes=_at(hashes, kept),
        tags=_at(tagged.tags, kept),
        labels=_at(labels, kept) if labels else (),
        parts=_at(parts, kept),
        notices=(
            *_said_of_tags(tagged, kept),
            *_said_of_files(folder, len(kept)),
            *_said_of_table(table, kept),
        ),
    )


def _tagged(folder: PhotoFolder, table: Table | None, source: str) -> Tagged:
    """The tags of a source, or of the first that has some.

    Raises:
        DataError: The table is asked for, and there is none with tags.
    """
    if table and table.tags is not None and (source == "table" or (source == AUTO and any(table.tags))):
        return Tagged(table.name, table.tags)
    if source == "table":
        raise DataError(
            f"photos: there is no table with tags in {str(folder.root)!r}. Expected {' or '.join(NAMES)}."
        )
    for name, read in _SOURCES.items():
        if source in {AUTO, name}:
            tagged = read(folder)
            if any(tagged.tags) or source == name:
                return tagged
    return Tagged("sidecar files, the photos' files or folders' names", ((),) * len(folder.photos))


def _at(values: Sequence[_Value], places: Sequence[int]) -> tuple[_Value, ...]:
    return tuple(values[place] for place in places)


def _said_of_tags(tagged: Tagged, kept: Sequence[int]) -> list[str]:
    carry = sum(bool(tagged.tags[place]) for place in kept)
    said = [f"Tags are from {tagged.source}; {carry:,} of {len(kept):,} photos carry some."]
    if tagged.damaged:
        said.append(f"In {tagged.damaged:,} of them something that may hold tags is damaged.")
    return said


def _said_of_files(folder: PhotoFolder, kept: int) -> list[str]:
    said = []
    if len(folder.photos) > kept:
        said.append(f"{len(folder.photos) - kept:,} exact copies of other photos are left out.")
    if folder.unreadable:
        said.append(_unreadable(folder.unreadable))
    return said


def _unreadable(unreadable: Counter[str]) -> str:
    if not unreadable:
        return "Expected JPEG, PNG, WebP, TIFF, GIF, BMP or AVIF files."
    listed = ", ".join(f"{ending} ({count:,})" for ending, count in unreadable.most_common())
    return f"{unreadable.total():,} files of kinds that cannot be read: {listed}."


def _said_of_table(table: Table | None, kept: Sequence[int]) -> list[str]:
    if table is None:
        return []
    said = []
    if table.missing:
        listed = ", ".join(repr(name[:SHOWN]) for name in table.missing[:_LISTED])
        more = " and so on" if len(table.missing) > _LISTED else ""
        said.append(
            f"{table.name} names {len(table.missing):,} photos that were not found: {listed}{more}."
        )
    without = sum(not table.parts[place] for place in kept) if table.parts else 0
    if without:
        said.append(f"The split of {table.name} is left aside: {without:,} photos have no part in it.")
    return said
