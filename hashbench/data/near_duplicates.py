"""Pictures that are the same but for size, compression, a narrow crop, or a touch of colour.

A hash of 256 bits finds what looks alike, a comparison of small pictures settles whether it is the same.
How the limits were chosen and what they catch: `docs/decisions/0006-near-duplicates.md`.

N = images, P = pairs, T = side of a thumbnail in pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from hashbench import fingerprint
from hashbench.data.collection import ImageCollection
from hashbench.data.images import DECODER_VERSION, decode_all
from hashbench.data.split import Split
from hashbench.errors import StoreError
from hashbench.files import whole_file
from hashbench.progress import Progress

# Part of the cache key: raise it when hashes or thumbnails change.
HASH_VERSION = 1
# Two pictures are the same if no more bits of their hashes differ,
MOST_DISTANCE = 72
# no place differs by more, in standard deviations of a picture, once they are laid on each other,
MOST_RESIDUAL = 0.4
# and their colours differ by no more, in levels of 255.
MOST_COLOUR = 25.0
# Standard deviation of a thumbnail's grey levels, of 255: below it, the signs of the hash are noise.
LEAST_DETAIL = 3.0

_SIDE = 32
_THUMBNAIL = 16
# Pixels of a thumbnail in which a border or a narrow crop shows.
_MARGIN = 2
_WORDS = 4
# Distances computed at once: few enough for a processor's cache.
_QUERY_BLOCK, _OTHER_BLOCK = 64, 4096
# Pairs of thumbnails compared at once: about 25 MB.
_PAIR_BLOCK = 512
_LUMA = np.array([0.299, 0.587, 0.114])
# The lowest frequencies of the discrete cosine transform (DCT-II): one a row.
_WAVES = np.cos(np.pi * np.outer(np.arange(16), np.arange(_SIDE) + 0.5) / _SIDE)
_ROW = np.dtype(
    [("bits", "<u8", _WORDS), ("usable", "?"), ("thumbnail", "u1", (_THUMBNAIL, _THUMBNAIL, 3))]
)


@dataclass(frozen=True)
class PerceptualHashes:
    """What pictures look like, in little.

    Attributes:
        bits: uint64 (N, 4), signs of the 16 x 16 lowest frequencies of the grey picture.
        usable: bool (N,), False where a file cannot be decoded or a picture is nearly uniform.
        thumbnails: uint8 (N, T, T, 3), RGB.
    """

    bits: np.ndarray
    usable: np.ndarray
    thumbnails: np.ndarray


def perceptual_hashes(
    images: ImageCollection, indices: np.ndarray, cache: Path, progress: Progress
) -> PerceptualHashes:
    """Hashes of images of a collection, from the cache where they are there.

    Args:
        images: The collection.
        indices: int64 (N,), which of its images, in any order.
        cache: Root folder of the cache.
        progress: Where to report.

    Returns:
        The hashes, in the order of `indices`.

    Raises:
        StoreError: The cache cannot be written.
    """
    key = {
        "content": fingerprint.of_strings(images.hashes[i] for i in indices),
        "version": HASH_VERSION,
        "decoder": DECODER_VERSION,
    }
    path = cache / "perceptual" / fingerprint.of_json(key)[:32]
    if not path.is_file():
        _compute(path, images, indices, progress)
    rows = np.memmap(path, dtype=_ROW, mode="r", shape=(len(indices),))
    return PerceptualHashes(np.ascontiguousarray(rows["bits"]), np.array(rows["usable"]), rows["thumbnail"])


def _compute(path: Path, images: ImageCollection, indices: np.ndarray, progress: Progress) -> None:
    """Write a row for every image to a file that is there when it is whole."""
    task = progress.task(f"perceptual hashes of {images.name}", len(indices))
    try:
        with whole_file(path) as partial, partial.open("wb") as stream, task as advance:
            for _, pixels in decode_all(images, indices, _SIDE):
                stream.write(_row(pixels).tobytes())
                advance(1)
    except OSError as error:
        raise StoreError(f"cannot write {str(path)!r}: {error.strerror or error}.") from error


def _row(decoded: np.ndarray | str) -> np.ndarray:
    """One image's hash and thumbnail, as `_ROW`; zeros, and not usable, where it cannot be decoded."""
    row = np.zeros((), dtype=_ROW)
    if isinstance(decoded, str):
        return row
    pixels = decoded.astype(np.float64)
    # Brightness and contrast change no sign. That of the mean is always the same.
    signs = _WAVES @ (pixels @ _LUMA) @ _WAVES.T > 0
    row["bits"] = np.packbits(signs).view("<u8")
    step = _SIDE // _THUMBNAIL
    row["thumbnail"] = pixels.reshape(_THUMBNAIL, step, _THUMBNAIL, step, 3).mean(axis=(1, 3)).round()
    row["usable"] = (row["thumbnail"] @ _LUMA).std() >= LEAST_DETAIL
    return row


