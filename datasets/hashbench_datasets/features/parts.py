"""The split of features: as it was brought, or drawn.

N = images.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from hashbench.data.drawing import Sizes, alone, draw
from hashbench.data.split import PARTS, Split
from hashbench.errors import DataError, LeakError
from hashbench_datasets.features.shelf import Column, Shelf

NAME = "test"
_SEED, _QUERIES, _SHARE = 0, 2_000, 10
# What a row of `split` says; nothing or -1 leaves an image out.
_NUMBERS = {str(number): part for number, part in enumerate(PARTS)} | {"-1": "", "": ""}


def brought(shelf: Shelf, places: dict[str, np.ndarray], images: int) -> Split | None:
    """The split that was brought; None where none was.

    Args:
        shelf: Where `split` or the parts' indices are.
        places: The places of each part, where the features came in parts.
        images: N.

    Raises:
        DataError: It was brought in more than one way, or names images that are not there, or none.
        LeakError: A query is among the others.
    """
    column, indices = shelf.find("split"), {part: shelf.find("indices", part) for part in PARTS}
    named = {part: found for part, found in indices.items() if found is not None}
    if ("query" in places) + (column is not None) + bool(named) > 1:
        raise DataError(
            f"{str(shelf.root)!r} holds more than one split. Expected one of split, indices, parts."
        )
    if "query" in places:
        return _split(shelf, places)
    if column is not None:
        return _split(shelf, _of_column(column, images))
    if not named:
        return None
    missing = next((part for part in ("query", "database") if part not in named), None)
    if missing is not None:
        raise DataError(f"{str(shelf.root)!r} holds no {missing}_indices. Expected query and database.")
    return _split(shelf, {part: _indices(found, images) for part, found in named.items()})


def drawn(labels: np.ndarray, hashes: tuple[str, ...]) -> Split:
    """A tenth of the labelled images as queries, at most 2,000, none of which has a copy.

    Args:
        labels: bool (N, C).
        hashes: N content hashes.

    Raises:
        DataError: There are too few images.
    """
    labelled = np.flatnonzero(labels.any(axis=1))
    sizes = Sizes(query=min(_QUERIES, max(1, len(labelled) // _SHARE)))
    query, database, train = draw(labelled, alone(hashes), sizes, _SEED)
    return Split(NAME, query=query, database=database, train=train)


def _split(shelf: Shelf, places: dict[str, np.ndarray]) -> Split:
    train = places.get("train", places["database"])
    try:
        return Split(NAME, query=places["query"], database=places["database"], train=np.unique(train))
    except (DataError, LeakError) as error:
        raise type(error)(f"{str(shelf.root)!r}, {error}") from error


def _of_column(column: Column, images: int) -> dict[str, np.ndarray]:
    """Places of images by the part that they are in; those to learn from are in the database, too."""
    rows: list[str] = []
    for block in column.blocks():
        dense = block.toarray() if sparse.issparse(block) else block
        for word in dense if isinstance(dense, list) else dense.reshape(-1).tolist():
            # A line of .csv is a tuple of its cells.
            rows.append(_part(column, len(rows), ",".join(word) if isinstance(word, tuple) else word))
    if len(rows) != images:
        raise DataError(f"{column} has {len(rows):,} rows, the features have {images:,}. Expected as many.")
    said = np.array(rows)
    query, database, train = (np.flatnonzero(said == part) for part in PARTS)
    return {"query": query, "database": np.union1d(database, train), "train": train}


def _part(column: Column, row: int, word: object) -> str:
    text = f"{word:g}" if isinstance(word, float | int) else str(word).strip().lower()
    part = _NUMBERS.get(text, text)
    if part and part not in PARTS:
        raise DataError(
            f"{column}: row {row} (the first is 0) holds {text[:40]!r}. Expected {', '.join(PARTS)} or "
            "0, 1, 2 in their place, or nothing or -1 for an image that is left out."
        )
    return part


def _indices(column: Column, images: int) -> np.ndarray:
    """Places of images, int64, in the order of the file."""
    blocks = [np.asarray(block).reshape(-1) for block in column.blocks()]
    places = np.concatenate(blocks) if blocks else np.empty(0)
    if places.dtype.kind not in "iuf":
        what = "text" if places.dtype.kind in "UST" else places.dtype
        raise DataError(f"{column} holds {what}. Expected an array of rows of images, the first being 0.")
    if places.dtype == np.float16:
        places = places.astype(np.float32)  # which any number of images fits into
    wrong = (places < 0) | (places >= images) | (places != np.floor(places))
    if wrong.any():
        raise DataError(f"{column} holds {places[wrong][0]:g}. Expected rows of images, 0 to {images - 1}.")
    return places.astype(np.int64)
