"""Ranked items as sortable numbers: distance in the upper 32 bits, position in the lower.

Sorting such numbers orders items by distance and equal distances by position, whatever the sorting
algorithm, and the nearest of several shards are the smallest of all their entries.

Q = queries, B = blocks, L = highest grade.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hashbench.errors import DataError
from hashbench.ranking.blocks import Blocks

PADDING = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_HALF = np.uint64(32)
POSITION = np.uint64(0xFFFF_FFFF)


def keys(distances: np.ndarray) -> np.ndarray:
    """Distances as uint32 that sort alike: whole numbers as they are, float32 by their bits.

    >>> keys(np.array([1.5, -2.0, -0.0, 0.0], dtype=np.float32)).argsort(kind="stable").tolist()
    [1, 2, 3, 0]
    """
    if distances.dtype != np.float32:
        return distances.astype(np.uint32)
    raw = (distances + np.float32(0)).view(np.uint32)  # a negative zero is a zero
    negative = raw >> np.uint32(31) == 1
    return np.where(negative, ~raw, raw | np.uint32(0x8000_0000))


def distances(entries: np.ndarray, *, whole: bool) -> np.ndarray:
    """How far the items are that the entries stand for: the inverse of `keys`.

    Args:
        entries: uint64, without padding.
        whole: Whether distances are whole numbers.

    Returns:
        uint32 or float32.

    >>> distances(pack(np.array([1.5, -2.0], dtype=np.float32)), whole=False).tolist()
    [1.5, -2.0]
    """
    key = (entries >> _HALF).astype(np.uint32)
    if whole:
        return key
    positive = key >> np.uint32(31) == 1
    return np.where(positive, key & np.uint32(0x7FFF_FFFF), ~key).view(np.float32)


def pack(distances: np.ndarray) -> np.ndarray:
    """Entries (..., N) of distances (..., N), in the order of their positions."""
    return keys(distances).astype(np.uint64) << _HALF | np.arange(distances.shape[-1], dtype=np.uint64)


def positions(entries: np.ndarray) -> np.ndarray:
    """The items that the entries stand for, int64."""
    return (entries & POSITION).astype(np.int64)


def smallest(entries: np.ndarray, k: int, *, whole_blocks: bool) -> np.ndarray:
    """The k smallest entries of each row in order.

    Args:
        entries: uint64 (Q, N), padded with `PADDING` where rows are shorter.
        k: How many.
        whole_blocks: Keep, beyond k, what is at the same distance as the k-th.

    Returns:
        uint64 (Q, at least min(k, N)), padded with `PADDING`.
    """
    if k >= entries.shape[1]:
        return np.sort(entries, axis=1)
    if not whole_blocks:
        return np.sort(np.partition(entries, k - 1, axis=1)[:, :k], axis=1)
    bound = np.partition(entries, k - 1, axis=1)[:, k - 1] | POSITION
    inside = entries <= bound[:, None]
    kept = np.full((len(entries), int(inside.sum(axis=1).max())), PADDING)
    for row, wanted, source in zip(kept, inside, entries, strict=True):
        found = source[wanted]
        row[: len(found)] = np.sort(found)
    return kept


def merge(shards: Sequence[np.ndarray], offsets: Sequence[int], k: int) -> np.ndarray:
    """The nearest items of a database from those of its parts, to the bit.

    Ties are kept whole, so that every rule of ties can be applied up to rank k.

    Args:
        shards: For each part, the entries (Q, n) of at least its k nearest with whole blocks.
        offsets: Position of each part's first item in the database.
        k: How many.

    Raises:
        DataError: There is no part, or parts differ in queries or have no offset each.
    """
    if len({len(part) for part in shards}) != 1 or len(shards) != len(offsets):
        raise DataError(
            f"entries of {len(shards)} parts, for {[len(part) for part in shards]} queries, with "
            f"{len(offsets)} offsets. Expected at least one part, all of the same queries, an offset each."
        )
    moved = [
        np.where(part == PADDING, PADDING, part + np.uint64(offset))
        for part, offset in zip(shards, offsets, strict=True)
    ]
    return smallest(np.concatenate(moved, axis=1), k, whole_blocks=True)


def to_blocks(
    entries: np.ndarray, grades: np.ndarray, group: np.ndarray, total: np.ndarray, *, tied: bool
) -> Blocks:
    """Blocks that hold a relevant item, of sorted entries.

    Args:
        entries: uint64 (Q, n), sorted, padded.
        grades: uint8 (Q, G), grade of each label set to each query.
        group: int32 (N,), the label set of each item.
        total: int64 (Q, L), items of each grade.
        tied: Whether to put equal distances together.
    """
    of_entries = graded(entries, grades, group)
    return graded_blocks(entries, of_entries, total, len(group), tied=tied)


def graded(entries: np.ndarray, grades: np.ndarray, group: np.ndarray) -> np.ndarray:
    """The grade of every entry, uint8 (Q, n), 0 for padding; see `to_blocks`."""
    places = np.where(entries == PADDING, 0, positions(entries))
    found = np.take_along_axis(grades, group[places].astype(np.int64), axis=1)
    return np.where(entries == PADDING, np.uint8(0), found)


def graded_blocks(
    entries: np.ndarray, grades: np.ndarray, total: np.ndarray, items: int, *, tied: bool
) -> Blocks:
    """Blocks that hold a relevant item, of sorted entries whose grades are known.

    Args:
        entries: uint64 (Q, n), sorted, padded.
        grades: uint8 (Q, n), the grade of each entry.
        total: int64 (Q, L), items of each grade in the whole database.
        items: Number of database items.
        tied: Whether to put equal distances together.
    """
    rows = [_row(row, grade, total.shape[1], tied=tied) for row, grade in zip(entries, grades, strict=True)]
    start, size, counts = (padded([row[i] for row in rows], 0) for i in range(3))
    return Blocks(start, size, counts, total, items, untied=not tied)


def padded(rows: Sequence[np.ndarray], fill: int | np.uint64) -> np.ndarray:
    """Arrays of unlike lengths as one, filled up at their ends."""
    width = max(len(row) for row in rows)
    whole = np.full((len(rows), width, *rows[0].shape[1:]), fill, dtype=rows[0].dtype)
    for target, row in zip(whole, rows, strict=True):
        target[: len(row)] = row
    return whole


def _row(
    entries: np.ndarray, grade: np.ndarray, levels: int, *, tied: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start, size and grade counts of one query's blocks that hold a relevant item."""
    there = entries != PADDING
    entries, grade = entries[there], grade[there]
    distance = entries >> _HALF
    opens = np.ones(len(entries), dtype=np.bool_)
    if tied:
        opens[1:] = distance[1:] != distance[:-1]
    start = np.flatnonzero(opens)
    size = np.diff(start, append=len(entries))
    block = np.cumsum(opens) - 1
    hit = grade > 0
    cells = block[hit] * levels + grade[hit] - 1
    counts = np.bincount(cells, minlength=len(start) * levels).reshape(len(start), levels)
    kept = counts.any(axis=1)
    return start[kept], size[kept], counts[kept]
