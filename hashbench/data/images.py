"""From encoded files to square uint8 pixels, decoded on a few threads.

S = side in pixels.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import IO, TypeVar

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from hashbench.data.collection import ImageCollection
from hashbench.errors import DataError, reason
from hashbench.progress import Progress
from hashbench.threads import cores

T = TypeVar("T")
# What is odd in a file that can be read: a line of Pillow's for each would tell nobody which file it was.
warnings.filterwarnings("ignore", module=r"PIL\.")
# Part of every cache key that depends on decoding: raise it when decoded pixels change.
DECODER_VERSION = 2
# Among what else Pillow opens are kinds that start other programs.
_KINDS = {"AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "MPO", "PNG", "PPM", "TIFF", "WEBP"}
# Pixels that are held at once: at most so many in an image, and in images decoded side by side.
_MOST_PIXELS = 1 << 26
_LARGE = 1 << 22
# A thread of their own for large ones: they take their turn, and what one gives back serves the next.
_for_large = ThreadPoolExecutor(1)
_opening = threading.Lock()
# Images that are decoded before they are asked for.
_AHEAD = 128
_THUMBNAIL_QUALITY = 82
# To find damage: a file is read to its end whatever the size.
_TRIAL_SIDE = 32

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# A PNG's transparent grey is named in the file's own bits, which Pillow spreads over 0 ... 255.
_SPREAD = {"L;2": 85, "L;4": 17}


def decode(encoded: bytes, side: int) -> np.ndarray:
    """Decode one image file and squeeze it to a square.

    The first picture, where there are several, turned as its EXIF says, transparency laid on white,
    resized without regard to the aspect ratio (as the papers do) with an antialiasing bicubic filter.
    Of 16 bits the upper 8 are taken. Whole numbers beyond 16 bits, and floats beyond 0 ... 1, have no
    agreed white: they are stretched from their least to their greatest. Colour profiles are not applied.

    Returns:
        uint8 (S, S, 3), RGB, read-only.

    Raises:
        DataError: The file is damaged, too large or of an unknown kind; the message is that alone.
    """
    return _opened(encoded, side, _squeezed)


def thumbnail(encoded: bytes, side: int) -> bytes:
    """A small JPEG of an image file, decoded as `decode` does, but with its aspect ratio kept.

    Args:
        encoded: The file.
        side: Pixels of the longer side; an image that is smaller stays as it is.

    Raises:
        DataError: The file is damaged, too large or of an unknown kind; the message is that alone.
    """
    return _opened(encoded, side, _shrunk)


def decode_one(images: ImageCollection, index: int, side: int) -> np.ndarray:
    """Decode image `index` of a collection to uint8 (S, S, 3).

    Raises:
        DataError: The file is missing or damaged; the message names the image.
    """
    pixels = _attempt(images, index, partial(decode, side=side))
    if isinstance(pixels, str):
        raise DataError(
            f"{images.name}: image {images.ids[index]!r} cannot be decoded ({pixels}). "
            "Expected a whole PNG, JPEG or WebP file."
        )
    return pixels


def decode_all(
    images: ImageCollection, indices: Iterable[int], side: int
) -> Iterator[tuple[int, np.ndarray | str]]:
    """Decode images in that order, on all cores, a bounded number of them ahead of the reader.

    Yields:
        The place in the collection, and uint8 (S, S, 3) or the reason why the image cannot be decoded.

    Raises:
        DataError: A file cannot be read.
    """
    return make_all(images, indices, partial(decode, side=side))


def make_all(
    images: ImageCollection, indices: Iterable[int], make: Callable[[bytes], T]
) -> Iterator[tuple[int, T | str]]:
    """Make something of image files in that order, on all cores, a bounded number ahead of the reader.

    Args:
        images: The collection.
        indices: Places in it.
        make: Decodes a file; it raises a DataError where it cannot.

    Yields:
        The place in the collection, and what was made or the reason why the image cannot be decoded.

    Raises:
        DataError: A file cannot be read.
    """
    pool = ThreadPoolExecutor(cores())
    waiting: deque[tuple[int, Future[T | str]]] = deque()
    try:
        for index in map(int, indices):
            waiting.append((index, pool.submit(_attempt, images, index, make)))
            if len(waiting) > _AHEAD:
                first, made = waiting.popleft()
                yield first, made.result()
        while waiting:
            first, made = waiting.popleft()
            yield first, made.result()
    finally:
        pool.shutdown(cancel_futures=True)


def undecodable(images: ImageCollection, progress: Progress) -> dict[int, str]:
    """Decode every image and keep none.

    Returns:
        The reason for each image that cannot be decoded, by its place in the collection.

    Raises:
        DataError: A file cannot be read.
    """
    damaged = {}
    with progress.task(f"decoding {images.name}", len(images)) as advance:
        for index, pixels in decode_all(images, range(len(images)), _TRIAL_SIDE):
            if isinstance(pixels, str):
                damaged[index] = pixels
            advance(1)
    return damaged


def _attempt(images: ImageCollection, index: int, make: Callable[[bytes], T]) -> T | str:
    """What is made of one image, or the reason that there is nothing.

    Raises:
        DataError: The file cannot be read: that is not the image's fault, and may pass.
    """
    try:
        encoded = images.read(index)
    except OSError as error:
        raise DataError(
            f"{images.name}: image {images.ids[index]!r} cannot be read ({_reason(error)})."
        ) from error
    try:
        return make(encoded)
    except DataError as error:
        if isinstance(error.__cause__, MemoryError):
            raise DataError(
                f"{images.name}: there is not enough memory to decode image {images.ids[index]!r}."
            ) from error
        return str(error)


def _reason(error: Exception) -> str:
    """One line of what was said; of a file that it does not know Pillow only names an address in memory."""
    if isinstance(error, UnidentifiedImageError):
        return "no image of a known kind"
    return reason(error)


def _opened(encoded: bytes, side: int, make: Callable[[Image.Image, int], T]) -> T:
    """Open an image file that may be decoded for that many pixels a side, and make something of it.

    Raises:
        DataError: The file is damaged, too large or of an unknown kind.
    """
    if not encoded:
        raise DataError("an empty file")
    try:
        image = open_header(io.BytesIO(encoded))
        held = _begin(image, encoded, side)
        if held > _LARGE:
            return _for_large.submit(make, image, side).result()
        return make(image, side)
    except DataError:
        raise
    except Exception as error:  # Pillow raises many kinds for damaged files
        raise DataError(_reason(error)) from error


def open_header(stream: IO[bytes]) -> ImageFile.ImageFile:
    """Read the header, without Pillow's limit on pixels: it does not know that JPEGs are scaled down."""
    with _opening:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(stream)
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _begin(image: ImageFile.ImageFile, encoded: bytes, side: int) -> int:
    """Choose the scale of a JPEG, and count the pixels that decoding will hold at once.

    Raises:
        DataError: There are none or too many, or the kind of file is not decoded.
    """
    if image.format not in _KINDS:
        raise DataError(f"of the kind {image.format}, which is not decoded")
    whole = image.width * image.height
    image.draft("RGB", (side, side))
    held = image.width * image.height
    if whole > max(held, _LARGE) and _has_more_scans(image, encoded):
        held = whole
    if not held:
        raise DataError("no pixels")
    if held > _MOST_PIXELS:
        raise DataError(f"{held:,} pixels, more than the {_MOST_PIXELS:,} that are decoded")
    return held


