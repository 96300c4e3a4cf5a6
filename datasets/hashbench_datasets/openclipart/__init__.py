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
from hashbench.data.web import WebSet
from hashbench.errors import DataError
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
        """The pictures and their uploaders' keywords."""
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
            read=lambda index: archive.read(names[index]),
        )

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
        return Split("test", query=query, database=database, as_published=_PUBLISHED)

    @property
    def _home(self) -> Path:
        """The folder of the manifest and the pictures."""
        return self.root or _HERE

    @cached_property
    def _rows(self) -> list[dict[str, str]]:
        path = self._home / "manifest.csv"
        try:
            with path.open(newline="", encoding="utf-8") as stream:
                rows = list(csv.DictReader(stream))
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{self.PLUGIN_NAME}: cannot read {str(path)!r} ({error}).") from error
        if not rows or not set(_COLUMNS) <= set(rows[0]):
            raise DataError(
                f"{self.PLUGIN_NAME}: {str(path)!r} is not its manifest. "
                f"Expected columns {', '.join(_COLUMNS)}."
            )
        return rows

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        path = self._home / "images.zip"
        try:
            return zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise DataError(f"{self.PLUGIN_NAME}: cannot open {str(path)!r} ({error}).") from error
