"""Drawing the parts of a split: the same ones for the same seed, under every version of NumPy.

N = images, C = labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hashbench.errors import DataError


@dataclass(frozen=True)
class Sizes:
    """How many images a split has in each part; the training images are among the database's.

    Attributes:
        query: Queries.
        train: Images to learn from; None for the whole database.
        database: Images to search through; None for all that are no queries.
    """

    query: int
    train: int | None = None
    database: int | None = None


def shuffled(candidates: np.ndarray, seed: int) -> np.ndarray:
    """The candidates in an order that a seed decides.

    NumPy promises that the stream of a bit generator never changes; not so for its permutations.
    """
    return candidates[np.argsort(np.random.PCG64(seed).random_raw(len(candidates)), kind="stable")]


def alone(hashes: tuple[str, ...]) -> np.ndarray:
    """Bool (N,), images of which the collection holds no copy: only those may become queries.

    >>> alone(("a", "b", "a")).tolist()
    [False, True, False]
    """
    _, place, count = np.unique(np.array(hashes), return_inverse=True, return_counts=True)
    return count[place] == 1


def draw(
    candidates: np.ndarray, single: np.ndarray, sizes: Sizes, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the parts of a split.

    Args:
        candidates: int64, the images that may be drawn, ascending.
        single: bool (N,), see `alone`.
        sizes: How many to draw.
        seed: Where the draw begins. Of two splits of one seed, the smaller part of queries is in the
            larger one.

    Returns:
        Queries, database and training images: int64, each ascending. The queries are disjoint from the
        database, the training images are part of it.

    Raises:
        DataError: There are too few images.
    """
    order = shuffled(candidates, seed)
    query = order[single[order]][: sizes.query]
    rest = order[~np.isin(order, query)]
    database = rest[: sizes.database]
    train = database[: sizes.train]
    enough = len(database) >= (sizes.database or 1) and len(train) >= (sizes.train or 1)
    if len(query) != sizes.query or not enough:
        least = sizes.query + max(sizes.train or 1, sizes.database or 1)
        raise DataError(
            f"{least:,} images are needed that may be drawn, {sizes.query:,} of them without a copy. "
            f"Found {len(candidates):,}, {int(single[candidates].sum()):,} of them without a copy."
        )
    return np.sort(query), np.sort(database), np.sort(train)


def draw_by_label(
    labels: np.ndarray, single: np.ndarray, query: int, train: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw as many queries and training images of each label, as is usual where labels are few.

    Labels have their turn in order; an image that an earlier one has drawn is not drawn again.

    Args:
        labels: bool (N, C); images without a label are left out.
        single: bool (N,), see `alone`.
        query: Queries of each label.
        train: Training images of each label; the database is all that are no queries.
        seed: Where the draw begins.

    Returns:
        As of `draw`.

    Raises:
        DataError: A label has too few images.
    """
    order = shuffled(np.flatnonzero(labels.any(axis=1)), seed)
    queries = _by_label(order[single[order]], labels, query)
    database = order[~np.isin(order, queries)]
    return np.sort(queries), np.sort(database), np.sort(_by_label(database, labels, train))


def _by_label(order: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    free = np.ones(len(order), dtype=np.bool_)
    for label in range(labels.shape[1]):
        found = np.flatnonzero(free & labels[order, label])[:count]
        if len(found) < count:
            raise DataError(
                f"label {label} (the first is 0) has {len(found):,} images left to draw. "
                f"Expected {count:,}."
            )
        free[found] = False
    return order[~free]
