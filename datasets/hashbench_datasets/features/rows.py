"""Features as they are worked with: float32, memory-mapped, each row with its content hash.

N = images, F = feature dimensions, S = rows of the source, one part after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from hashbench import fingerprint
from hashbench.data.content import content_hashes
from hashbench.errors import DataError
from hashbench.files import cache_root, whole_folder
from hashbench.progress import on_stderr
from hashbench_datasets.features.shelf import Column

# Raised when the same source would be kept in another form.
_FORM = 1
_ROWS, _HASHES, _PLACES = "rows.npy", "hashes.bin", "places.npz"
_FLOAT = np.dtype("<f4")
_KINDS = ("float16", "float32", "float64", "uint8")
_DIGEST_BYTES = 32
_MOST_ROWS = 10_000_000


@dataclass(frozen=True)
class FeatureRows:
    """The features of a collection.

    Attributes:
        features: float32 (N, F), read-only.
        hashes: N content hashes.
        places: For each part of the source, int64, the place in the collection of each of its rows.
    """

    features: np.ndarray
    hashes: tuple[str, ...]
    places: dict[str, np.ndarray]

    @property
    def firsts(self) -> np.ndarray:
        """int64 (N,), the first of the source's S rows that each image was."""
        _, first = np.unique(np.concatenate(list(self.places.values())), return_index=True)
        return first


def read_rows(parts: Mapping[str, Column]) -> FeatureRows:
    """Features from the cache, which is filled at the first call.

    A single float32 .npy is mapped as it lies; everything else is converted, a block at a time.

    Args:
        parts: Where the features of each part are. A row of a part `train` with the content of one of
            the database, or of an earlier one, is that one.

    Raises:
        DataError: A file is damaged, or holds anything but finite numbers with as many in each row.
        StoreError: The cache cannot be written.
    """
    mapped = _mapped(parts)
    folder = cache_root() / "datasets" / "features" / _key(parts)
    if not folder.is_dir():
        on_stderr().note(f"reading {', '.join(map(str, parts.values()))}: once, later from the cache")
        with whole_folder(folder) as partial:
            _convert(parts, partial, keep=mapped is None)
    digests = (folder / _HASHES).read_bytes().hex()
    digits = 2 * _DIGEST_BYTES
    with np.load(folder / _PLACES) as stored:
        places = {part: stored[part] for part in parts}
    return FeatureRows(
        features=np.load(folder / _ROWS, mmap_mode="r") if mapped is None else mapped,
        hashes=tuple(digests[start : start + digits] for start in range(0, len(digests), digits)),
        places=places,
    )


def _mapped(parts: Mapping[str, Column]) -> np.ndarray | None:
    """The features as they lie in their file, where that is the form they are worked with."""
    (column, *others) = parts.values()
    if others or column.file is None or column.path.suffix != ".npy":
        return None
    array = column.file.read(column.array)
    fits = isinstance(array, np.memmap) and array.dtype == _FLOAT and array.flags.c_contiguous
    return array if fits else None


def _key(parts: Mapping[str, Column]) -> str:
    """By content: what is in the cache is always of that very source."""
    sources = [
        [part, *content_hashes(column.path.parent, [column.path]), column.path.suffix, column.array]
        for part, column in parts.items()
    ]
    return fingerprint.of_json([_FORM, sources])


def _convert(parts: Mapping[str, Column], folder: Path, *, keep: bool) -> None:
    """Read everything once; write hashes and places, and the rows where they are to be kept."""
    with (folder / _ROWS).open("wb") if keep else nullcontext() as stream:
        conversion = _Conversion(stream, folds="train" in parts)
        for part, column in parts.items():
            for block in column.blocks():
                conversion.add(part, column, block)
            if part not in conversion.places:
                raise DataError(f"{column} holds no row. Expected features, a row an image.")
        conversion.finish()
    (folder / _HASHES).write_bytes(conversion.digests)
    places = {part: np.concatenate(blocks) for part, blocks in conversion.places.items()}
    np.savez(folder / _PLACES, **places)  # type: ignore[arg-type]


@dataclass
class _Conversion:
    """Takes blocks, and writes their rows.

    Attributes:
        stream: Where an .npy is written; None to write none.
        folds: Whether there are training rows, which may be in the database, too.
        width: F, from the first block on.
        digests: The bytes of every row's hash.
        places: For each part, where the rows of each block are.
        known: The place of each content that a training row may be equal to.
    """

    stream: IO[bytes] | None
    folds: bool
    width: int = 0
    digests: bytearray = field(default_factory=bytearray)
    places: dict[str, list[np.ndarray]] = field(default_factory=dict)
    known: dict[bytes, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.digests) // _DIGEST_BYTES

    def add(self, part: str, column: Column, block: Any) -> None:
        """Check, convert, hash and write some rows.

        Raises:
            DataError: They are no features, or there are too many.
        """
        rows = self._features(part, column, block)
        if len(self) + len(rows) > _MOST_ROWS:
            raise DataError(f"{column} has more rows than fit. Expected {_MOST_ROWS:,} in all at most.")
        digests = [bytes.fromhex(fingerprint.of_array(row)) for row in rows]
        fresh, places = self._placed(part, digests)
        self.digests += b"".join(digests[row] for row in fresh)
        if self.stream is not None:
            self.stream.write(rows[fresh].data if len(fresh) < len(rows) else rows.data)
        self.places.setdefault(part, []).append(places)

    def finish(self) -> None:
        """Say in the header how many rows there are; it has room for that."""
        if self.stream is not None:
            self.stream.seek(0)
            self._write_header()

    def _placed(self, part: str, digests: list[bytes]) -> tuple[list[int], np.ndarray]:
        """Which rows are new, and where each row is."""
        fresh: list[int] = []
        places = np.empty(len(digests), dtype=np.int64)
        for row, digest in enumerate(digests):
            place = len(self) + len(fresh)
            if part == "train" and digest in self.known:
                place = self.known[digest]
            else:
                fresh.append(row)
                if self.folds and part != "query":
                    self.known.setdefault(digest, place)
            places[row] = place
        return fresh, places

    def _features(self, part: str, column: Column, block: Any) -> np.ndarray:
        """Rows of finite float32, as many numbers in each as in the rows before."""
        if not isinstance(block, np.ndarray) or block.dtype.name not in _KINDS or block.ndim != 2:
            what = f"{block.dtype} {block.shape}" if hasattr(block, "dtype") else "words"
            raise DataError(f"{column} holds {what}. Expected {', '.join(_KINDS)}, a row an image.")
        self.width = self.width or block.shape[1]
        if block.shape[1] != self.width or not self.width:
            raise DataError(
                f"{column} has {block.shape[1]} numbers a row. Expected {self.width or 'one or more'}."
            )
        with np.errstate(over="ignore"):
            rows = np.ascontiguousarray(block, dtype=_FLOAT)
        finite = np.isfinite(rows)
        if not finite.all():
            bad, dimension = np.argwhere(~finite)[0]
            before = sum(len(places) for places in self.places.get(part, ()))
            raise DataError(
                f"{column}: row {before + bad} (the first is 0) holds {block[bad, dimension]:g}. "
                "Expected finite numbers of float32."
            )
        if self.stream is not None and not self.stream.tell():
            self._write_header()
        return rows

    def _write_header(self) -> None:
        shape = (len(self), self.width)
        header = {"descr": _FLOAT.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self.stream, header)  # type: ignore[arg-type]
