"""Which images are queries, which are the database, and which may be learnt from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hashbench import fingerprint
from hashbench.data.collection import Collection
from hashbench.errors import DataError, LeakError

PARTS = ("query", "database", "train")
# What a manifest may say besides.
WORDS = ("as_published", "notice")


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
        as_published: Who published exactly these parts, where somebody did: then images with the content
            of a query among the others are said aloud, and not refused.
        notice: What everybody should know who reads numbers made with it; empty where there is nothing.

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
    as_published: str = ""
    notice: str = ""

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
        said = {word: getattr(self, word) for word in WORDS if getattr(self, word)}
        parts = {part: [images.hashes[i] for i in getattr(self, part)] for part in PARTS}
        return {"name": self.name, **parts, **said}

    def fingerprint(self, images: Collection) -> str:
        """Hash of the manifest, and of which of several equal images is meant."""
        meant = [[images.ids[i] for i in getattr(self, part)] for part in PARTS]
        return fingerprint.of_json([self.manifest(images), meant])


def check_disjoint_content(split: Split, images: Collection) -> str:
    """Refuse a split in which a query's picture is also in the database, under whatever name.

    Returns:
        What there is to say of a published split with such queries; nothing where there are none.

    Raises:
        LeakError: Names the query and its copy.
    """
    owner = {images.hashes[i]: i for i in np.union1d(split.database, split.train)}
    copies = [
        (query, owner[images.hashes[query]]) for query in split.query if images.hashes[query] in owner
    ]
    if not copies:
        return ""
    said = leak_in_words(split, images, copies, "the same content as")
    if not split.as_published:
        raise LeakError(f"{said}. Remove them.")
    return f"{said}, as published by {split.as_published}."


def leak_in_words(split: Split, images: Collection, pairs: Sequence[tuple[int, int]], how: str) -> str:
    """How many queries are like another image, and which one is, for one; the sentence has no end yet.

    Args:
        split: The split.
        images: Its collection.
        pairs: Queries, each once, and the database or training image that each is like; one or more.
        how: How it is like it.
    """
    query, other = (images.ids[i] for i in pairs[0])
    have = "has" if len(pairs) == 1 else "have"
    queries = "query" if len(split.query) == 1 else "queries"
    return (
        f"{images.name}, split {split.name!r}: {len(pairs):,} of {len(split.query):,} {queries} {have} "
        f"{how} a database or training image, {query!r} and {other!r} for one"
    )


def validation_split(split: Split, images: Collection, *, part: int = 8) -> Split:
    """A split for choosing settings that never touches the test queries.

    One training image in `part` becomes a query, if it has no copy; the rest is both database and
    training set. The choice follows the content hashes, so that it needs no seed and survives reordering.
    """
    order = sorted(split.train, key=lambda i: fingerprint.of_strings(["validation", images.hashes[i]]))
    times = Counter(images.hashes[i] for i in order)
    single = [i for i in order if times[images.hashes[i]] == 1]
    query = np.sort(np.array(single[: max(1, len(order) // part)], dtype=np.int64))
    return Split(f"{split.name}/validation", query=query, database=np.setdiff1d(split.train, query))