def near_pairs(
    hashes: PerceptualHashes, queries: np.ndarray, others: np.ndarray, most_distance: int
) -> Iterator[np.ndarray]:
    """All pairs of a query and another image whose hashes differ in few bits, a block at a time.

    Args:
        hashes: Of N images.
        queries: Places in `hashes`.
        others: Places in `hashes`.
        most_distance: As many bits may differ.

    Yields:
        int64 (P, 3): the query's place, the other's, and how many bits differ.
    """
    queries, others = (places[hashes.usable[places]] for places in (queries, others))
    asked, stored = (np.ascontiguousarray(hashes.bits[places].T) for places in (queries, others))
    for q in range(0, len(queries), _QUERY_BLOCK):
        for o in range(0, len(others), _OTHER_BLOCK):
            block, some = asked[:, q : q + _QUERY_BLOCK], stored[:, o : o + _OTHER_BLOCK]
            distances = np.zeros((block.shape[1], some.shape[1]), dtype=np.uint16)
            for word in range(_WORDS):
                distances += np.bitwise_count(block[word, :, None] ^ some[word])
            rows, columns = np.nonzero(distances <= most_distance)
            if rows.size:
                yield np.stack([queries[q + rows], others[o + columns], distances[rows, columns]], axis=1)


def find_near_duplicates(
    split: Split, images: ImageCollection, cache: Path, progress: Progress
) -> list[tuple[int, int, int]]:
    """Queries whose picture is also, hardly changed, among the database or training images.

    Returns:
        Of each such query its place in the collection, that of the nearest other image with its picture,
        and how many of the 256 bits of their hashes differ; the nearest first.
    """
    searched = np.union1d(split.database, split.train)
    indices = np.union1d(split.query, searched)
    hashes = perceptual_hashes(images, indices, cache, progress)
    queries, others = (np.searchsorted(indices, part) for part in (split.query, searched))
    nearest: dict[int, tuple[int, int]] = {}
    for pairs in near_pairs(hashes, queries, others, MOST_DISTANCE):
        for query, other, distance in pairs[_same(hashes.thumbnails, pairs)].tolist():
            nearest[query] = min(nearest.get(query, (distance, other)), (distance, other))
    ordered = sorted((distance, query, other) for query, (distance, other) in nearest.items())
    return [(int(indices[query]), int(indices[other]), distance) for distance, query, other in ordered]


def _same(thumbnails: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Which pairs show the same picture: bool (P,)."""
    same = np.empty(len(pairs), dtype=bool)
    for start in range(0, len(pairs), _PAIR_BLOCK):
        part = slice(start, start + _PAIR_BLOCK)
        one, other = (thumbnails[pairs[part, side]].astype(np.float64) for side in (0, 1))
        close = largest_residual(one @ _LUMA, other @ _LUMA) <= MOST_RESIDUAL
        same[part] = close & (colour_difference(one, other) <= MOST_COLOUR)
    return same


def largest_residual(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """What differs at the place where two pictures differ most, once one is laid on the other.

    A place is 2 x 2 pixels, so that edges which do not quite meet cancel out. The margin is left out.

    Args:
        one: float (P, T, T), grey.
        other: float (P, T, T), grey.

    Returns:
        float64 (P,), in standard deviations of a picture's grey levels; the larger number where it matters
        which of the two is laid on the other.
    """
    return np.maximum(_left_over(one, other), _left_over(other, one))


def _left_over(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """`largest_residual` of laying the first on the second.

    Brightness, contrast, and a small shift and stretch along each axis are fitted by least squares, with
    the derivatives of the picture in place of a search for the shift (Lucas and Kanade 1981).
    """
    side = one.shape[-1]
    down, across = np.gradient(one, axis=(1, 2))
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    terms = _inner(np.stack([np.ones_like(one), one, across, across * x, down, down * y], axis=-1))
    design = terms.reshape(len(one), -1, 6)
    target = _inner(other).reshape(len(one), -1, 1)
    # A term that is zero everywhere (stripes have no slope along them) must not make the system singular.
    normal = design.mT @ design + 1e-3 * np.eye(6)
    residual = target - design @ np.linalg.solve(normal, design.mT @ target)
    places = sliding_window_view(residual.reshape(terms.shape[:3]), (2, 2), axis=(1, 2)).mean(axis=(3, 4))
    # One level more, so that rounding is no difference between pictures that are uniform inside.
    return np.abs(places).max(axis=(1, 2)) / (target.std(axis=(1, 2)) + 1)


def colour_difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Mean absolute difference of the colours of cells of 2 x 2 pixels, without the margin.

    Args:
        one: float (P, T, T, 3), RGB.
        other: float (P, T, T, 3), RGB.

    Returns:
        float64 (P,), in levels of 255.
    """
    inner = _inner(one - other)
    half = inner.shape[1] // 2
    return np.abs(inner.reshape(-1, half, 2, half, 2, 3).mean(axis=(2, 4))).mean(axis=(1, 2, 3))


def _inner(pictures: np.ndarray) -> np.ndarray:
    """Pictures (P, T, T, ...) without their margin."""
    return pictures[:, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
