"""Coding one part of a source with the method that a run left.

N = items of the part, D = embedding dimensions, B = items of a batch, S = side in pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hashbench.codes.rows import joined, take
from hashbench.codes.storage import Codes
from hashbench.data.images import decode, make_all, thumbnail
from hashbench.data.views import ImageView
from hashbench.encoding.source import Part, collection, mapped_features
from hashbench.errors import DataError, HashbenchError, reason
from hashbench.features.extract import BATCH, feature_function
from hashbench.plugins import Plugins
from hashbench.progress import SilentProgress
from hashbench.runs.trained import Trained, trained
from hashbench.training.device import resolve_device

# Features that are coded at once; pictures are by the batch of the network.
_ROWS = 4096


@dataclass(frozen=True)
class Encoded:
    """Codes of a part.

    Attributes:
        codes: N codes.
        names: What the items are called; None where they have no names.
        embeddings: float32 (N, D), where they were asked for.
        left_out: Why a picture has no code, by its name.
        thumbnails: N JPEG files, where they were asked for.
    """

    codes: Codes
    names: list[str] | None
    embeddings: np.ndarray | None
    left_out: dict[str, str]
    thumbnails: list[bytes] | None = None


@dataclass(frozen=True)
class EncoderMaker:
    """What a worker needs to know to make its encoder.

    Attributes:
        run: Folder of the run whose method codes.
        source: The folder of pictures, or the file of features.
        weights: Of the backbone, where the run had a file of the user's.
        device: Where to compute, as torch names it.
        keep_embeddings: Whether embeddings are wanted, too.
        thumbnails: Pixels of the longer side of thumbnails of the pictures; 0 for none.
        advance: Told how many items are done; None where nobody can be told.
    """

    run: Path
    source: Path
    weights: Path | None
    device: str
    keep_embeddings: bool
    thumbnails: int = 0
    advance: Callable[[int], None] | None = None

    def __call__(self) -> Encoder:
        """Load the method, and the network where there are pictures to look at.

        Raises:
            HashbenchError: The run cannot be used here; see `trained`.
        """
        device = resolve_device(self.device)
        loaded = trained(self.run, Plugins(), device, SilentProgress(), self.weights)
        return Encoder(loaded, self, device)


class _Seen(NamedTuple):
    """A picture that could be decoded."""

    pixels: np.ndarray
    thumbnail: bytes


def viewer(loaded: Trained, device: str) -> Callable[[np.ndarray], ImageView]:
    """From uint8 pixels (B, S, S, 3) to what a run's method takes: their features, or themselves.

    Raises:
        DataError: The run was made with given features.
    """
    if loaded.backbone is None:
        raise DataError(
            f"run {loaded.record.spec.run_id()!r} was made with given features, so that its method cannot "
            "look at pictures. Expected a file of features like those."
        )
    if loaded.method.inputs == "pixels":
        return lambda pixels: ImageView(pixels=pixels)
    compute = feature_function(loaded.backbone, device)
    return lambda pixels: ImageView(features=compute(pixels))


class Encoder:
    """Codes parts of a source."""

    def __init__(self, loaded: Trained, maker: EncoderMaker, device: str) -> None:
        """Take a fitted method.

        Raises:
            DataError: There are pictures, and the run had none.
        """
        self.method = loaded.method
        self.backbone = loaded.backbone
        self._maker = maker
        if maker.source.is_dir():
            self._view = viewer(loaded, device)
        elif self.method.inputs == "pixels":
            raise DataError(
                f"run {maker.run.name!r} was made on pixels, and {str(maker.source)!r} holds features. "
                "Expected a folder of pictures."
            )

    def __call__(self, part: Part) -> Encoded:
        """Code a part.

        Raises:
            DataError: A file cannot be read, or the features are not such as the run had.
        """
        return self._pictures(part) if part.names else self._features(part)

    def _pictures(self, part: Part) -> Encoded:
        """Code pictures; those that cannot be decoded go through as black ones, and are then left out."""
        assert self.backbone is not None  # noqa: S101 - the constructor saw to it
        side = self.backbone.SIDE
        images = collection(self._maker.source, part.names)
        decoded = make_all(images, range(part.items), self._look)
        black, left_out = np.zeros((side, side, 3), dtype=np.uint8), dict[str, str]()
        codes, embeddings, thumbnails = list[Codes](), list[np.ndarray](), list[bytes]()
        while batch := list(islice(decoded, BATCH)):
            left_out |= {part.names[place]: seen for place, seen in batch if isinstance(seen, str)}
            thumbnails += [seen.thumbnail for _, seen in batch if not isinstance(seen, str)]
            shown = [black if isinstance(seen, str) else seen.pixels for _, seen in batch]
            # Products of matrices round by their shape: no code is to depend on how many are left.
            full = np.stack(shown + [black] * (BATCH - len(shown)))
            self._code(self._view(full), len(batch), codes, embeddings)
        kept = np.array([name not in left_out for name in part.names])
        return Encoded(
            take(joined(codes), kept),
            [name for name in part.names if name not in left_out],
            np.concatenate(embeddings)[kept] if embeddings else None,
            left_out,
            thumbnails if self._maker.thumbnails else None,
        )

    def _look(self, encoded: bytes) -> _Seen:
        """Decode a picture for the network, and once more where a thumbnail is wanted."""
        assert self.backbone is not None  # noqa: S101 - as above
        small = thumbnail(encoded, self._maker.thumbnails) if self._maker.thumbnails else b""
        return _Seen(decode(encoded, self.backbone.SIDE), small)

    def _features(self, part: Part) -> Encoded:
        """Code rows of the file.

        Raises:
            DataError: They are not such as the run had, or hold what is no number.
        """
        array = mapped_features(self._maker.source)
        codes, embeddings = list[Codes](), list[np.ndarray]()
        for rows in _slices(part, _ROWS):
            try:
                view = ImageView(features=np.asarray(array[rows], dtype=np.float32))
                self._code(view, len(view), codes, embeddings)
            except HashbenchError as error:
                raise DataError(f"{str(self._maker.source)!r}, from row {rows.start}: {error}") from error
            except (ValueError, RuntimeError) as error:
                raise DataError(
                    f"{str(self._maker.source)!r}: features of {array.shape[1]} dimensions do not suit run "
                    f"{self._maker.run.name!r} ({reason(error)}). Expected such as it was made with."
                ) from error
        return Encoded(joined(codes), None, np.concatenate(embeddings) if embeddings else None, {})

    def _code(self, view: ImageView, items: int, codes: list[Codes], embeddings: list[np.ndarray]) -> None:
        """Code the first so many of some images."""
        embedded = self.method.embed(view)[:items]
        codes.append(self.method.quantize(embedded))
        if self._maker.keep_embeddings:
            embeddings.append(embedded)
        if self._maker.advance:
            self._maker.advance(items)


def _slices(part: Part, items: int) -> Iterator[slice]:
    """The places of a part, so many at a time."""
    end = part.first + part.items
    for start in range(part.first, end, items):
        yield slice(start, min(start + items, end))
