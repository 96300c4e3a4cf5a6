"""From encoded files to square uint8 pixels, decoded by a few threads and cached on disk.

N = images, S = side in pixels.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from hashbench import fingerprint
from hashbench.data.collection import ImageCollection
from hashbench.errors import DataError
from hashbench.files import whole_folder
from hashbench.progress import Progress

# Part of every cache key that depends on decoding: raise it when decoded pixels change.
DECODER_VERSION = 1
_BATCH = 64
_THREADS = 4
# What Pillow raises on damaged files.
_DAMAGE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
# To find damage: a file is read to its end whatever the size.
_TRIAL_SIDE = 32


def decode(encoded: bytes, side: int) -> np.ndarray:
    """Decode one image file and squeeze it to a square.

    Turned as its EXIF says, transparency laid on white, resized without regard to the aspect ratio
    (as the papers do) with an antialiasing bicubic filter.

    Returns:
        uint8 (S, S, 3), RGB.

    Raises:
        OSError, ValueError, SyntaxError: What Pillow raises on damaged files.
    """
    with Image.open(io.BytesIO(encoded)) as image:
        image.draft("RGB", (side, side))
        upright = ImageOps.exif_transpose(image)
        if upright.has_transparency_data:
            rgba = upright.convert("RGBA")
            upright = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
        rgb = upright.convert("RGB")
        if rgb.size != (side, side):
            rgb = rgb.resize((side, side), Image.Resampling.BICUBIC)
        return np.asarray(rgb)


def decode_one(images: ImageCollection, index: int, side: int) -> np.ndarray:
    """Decode image `index` of a collection to uint8 (S, S, 3).

    Raises:
        DataError: The file is missing or damaged; the message names the image.
    """
    try:
        return decode(images.read(index), side)
    except _DAMAGE as error:
        raise DataError(
            f"{images.name}: image {images.ids[index]!r} cannot be decoded ({_reason(error)}). "
            "Expected a whole PNG, JPEG or WebP file."
        ) from error


def undecodable(images: ImageCollection, progress: Progress) -> dict[int, str]:
    """Decode every image and keep none.

    Returns:
        The reason for each image that cannot be decoded, by its place in the collection.
    """

    def damage(index: int) -> str | None:
        try:
            decode(images.read(index), _TRIAL_SIDE)
        except _DAMAGE as error:
            return _reason(error)
        return None

    damaged = {}
    task = progress.task(f"decoding {images.name}", len(images))
    with ThreadPoolExecutor(_THREADS) as pool, task as advance:
        for index, reason in enumerate(pool.map(damage, range(len(images)))):
            if reason is not None:
                damaged[index] = reason
            advance(1)
    return damaged


def _reason(error: Exception) -> str:
    """What Pillow says; of a file that it does not know it only names an address in memory."""
    return "no image of a known kind" if isinstance(error, UnidentifiedImageError) else str(error)


def decoded_batches(
    images: ImageCollection, indices: Sequence[int] | np.ndarray, side: int, batch: int = _BATCH
) -> Iterator[np.ndarray]:
    """Decode images in order, `batch` at a time, each batch uint8 (B, S, S, 3)."""
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(indices), batch):
            part = indices[start : start + batch]
            yield np.stack(list(pool.map(lambda i: decode_one(images, int(i), side), part)))


def cached_pixels(
    images: ImageCollection, indices: np.ndarray, side: int, cache: Path, progress: Progress
) -> np.ndarray:
    """Decoded images as a read-only memory map, decoded on first use.

    Returns:
        uint8 (N, S, S, 3), in the order of `indices`.
    """
    key = {
        "content": fingerprint.of_strings(images.hashes[i] for i in indices),
        "side": side,
        "decoder": DECODER_VERSION,
    }
    folder = cache / "pixels" / fingerprint.of_json(key)[:32]
    if not folder.is_dir():
        with whole_folder(folder) as partial:
            shape = (len(indices), side, side, 3)
            pixels = np.lib.format.open_memmap(
                partial / "pixels.npy", mode="w+", dtype=np.uint8, shape=shape
            )
            with progress.task(f"decoding {images.name} at {side} px", len(indices)) as advance:
                done = 0
                for batch in decoded_batches(images, indices, side):
                    pixels[done : done + len(batch)] = batch
                    done += len(batch)
                    advance(len(batch))
            pixels.flush()
            (partial / "key.json").write_text(json.dumps(key, indent=2))
    return np.load(folder / "pixels.npy", mmap_mode="r")
