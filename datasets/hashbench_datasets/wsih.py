"""The feature files that the authors of WSIH publish: MS-COCO, NUS-WIDE and web images for each.

Cui et al., "Webly Supervised Image Hashing with Lightweight Semantic Transfer Network", ACM MM 2022.
There are no images, no tags and no label names, and no address to download from: `--data-root` names
the folder of the files. N = images, F = feature dimensions, C = concepts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from hashbench import fingerprint
from hashbench.data.array_files import ArrayFile
from hashbench.data.collection import FeatureCollection, GroundTruth
from hashbench.data.dataset import Dataset
from hashbench.data.split import Split
from hashbench.data.web import WebSet
from hashbench.errors import DataError

# Each part's file, and what the names of its two arrays end in.
_PARTS = {"query": ("test", "te"), "database": ("retrieval", "db"), "train": ("train", "tr")}
_WEB_ENDING = "tr"


@dataclass(frozen=True)
class _Rows:
    """What one file holds: float32 (N, F), bool (N, C) and N content hashes."""

    path: Path
    features: np.ndarray
    labels: np.ndarray
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class _Archive:
    """The three files of a data set as one collection."""

    images: FeatureCollection
    labels: np.ndarray
    split: Split


class _Wsih(Dataset):
    """Features and labels of queries, database and training images, and of web images apart.

    The collection is the queries, the database, and those training rows whose content the database
    does not hold, each content once. The files hold no label names: labels are `concept00`,
    `concept01` and so on, in the order of the columns.
    """

    FOLDER: ClassVar[str]
    WEB: ClassVar[str]
    CONCEPTS: ClassVar[int]

    def images(self) -> FeatureCollection:
        """The features, float32 (N, F), read-only; no image has tags.

        Raises:
            DataError: A file is missing, damaged or not as its page says; the message names it.
        """
        return self._archive.images

    def label_names(self) -> tuple[str, ...]:
        """Numbers in place of names, which the files do not hold."""
        return tuple(f"concept{column:02d}" for column in range(self.CONCEPTS))

    def ground_truth(self) -> GroundTruth:
        """The concepts of each image.

        Raises:
            DataError: As of `images`.
        """
        return GroundTruth(self.label_names(), self._archive.labels)

    def splits(self) -> Mapping[str, Callable[[], Split]]:
        """The files' own split; a training row that is also in the database is the database's row."""
        return {"test": lambda: self._archive.split}

    def web_sets(self) -> Mapping[str, Callable[[], WebSet]]:
        """The authors' web images; which concept each was searched for is in its one-hot row."""
        return {self.WEB: lambda: self._web_set}

    @cached_property
    def _archive(self) -> _Archive:
        query, database, train = (
            self._read(f"{self.FOLDER}/mat/{file}.mat", ending) for file, ending in _PARTS.values()
        )
        _check_widths(query, database, train)
        fresh = _fresh(train, database)
        features = np.concatenate([query.features, database.features, train.features[fresh]])
        features.flags.writeable = False
        hashes = (*query.hashes, *database.hashes, *(train.hashes[row] for row in fresh))
        rows = {"query": range(len(query.hashes)), "database": range(len(database.hashes)), "train": fresh}
        images = FeatureCollection(
            name=self.PLUGIN_NAME,
            ids=tuple(f"{part}/{row:05d}" for part in rows for row in rows[part]),
            hashes=hashes,
            tags=((),) * len(hashes),
            features=features,
        )
        labels = np.concatenate([query.labels, database.labels, train.labels[fresh]])
        return _Archive(images, labels, _split(query, database, train, hashes))

    @cached_property
    def _web_set(self) -> WebSet:
        rows = self._read(f"web/{self.WEB}.mat", _WEB_ENDING)
        counts = rows.labels.sum(axis=1)
        if (counts != 1).any():
            row = int(np.flatnonzero(counts != 1)[0])
            raise DataError(
                f"{str(rows.path)!r}: row {row} of L_{_WEB_ENDING} (the first is 0) names {counts[row]} "
                "concepts. Expected one, the concept searched for."
            )
        images = FeatureCollection(
            name=self.WEB,
            ids=tuple(f"web/{row:05d}" for row in range(len(rows.hashes))),
            hashes=rows.hashes,
            tags=((),) * len(rows.hashes),
            features=rows.features,
        )
        return WebSet(images, self.label_names(), rows.labels.argmax(axis=1))

    def _read(self, name: str, ending: str) -> _Rows:
        """The two arrays of the file `name` below the root.

        Raises:
            DataError: The file is missing or damaged, or its arrays are not as expected.
        """
        file = self._open(name, (f"I_{ending}", f"L_{ending}"))
        features = _features(file, f"I_{ending}")
        labels = _labels(file, f"L_{ending}", self.CONCEPTS)
        if len(features) != len(labels):
            raise DataError(
                f"{str(file.path)!r}: I_{ending} has {len(features)} rows, L_{ending} {len(labels)}. "
                "Expected as many of each."
            )
        return _Rows(file.path, features, labels, tuple(fingerprint.of_array(row) for row in features))

    def _open(self, name: str, arrays: tuple[str, str]) -> ArrayFile:
        if self.root is None:
            raise DataError(
                f"{self.PLUGIN_NAME} cannot be downloaded. Name the folder of its files with --data-root. "
                f"{self._layout()}"
            )
        path = self.root / name
        if not path.is_file():
            raise DataError(f"{self.PLUGIN_NAME}: there is no file {str(path)!r}. {self._layout()}")
        file = ArrayFile.open(path)
        if not file.loaders.keys() >= set(arrays):
            raise DataError(f"{str(path)!r} holds {file.listed()}. Expected {' and '.join(arrays)}.")
        return file

    def _layout(self) -> str:
        """The files that are expected, for messages."""
        files = [
            *((f"{self.FOLDER}/mat/{file}.mat", ending) for file, ending in _PARTS.values()),
            (f"web/{self.WEB}.mat", _WEB_ENDING),
        ]
        listed = (f"{name} (I_{ending}, L_{ending})" for name, ending in files)
        return f"Expected below the folder: {', '.join(listed)}."