def _has_more_scans(image: ImageFile.ImageFile, encoded: bytes) -> bool:
    """Whether a JPEG comes in several passes, which are kept in full size until the last."""
    start = image.fp.tell() if image.fp else 0  # Pillow has read to the end of the first scan's header
    end = encoded.find(b"\xff\xd9", start)
    return encoded.find(b"\xff\xda", start, end if end >= 0 else len(encoded)) >= 0


def _squeezed(image: Image.Image, side: int) -> np.ndarray:
    with closing(image):
        rgb = _upright(image)
        if rgb.size != (side, side):
            rgb = rgb.resize((side, side), Image.Resampling.BICUBIC)
        return np.asarray(rgb)


def _shrunk(image: Image.Image, side: int) -> bytes:
    with closing(image):
        small = _upright(image)
        small.info.clear()  # comments would be written, too
        small.thumbnail((side, side), Image.Resampling.BICUBIC)
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=_THUMBNAIL_QUALITY)
        return buffer.getvalue()


def _upright(image: Image.Image) -> Image.Image:
    """RGB pixels, turned as EXIF says."""
    rgb = _as_rgb(image)
    turn = _TURNS.get(_orientation(image))
    return rgb if turn is None else rgb.transpose(turn)


def _orientation(image: Image.Image) -> int:
    """What EXIF says; a block that cannot be read says nothing of whether the picture can."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # Pillow raises many kinds here
        return 1


def _as_rgb(image: Image.Image) -> Image.Image:
    _mend_transparency(image)
    image.load()
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        return _from_more_bits(image).convert("RGB")
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    rgba = image.convert("RGBA")
    white = Image.new("RGB", rgba.size, "white")
    white.paste(rgba, mask=rgba)
    return white


def _mend_transparency(image: Image.Image) -> None:
    """Bring a PNG's one transparent colour to the 8 bits that Pillow brings its pixels to."""
    clear, tiles = image.info.get("transparency"), getattr(image, "tile", ())
    kind = tiles[0].args if tiles else None
    if isinstance(clear, int) and kind in _SPREAD:
        image.info["transparency"] = clear * _SPREAD[kind]
    if isinstance(clear, tuple) and kind == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in clear)


def _from_more_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits as grey of 8; see `decode`."""
    samples = np.asarray(image)
    if image.mode == "F":
        samples = np.nan_to_num(samples, nan=0, posinf=0, neginf=0)
    low, high = float(samples.min()), float(samples.max())
    if image.mode != "F" and low >= 0 and high <= 0xFFFF:
        grey = (samples >> 8).astype(np.uint8)
    else:
        span = (0, 1) if image.mode == "F" and low >= 0 and high <= 1 else (low, high)
        grey = np.rint(np.interp(samples, span, (0, 255))).astype(np.uint8)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey[samples == clear] = 255
    return Image.fromarray(grey)
