"""Clip art by amateurs, tagged by amateurs, in the public domain; carried by this distribution.

`images.zip` holds the pictures under names that say nothing, `manifest.csv` one row a picture in the
order of the content hashes. Both are made by `build/openclipart.py` from Debian's packages.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from hashbench.data.collection import GroundTruth, ImageCollection
from hashbench.data.dataset import Dataset
from hashbench.data.split import Split
from hashbench.data.unpacking import check_zip_member
from hashbench.data.web import WebSet
from hashbench.errors import DataError, reason
from hashbench_datasets import emoji

_HERE = Path(__file__).parent
_COLUMNS = ("id", "part", "category", "tags", "title", "sha256")
_TAG_SEPARATOR = "|"
# What a person would type to find pictures of each category: its name, and, where that alone finds
# next to nothing, words for what one expects in it. Chosen without a look at the pictures.
_SEARCHES = {
    "animals": "animals",
    "buildings": "buildings",
    "decorations": "decorations ornament ribbon wreath fireworks",
    "education": "education school book student teacher graduation",
    "electronics": "electronics electric computer phone television camera radio battery bulb",
    "food": "food",
    "geography": "geography geographic map globe earth",
    "office": "office",
    "people": "people",
    "plants": "plants",
    "recreation": "recreation activities sport game music",
    "science": "science",
    "signs_and_symbols": "signs symbols",
    "tools": "tools",
    "transportation": "transportation transport",
}
_PUBLISHED = "hashbench-datasets 0.1"
# Of a picture; the largest of the real ones has a hundredth.
_MOST_BYTES = 1_000_000
# As many as the web set of WSIH's authors has for each concept of MS-COCO.
_PICTURES_A_SEARCH = 100


class OpenClipart(Dataset):
    """Open Clip Art Library 0.18: the uploaders' keywords are the tags, its folders the labels.

    The kind `title` takes the words of the titles that they typed in place of keywords, `typed+title` both.
    """

    PLUGIN_NAME = "openclipart"
    DESCRIPTION = "amateur clip art with its uploaders' keywords; ground truth: the library's folders"
    IS_DEFAULT = True
    TAGS = ("typed", "title", "typed+title")

    def images(self) -> ImageCollection:
        """The pictures and their uploaders' keywords.

        Raises:
            DataError: The manifest or the archive is missing or damaged, or a picture is not in it.
        """
        rows = self._rows
        archive = self._archive
        members = {Path(name).stem: name for name in archive.namelist()}
        missing = [row["id"] for row in rows if row["id"] not in members]
        if missing:
            raise DataError(f"{archive.filename!r} holds no picture {missing[0]!r} of its manifest.")
        names = [members[row["id"]] for row in rows]
        return ImageCollection(
            name=self.PLUGIN_NAME,
            ids=tuple(row["id"] for row in rows),
            hashes=tuple(row["sha256"] for row in rows),
            tags=tuple(self._tags_of(row) for row in rows),
            read=lambda index: self._picture(names[index]),
        )

    def _picture(self, name: str) -> bytes:
        """A member of the archive.

        Raises:
            DataError: It is damaged, or larger than any picture.
        """
        where = f"{self.PLUGIN_NAME}: {self._archive.filename!r}, picture {name!r}"
        try:
            with self._archive.open(name) as stream:
                content = stream.read(_MOST_BYTES + 1)
        except Exception as error:  # a damaged archive makes its reader stumble over anything
            raise DataError(f"{where} cannot be read ({reason(error)}). Expected a whole zip.") from error
        if len(content) > _MOST_BYTES:
            raise DataError(f"{where} has more than {_MOST_BYTES:,} bytes.")
        return content

    def _tags_of(self, row: dict[str, str]) -> tuple[str, ...]:
        keywords = row["tags"].split(_TAG_SEPARATOR) if self.tags != "title" else []
        title = row["title"].split() if self.tags != "typed" else []
        return tuple(dict.fromkeys([*keywords, *title]))

    def label_names(self) -> tuple[str, ...]:
        """The folders' names, sorted."""
        return tuple(sorted({row["category"] for row in self._rows}))

    def ground_truth(self) -> GroundTruth:
        """The folder of each picture."""
        names = self.label_names()
        categories = np.array([row["category"] for row in self._rows])
        return GroundTruth(names, categories[:, None] == np.array(names)[None, :])

    def web_sets(self) -> Mapping[str, Callable[[], WebSet]]:
        """Emoji found by the categories' names: drawings from another source, in other styles."""
        return {emoji.NAME: partial(emoji.search, _SEARCHES, _PICTURES_A_SEARCH)}

    def splits(self) -> Mapping[str, Callable[[], Split]]:
        """The fixed split of the manifest; methods learn from the database."""
        return {"test": self._test_split}

    def _test_split(self) -> Split:
        parts = np.array([row["part"] for row in self._rows])
        query, database = (np.flatnonzero(parts == part) for part in ("query", "database"))
        if not (len(query) and len(database)):
            raise DataError(f"{self.PLUGIN_NAME}: {str(self._manifest)!r} lists no query, or nothing else.")
        return Split("test", query=query, database=database, as_published=_PUBLISHED)

    @property
    def _home(self) -> Path:
        """The folder of the manifest and the pictures."""
        return self.root or _HERE

    @property
    def _manifest(self) -> Path:
        return self._home / "manifest.csv"

    @cached_property
    def _rows(self) -> list[dict[str, str]]:
        path = self._manifest
        try:
            with path.open(newline="", encoding="utf-8") as stream:
                rows = list(csv.DictReader(stream))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DataError(f"{self.PLUGIN_NAME}: cannot read {str(path)!r} ({reason(error)}).") from error
        if not rows or not set(_COLUMNS) <= set(rows[0]):
            raise DataError(
                f"{self.PLUGIN_NAME}: {str(path)!r} is not its manifest. "
                f"Expected columns {', '.join(_COLUMNS)}."
            )
        short = next((number for number, row in enumerate(rows, 1) if None in row.values()), None)
        if short is not None:
            raise DataError(f"{self.PLUGIN_NAME}: {str(path)!r}: row {short} has too few cells.")
        return rows

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        path = self._home / "images.zip"
        try:
            archive = zipfile.ZipFile(path)
        except Exception as error:  # a damaged archive makes its reader stumble over anything
            raise DataError(f"{self.PLUGIN_NAME}: cannot open {str(path)!r} ({reason(error)}).") from error
        for info in archive.infolist():
            check_zip_member(path, info)
        return archive
