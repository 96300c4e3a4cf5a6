"""Corel5k: 5,000 photos of 50 themes, each with one to five keywords by an editor.

Duygulu, Barnard, de Freitas, Forsyth: Object Recognition as Machine Translation, ECCV 2002. The photos may
not be passed on: `--data-root` names the folder where a person keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from hashbench.data.collection import GroundTruth, ImageCollection
from hashbench.data.content import content_hashes
from hashbench.data.dataset import Dataset
from hashbench.data.split import Split
from hashbench.errors import DataError, reason

_WORDS = "labels/words"
# Each part's folder of photos and its file of keywords; the queries first.
_PARTS = (("test_jpeg", "labels/test_label"), ("train_jpeg", "labels/training_label"))
_LAYOUT = "Expected test_jpeg/, train_jpeg/, labels/words, labels/test_label and labels/training_label."
# A photo's number is its theme's, times this, plus its place in the theme.
_THEME = 1000
_NUMBER = re.compile("[0-9]{1,9}")


@dataclass(frozen=True)
class _Photo:
    number: int
    path: Path
    keywords: tuple[str, ...]


class Corel5k(Dataset):
    """Keywords are the tags; the ground truth is the theme, which is no keyword and has no name."""

    PLUGIN_NAME = "corel5k"
    DESCRIPTION = "5,000 photos of 50 themes with an editor's keywords; needs --data-root"

    def images(self) -> ImageCollection:
        """The test photos, then the training photos, each by number.

        Raises:
            DataError: A file is missing, or a line of one is not as expected.
        """
        photos = [photo for part in self._photos for photo in part]
        return ImageCollection(
            name=self.PLUGIN_NAME,
            ids=tuple(str(photo.number) for photo in photos),
            hashes=content_hashes(self.root or Path(), [photo.path for photo in photos]),
            tags=tuple(photo.keywords for photo in photos),
            read=lambda index: photos[index].path.read_bytes(),
        )

    def label_names(self) -> tuple[str, ...]:
        """A number for each theme, as in the photos' numbers."""
        return tuple(f"theme{theme:03d}" for theme in np.unique(self._themes))

    def ground_truth(self) -> GroundTruth:
        """The theme of each photo."""
        themes = self._themes
        return GroundTruth(self.label_names(), themes[:, None] == np.unique(themes)[None, :])

    def splits(self) -> Mapping[str, Callable[[], Split]]:
        """Duygulu et al.'s: the test photos are queries, methods learn from the others."""
        return {"test": self._test_split}

    def _test_split(self) -> Split:
        empty = [file for (_, file), part in zip(_PARTS, self._photos, strict=True) if not part]
        if empty:
            path = (self.root or Path()) / empty[0]
            raise DataError(f"{self.PLUGIN_NAME}: {str(path)!r} holds no image.")
        queries, others = (len(part) for part in self._photos)
        return Split(
            "test",
            query=np.arange(queries),
            database=np.arange(queries, queries + others),
            as_published="Duygulu et al., ECCV 2002",
        )

    @property
    def _themes(self) -> np.ndarray:
        return np.array([photo.number // _THEME for part in self._photos for photo in part])

    @cached_property
    def _photos(self) -> list[list[_Photo]]:
        """The photos of each part, by number."""
        if self.root is None:
            raise DataError(
                f"{self.PLUGIN_NAME} is not for download. Name its folder with --data-root. {_LAYOUT}"
            )
        words = _lines(self.root / _WORDS)
        if "" in words:
            raise DataError(
                f"{str(self.root / _WORDS)!r}, line {words.index('') + 1}: blank. Expected a keyword."
            )
        return [_part(self.root, folder, file, words) for folder, file in _PARTS]


def _part(root: Path, folder: str, file: str, words: list[str]) -> list[_Photo]:
    """The photos that a file of keywords lists.

    Raises:
        DataError: A photo is not there, or a line is no number with keyword numbers after it.
    """
    photos = {}
    for row, line in enumerate(_lines(root / file), 1):
        if not line:
            continue
        number, *keywords = _numbers(line, f"{str(root / file)!r}, line {row}")
        outside = [keyword for keyword in keywords if not 1 <= keyword <= len(words)]
        if outside:
            raise DataError(
                f"{str(root / file)!r}, line {row}: keyword {outside[0]}. Expected 1 to {len(words)}."
            )
        path = root / folder / f"{number}.jpeg"
        if not path.is_file():
            raise DataError(f"corel5k: there is no photo {str(path)!r}, which line {row} of {file} lists.")
        photos[number] = _Photo(number, path, tuple(words[keyword - 1] for keyword in keywords))
    return [photos[number] for number in sorted(photos)]


def _numbers(line: str, where: str) -> list[int]:
    words = line.split()
    if not all(_NUMBER.fullmatch(word) for word in words):
        raise DataError(f"{where}: {line[:60]!r}. Expected a photo's number, then numbers of keywords.")
    return [int(word) for word in words]


def _lines(path: Path) -> list[str]:
    """The lines of a file, without blank ones at the end."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"corel5k: cannot read {str(path)!r} ({reason(error)}). {_LAYOUT}") from error
    return [line.strip() for line in text.rstrip().splitlines()]
