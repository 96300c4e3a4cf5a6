"""XMP that a PNG file holds after its pixels, where Pillow finds it only by decoding them."""

from __future__ import annotations

import struct
from typing import IO

from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from hashbench_datasets.photos.xmp import MOST_BYTES

_SIGNATURE_BYTES, _CHECKSUM_BYTES = 8, 4
_HEAD = struct.Struct(">I4s")
# A text chunk's keyword, then: not compressed, no method, no language, no translated keyword.
_XMP = b"XML:com.adobe.xmp\0\0\0\0\0"


def late_xmp(image: Image.Image) -> bytes:
    """The XMP packet of a PNG file whose header has none; nothing where there is none."""
    if not isinstance(image, PngImageFile) or "xmp" in image.info or image.fp is None:
        return b""
    return _find(image.fp)


def _find(stream: IO[bytes]) -> bytes:
    stream.seek(_SIGNATURE_BYTES)
    while len(head := stream.read(_HEAD.size)) == _HEAD.size:
        length, kind = _HEAD.unpack(head)
        if kind == b"iTXt" and length <= MOST_BYTES:
            text = stream.read(length)
            if text.startswith(_XMP):
                return text[len(_XMP) :]
        else:
            stream.seek(length, 1)
        stream.seek(_CHECKSUM_BYTES, 1)
    return b""