class WsihCoco(_Wsih):
    """MS-COCO with 80 concepts, and 100 web images a concept."""

    PLUGIN_NAME = "wsih-coco"
    DESCRIPTION = "MS-COCO with its web set as features, in the WSIH authors' files; needs --data-root"
    FOLDER = "coco"
    WEB = "coco80_web"
    CONCEPTS = 80


class WsihNus21(_Wsih):
    """NUS-WIDE with 21 concepts, and 200 web images a concept."""

    PLUGIN_NAME = "wsih-nus21"
    DESCRIPTION = "NUS-WIDE with its web set as features, in the WSIH authors' files; needs --data-root"
    FOLDER = "nus21"
    WEB = "nus21_web"
    CONCEPTS = 21


def _fresh(train: _Rows, database: _Rows) -> np.ndarray:
    """The training rows, int64, whose content neither the database nor an earlier row holds."""
    seen = set(database.hashes)
    fresh: list[int] = []
    for row, content in enumerate(train.hashes):
        if content not in seen:
            seen.add(content)
            fresh.append(row)
    return np.array(fresh, dtype=np.int64)


def _split(query: _Rows, database: _Rows, train: _Rows, hashes: tuple[str, ...]) -> Split:
    """The split of the collection whose content is `hashes`: queries, database, other training rows."""
    start, end = len(query.hashes), len(query.hashes) + len(database.hashes)
    # From the end, so that content that is there twice leads to its first row.
    owner = {hashes[place]: place for place in reversed(range(start, len(hashes)))}
    return Split(
        "test",
        query=np.arange(start),
        database=np.arange(start, end),
        as_published="the authors of WSIH, MM 2022",
        train=np.array(sorted({owner[content] for content in train.hashes})),
    )


def _check_widths(first: _Rows, *others: _Rows) -> None:
    """Refuse files with features of different networks.

    Raises:
        DataError: Names two files that differ.
    """
    expected = first.features.shape[1]
    for rows in others:
        if rows.features.shape[1] != expected:
            raise DataError(
                f"{str(rows.path)!r} has features of {rows.features.shape[1]} dimensions, "
                f"{str(first.path)!r} of {expected}. Expected the same of both."
            )


def _features(file: ArrayFile, name: str) -> np.ndarray:
    """An array of features, float32 (N, F), row by row in memory.

    Raises:
        DataError: It is no matrix of numbers, or a value is not finite as float32.
    """
    with np.errstate(over="ignore"):
        features = np.ascontiguousarray(_matrix(file, name), dtype=np.float32)
    _check_rows(file, name, np.isfinite(features), features, "finite numbers")
    return features


def _labels(file: ArrayFile, name: str, concepts: int) -> np.ndarray:
    """An array of labels, bool (N, C).

    Raises:
        DataError: It is no matrix of 0 and 1, or has another number of columns.
    """
    labels = _matrix(file, name)
    if labels.shape[1] != concepts:
        raise DataError(
            f"{str(file.path)!r}: {name} has {labels.shape[1]} columns. Expected {concepts}, one a concept."
        )
    _check_rows(file, name, (labels == 0) | (labels == 1), labels, "0 or 1")
    return np.ascontiguousarray(labels, dtype=np.bool_)


def _check_rows(file: ArrayFile, name: str, valid: np.ndarray, values: np.ndarray, expected: str) -> None:
    """Refuse an array in which a value is not valid.

    Raises:
        DataError: Names the first row with such a value.
    """
    if not valid.all():
        row = int(np.flatnonzero(~valid.all(axis=1))[0])
        raise DataError(
            f"{str(file.path)!r}: row {row} of {name} (the first is 0) holds "
            f"{float(values[row][~valid[row]][0]):g}. Expected {expected}."
        )


def _matrix(file: ArrayFile, name: str) -> np.ndarray:
    """An array with rows and columns, dense.

    Raises:
        DataError: It holds no numbers, has no rows or not two axes.
    """
    found = file.read(name)
    # MATLAB users keep labels sparse at times.
    array: np.ndarray = found if isinstance(found, np.ndarray) else found.toarray()
    if array.dtype.kind not in "biuf" or array.ndim != 2 or array.size == 0:
        raise DataError(
            f"{str(file.path)!r}: {name} is {array.dtype} {array.shape}. "
            "Expected numbers with a row an image."
        )
    return array
