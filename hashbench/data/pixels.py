"""Decoded images on disk: every image of a collection once, decoded when it is first asked for.

Two files hold a row for each distinct content, in the order of the content hashes, so that a row's place
tells nothing of an image but its content. `pixels` holds the images, with holes where none was decoded.
`journal` holds 0 there, and elsewhere the checksum of the row, written after the row itself: a row counts
only if it agrees with its checksum, whenever and by whomever the writing was stopped. Two processes that
decode the same image write the same bytes.

N = images, R = distinct images, S = side in pixels.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from hashbench import fingerprint
from hashbench.data.collection import ImageCollection
from hashbench.data.images import DECODER_VERSION, decode_all
from hashbench.data.lock import alone
from hashbench.data.views import Rows
from hashbench.errors import StoreError
from hashbench.files import require_writable, whole_file
from hashbench.progress import Progress
from hashbench.threads import cores

# Sets a checksum apart from the 0 of a row that was never written.
_WRITTEN = 1 << 32
_RECORD = np.dtype("<u8")
# Rows that a thread checks in one go.
_CHECKED = 64


def cached_pixels(
    images: ImageCollection, indices: np.ndarray, side: int, cache: Path, progress: Progress
) -> tuple[Rows, dict[int, str]]:
    """Decoded images, from the cache where they are there and as they were written.

    An interrupted decode goes on where it stopped.

    Args:
        images: The collection.
        indices: int64 (N,), which of its images, in any order.
        side: S.
        cache: Root folder of the cache.
        progress: Where to report.

    Returns:
        uint8 (N, S, S, 3), in the order of `indices`, read-only; and the reason for each of them that
        cannot be decoded, by its place in the collection: its pixels mean nothing.

    Raises:
        DataError: An image's file cannot be read.
        StoreError: The cache cannot be written.
    """
    contents, rows = np.unique(images.hashes, return_inverse=True)
    key = {"contents": fingerprint.of_strings(contents), "side": side, "decoder": DECODER_VERSION}
    store = _Store(cache / "pixels" / fingerprint.of_json(key)[:32], (len(contents), side, side, 3))
    try:
        store.make(key)
        asked, first = np.unique(rows[indices], return_index=True)
        with progress.task(f"pixels of {images.name} at {side} px", len(asked)) as advance:
            missing = store.missing(asked, progress, advance)
            damaged: dict[int, str] = {}
            if missing.size:
                with alone(store.folder, f"pixels of {images.name}", progress) as waited:
                    if waited:
                        missing = missing[store.missing(asked[missing], progress, advance)]
                    decoded = decode_all(images, indices[first[missing]], side)
                    damaged = store.write(asked[missing], (pixels for _, pixels in decoded), advance)
    except OSError as error:
        raise StoreError(f"cannot write {str(store.folder)!r}: {error.strerror or error}.") from error
    found = {int(i): damaged[rows[i]] for i in indices if rows[i] in damaged}
    return Rows(store.pixels(), rows[indices]), found


@dataclass(frozen=True)
class _Store:
    """The two files.

    Attributes:
        folder: Where they are.
        shape: (R, S, S, 3).
    """

    folder: Path
    shape: tuple[int, int, int, int]

    def make(self, key: dict[str, Any]) -> None:
        """Create what is not there, and make a file that was cut as long as it was, with holes."""
        size = prod(self.shape)
        for path, wanted in ((self._pixels, size), (self._journal, self.shape[0] * _RECORD.itemsize)):
            if not path.is_file() or path.stat().st_size < wanted:
                require_writable(self.folder)
                with path.open("ab") as stream:
                    stream.truncate(wanted)
        if not (self.folder / "key.json").is_file():
            with whole_file(self.folder / "key.json") as partial:
                partial.write_text(json.dumps(key, indent=2))

    def pixels(self) -> np.ndarray:
        """uint8 (R, S, S, 3), memory-mapped, read-only."""
        return np.asarray(np.memmap(self._pixels, dtype=np.uint8, mode="r", shape=self.shape))

    def missing(self, asked: np.ndarray, progress: Progress, advance: Callable[[int], None]) -> np.ndarray:
        """Places in `asked` of the rows that were never written or are not as they were."""
        records = np.fromfile(self._journal, dtype=_RECORD)[asked]
        written = np.flatnonzero(records)
        pixels = self.pixels()

        def whole_of(places: np.ndarray) -> list[int]:
            return [i for i in places.tolist() if _record(pixels[asked[i]]) == records[i]]

        parts = [written[start : start + _CHECKED] for start in range(0, len(written), _CHECKED)]
        whole: list[int] = []
        with ThreadPoolExecutor(cores()) as pool:
            for part in pool.map(whole_of, parts):
                whole += part
                advance(len(part))
        if len(whole) < len(written):
            progress.note(
                f"{len(written) - len(whole):,} decoded pictures in {str(self.folder)!r} are damaged. "
                "They are decoded again."
            )
        return np.setdiff1d(np.arange(len(asked)), np.array(whole, dtype=np.int64))

    def write(
        self, rows: np.ndarray, images: Iterable[np.ndarray | str], advance: Callable[[int], None]
    ) -> dict[int, str]:
        """Keep images as they come, each with its checksum; return reasons that came instead, by row."""
        damaged: dict[int, str] = {}
        if not len(rows):
            return damaged
        with self._pixels.open("r+b") as pixels, self._journal.open("r+b") as journal:
            for row, image in zip(rows.tolist(), images, strict=True):
                if isinstance(image, str):
                    damaged[row] = image
                else:
                    _put(pixels, row, image)
                    _put(journal, row, _record(image))
                advance(1)
        return damaged

    @property
    def _pixels(self) -> Path:
        return self.folder / "pixels"

    @property
    def _journal(self) -> Path:
        return self.folder / "journal"


def _record(row: np.ndarray) -> np.ndarray:
    """What the journal says of a row that is whole."""
    return np.array(_WRITTEN + zlib.crc32(row.data), dtype=_RECORD)


def _put(stream: BinaryIO, row: int, content: np.ndarray) -> None:
    """Write a row in its place, and hand it to the system: from there it survives this process."""
    stream.seek(row * content.nbytes)
    stream.write(content.data)
    stream.flush()
