"""XMP that is too long for one segment of a JPEG file."""

from __future__ import annotations

import struct

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from hashbench_datasets.photos.xmp import MOST_BYTES

_SIGNATURE = b"http://ns.adobe.com/xmp/extension/\0"
# The digest of the whole as 32 hexadecimal digits, its length, and where the piece begins.
_HEAD = struct.Struct(">32sII")


def extended_xmp(image: Image.Image) -> bytes:
    """The second XMP packet of a JPEG file, put together; nothing where it has none.

    Raises:
        ValueError: A piece is missing, or the whole is too large.
        struct.error: A piece is cut short.
    """
    if not isinstance(image, JpegImageFile):
        return b""
    pieces: dict[int, bytes] = {}
    wanted = 0
    for marker, segment in image.applist:
        if marker == "APP1" and segment.startswith(_SIGNATURE):
            _, wanted, start = _HEAD.unpack_from(segment, len(_SIGNATURE))
            pieces[start] = segment[len(_SIGNATURE) + _HEAD.size :]
    whole = b"".join(pieces[start] for start in sorted(pieces))
    if len(whole) != wanted or wanted > MOST_BYTES:
        raise ValueError(f"extended XMP of {len(whole):,} bytes. Expected {wanted:,}.")
    return whole
