"""Codes as a data set of ann-benchmarks: an HDF5 file with items, queries and true neighbours.

What was made for floats or bits can then be measured on them. Inner products become angles: all items are
put on one sphere by a coordinate more, sqrt(R^2 - |x|^2) with R the longest item's length, which is 0 for
queries; then cos(q, x) = q.x / (|q| R), and the order is the inner product's.

Q = queries, N = items, b = bits, D = dimensions, k = neighbours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hashbench.codes.additive import Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.rows import take
from hashbench.codes.storage import Codes
from hashbench.errors import ConfigError, DataError
from hashbench.export.check import same_neighbours
from hashbench.export.exported import Exported, refused, require_new
from hashbench.export.reconstructions import require_plain
from hashbench.export.source import Source
from hashbench.files import whole_file

if TYPE_CHECKING:
    import h5py

# What ann-benchmarks calls each metric.
_DISTANCE = {"hamming": "hamming", Similarity.INNER_PRODUCT: "angular", Similarity.SQUARED_L2: "euclidean"}
# Items that are reconstructed at once, and queries whose neighbours are found anew for the check.
_ROWS, _CHECKED = 1 << 14, 20
# More than a name takes in HDF5, in bytes.
_NAME_BYTES = 256
# Of the largest distance, or of 1.
_ROUNDING = 1e-5


def write_ann_benchmarks(source: Source, target: Path, neighbours: int) -> Exported:
    """Write the file: `train`, `test`, `neighbors`, `distances`, and names as `train_ids`, `test_ids`.

    Args:
        source: What is exported.
        target: The .hdf5 file.
        neighbours: How many true neighbours of each query.

    Raises:
        ConfigError: Codes are of a kind that it cannot compare, there are too few, or the file is there.
        DataError: The file's neighbours are not those that its own vectors have.
        StoreError: The disk refuses.
    """
    import h5py  # noqa: PLC0415 - loads slowly, and only this needs it

    require_plain(source)
    require_new(target)
    if not 0 < neighbours <= len(source):
        raise ConfigError(f"--neighbors {neighbours}: Expected 1 to {len(source):,}, the number of items.")
    with whole_file(target) as path:
        _require_room(path, source, neighbours)
        # `whole_file` holds the file, and HDF5 would lock it a second time.
        with refused(target), h5py.File(path, "w", locking=False) as file:
            _write(file, source, neighbours)
        with h5py.File(path, locking=False) as file:
            check = _checked(file, source)
    return Exported((target,), len(source), check)


def _require_room(path: Path, source: Source, k: int) -> None:
    """See that the disk takes as much before HDF5 begins, which crashes where a disk gets full.

    Raises:
        OSError: It does not.
    """
    queries = _queries(source)
    rows = len(source) + len(queries)
    size = rows * (queries.nbytes // len(queries) + _NAME_BYTES) + len(queries) * k * 8
    if hasattr(os, "posix_fallocate"):
        with path.open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, size)


def _write(file: h5py.File, source: Source, k: int) -> None:
    import h5py  # noqa: PLC0415

    radius = _longest(source) if source.metric == Similarity.INNER_PRODUCT else 0.0
    queries = _queries(source)
    file.attrs["type"] = "dense"
    file.attrs["distance"] = _DISTANCE[source.metric]
    file.attrs["dimension"] = queries.shape[1]
    file.attrs["point_type"] = "bit" if source.metric == "hamming" else "float"
    file.attrs["run"], file.attrs["codes"] = source.run_id, source.where
    file["test"] = queries
    file["test_ids"] = np.array(source.query_names, dtype=h5py.string_dtype())
    train = file.create_dataset("train", (len(source), queries.shape[1]), queries.dtype)
    names = file.create_dataset("train_ids", (len(source),), h5py.string_dtype())
    for part in source.parts:
        names[part.first : part.first + part.items] = part.names()
    for first, codes in _blocks(source):
        train[first : first + len(codes)] = _points(codes, radius)
    near, far = source.nearest(k), np.empty((len(queries), k))
    for row, places in enumerate(near):
        ascending, back = np.unique(places, return_inverse=True)
        points = _points(source.at(ascending), radius)[back]
        far[row] = _distances(source.metric, queries[row], points)
    # By float32 sums of another order two items may have changed places.
    order = np.argsort(far, axis=1, kind="stable")
    file["neighbors"] = np.take_along_axis(near, order, axis=1).astype(np.int32)
    file["distances"] = np.take_along_axis(far, order, axis=1).astype(np.float32)


def _blocks(source: Source) -> Iterator[tuple[int, Codes]]:
    """All codes, so many at a time, with the place of the first of them."""
    for part in source.parts:
        codes = part.codes()
        for start in range(0, part.items, _ROWS):
            yield part.first + start, take(codes, slice(start, start + _ROWS))


def _queries(source: Source) -> np.ndarray:
    """Bool (Q, b), or float32 (Q, D), with a zero at the end where metric is the inner product."""
    if isinstance(source.query, BinaryCodes):
        return np.unpackbits(source.query.packed, axis=1).astype(np.bool_)
    lifted = source.metric == Similarity.INNER_PRODUCT
    return np.pad(source.vectors, ((0, 0), (0, 1))) if lifted else source.vectors


def _points(codes: Codes, radius: float) -> np.ndarray:
    """Items like the queries; on the sphere of that radius, if it is not 0."""
    if isinstance(codes, BinaryCodes):
        return np.unpackbits(codes.packed, axis=1).astype(np.bool_)
    vectors = codes.reconstruct()
    if not radius:
        return vectors
    height = np.sqrt(np.maximum(radius**2 - _squared(vectors), 0))
    return np.hstack([vectors, height[:, None].astype(np.float32)])


def _longest(source: Source) -> float:
    """The length of the longest item; 1 where all are zero."""
    squared = [_squared(_points(codes, 0)).max() for _, codes in _blocks(source)]
    return float(max(squared)) ** 0.5 or 1.0


def _squared(vectors: np.ndarray) -> np.ndarray:
    """Squared lengths, float64."""
    return np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64)


def _distances(metric: str, query: np.ndarray, points: np.ndarray) -> np.ndarray:
    """As ann-benchmarks has them, float64: share of differing bits, length, or one less the cosine."""
    if metric == "hamming":
        return np.asarray((points ^ query).mean(axis=1))
    if metric == Similarity.SQUARED_L2:
        return np.sqrt(_squared(points - query))
    lengths = np.sqrt(_squared(points) * _squared(query[None]))
    products = points.astype(np.float64) @ query
    return 1 - np.divide(products, lengths, out=np.zeros(len(points)), where=lengths > 0)


def _checked(file: h5py.File, source: Source) -> str:
    """Compare with the suite, and, for some queries, with a search through all that the file holds.

    Raises:
        DataError: Other items are nearer.
    """
    near, far, train = file["neighbors"][:].astype(np.int64), file["distances"][:], file["train"]
    said = same_neighbours(source, near)
    chosen = np.unique(np.linspace(0, len(near) - 1, _CHECKED).round().astype(int))
    for row in chosen.tolist():
        query = file["test"][row]
        parts = (train[first : first + _ROWS] for first in range(0, len(train), _ROWS))
        true = np.concatenate([_distances(source.metric, query, part) for part in parts])
        rounding = _ROUNDING * max(1.0, float(far[row].max()))
        least = np.sort(np.partition(true, near.shape[1] - 1)[: near.shape[1]])
        if max(np.abs(true[near[row]] - far[row]).max(), np.abs(least - far[row]).max()) > rounding:
            raise DataError(
                f"neighbours of query {source.query_names[row]!r} are not the nearest of the vectors in "
                "the file. Nothing was kept. Expected the same order as the suite's."
            )
    return f"{said}; those of {len(chosen)} found anew in the file"
