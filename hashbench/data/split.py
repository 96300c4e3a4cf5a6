"""Which images are queries, which are the database, and which may be learnt from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hashbench import fingerprint
from hashbench.data.collection import Collection
from hashbench.errors import DataError, LeakError

PARTS = ("query", "database", "train")


def _indices() -> np.ndarray:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Split:
    """Index arrays into a collection; queries are disjoint from everything else by construction.

    Attributes:
        name: How the split is told apart in tables and manifests.
        query: int64 (Q,), images that are searched with.
        database: int64 (N,), images that are searched through.
        train: int64 (L,), images that methods learn from; the database where nothing is given.

    Raises:
        LeakError: A query is also a database or training image.
        DataError: A part is empty or names an image twice.

    >>> split = Split("tiny", query=np.array([0]), database=np.array([1, 2]))
    >>> split.train.tolist()
    [1, 2]
    >>> Split("leaky", query=np.array([1]), database=np.array([1, 2]))
    Traceback (most recent call last):
    hashbench.errors.LeakError: split 'leaky': image 1 is a query and a database or training image.
    """

    name: str
    query: np.ndarray
    database: np.ndarray
    train: np.ndarray = field(default_factory=_indices)

    def __post_init__(self) -> None:
        if self.train.size == 0:
            object.__setattr__(self, "train", self.database)
        for part in PARTS:
            indices = np.asarray(getattr(self, part), dtype=np.int64)
            if indices.size == 0:
                raise DataError(f"split {self.name!r}: part {part!r} holds no image.")
            if np.unique(indices).size != indices.size:
                raise DataError(f"split {self.name!r}: part {part!r} names an image twice.")
            object.__setattr__(self, part, indices)
        shared = np.intersect1d(self.query, np.union1d(self.database, self.train))
        if shared.size:
            raise LeakError(
                f"split {self.name!r}: image {shared[0]} is a query and a database or training image."
            )

    def manifest(self, images: Collection) -> dict[str, Any]:
        """The split by content hash rather than by position, ready to be stored as JSON."""
        return {
            "name": self.name,
            **{part: [images.hashes[i] for i in getattr(self, part)] for part in PARTS},
        }

    def fingerprint(self, images: Collection) -> str:
        """Hash of the manifest."""
        return fingerprint.of_json(self.manifest(images))


def check_disjoint_content(split: Split, images: Collection) -> None:
    """Refuse a split in which a query's picture is also in the database, under whatever name.

    Raises:
        LeakError: Names the query and its copy.
    """
    owner = {images.hashes[i]: i for i in np.union1d(split.database, split.train)}
    for query in split.query:
        copy = owner.get(images.hashes[query])
        if copy is not None:
            raise LeakError(
                f"{images.name}, split {split.name!r}: query {images.ids[query]!r} has the same content "
                f"as database or training image {images.ids[copy]!r}. Remove one of them."
            )


def validation_split(split: Split, images: Collection, *, part: int = 8) -> Split:
    """A split for choosing settings that never touches the test queries.

    One training image in `part` becomes a query; the rest is both database and training set. The
    choice follows the content hashes, so that it needs no seed and survives reordering.
    """
    order = sorted(split.train, key=lambda i: fingerprint.of_strings(["validation", images.hashes[i]]))
    count = max(1, len(order) // part)
    return Split(
        name=f"{split.name}/validation",
        query=np.sort(np.array(order[:count])),
        database=np.sort(np.array(order[count:])),
    )
