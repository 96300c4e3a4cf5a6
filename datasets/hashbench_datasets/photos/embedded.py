"""Keywords that photo programs write into image files; no pixel is decoded and no place is read."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image, IptcImagePlugin
from PIL.TiffImagePlugin import TiffImageFile

from hashbench.data.content import read_once
from hashbench.data.images import open_header
from hashbench_datasets.photos import xmp
from hashbench_datasets.photos.folder import PhotoFolder
from hashbench_datasets.photos.jpeg import extended_xmp
from hashbench_datasets.photos.png import late_xmp
from hashbench_datasets.photos.tagged import Tagged, once

# Raised whenever the same file would give other keywords.
_KIND = "photo-keywords-1"
_IPTC_KEYWORDS, _IPTC_CHARSET = (2, 25), (1, 90)
# ISO 2022 escapes: to UTF-8, and to the two ways of naming Latin-1. Most programs write none.
_IPTC_LATIN = (b"\x1b.A", b"\x1b-A")
_XP_KEYWORDS = 0x9C9E


def from_images(folder: PhotoFolder) -> Tagged:
    """The keywords in each photo's XMP, IPTC and Windows properties."""
    read = read_once(_KIND, folder.root, folder.photos, keywords)
    tags, damaged = tuple(tuple(found) for found, _ in read), sum(bool(damage) for _, damage in read)
    return Tagged("the photos' files", tags, damaged)


def keywords(path: Path) -> tuple[tuple[str, ...], bool]:
    """The keywords in an image file, and whether some of it could not be read.

    Raises:
        OSError: The file cannot be read at all.
    """
    found: list[str] = []
    damaged = False
    with path.open("rb") as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # On hostile files Pillow raises nearly anything, and a keyword is not worth a run.
        try:
            image = open_header(stream)
        except Exception:
            return (), True
        for read in _KINDS:
            try:
                found.extend(read(image))
            except Exception:
                damaged = True
    return once(found), damaged


def _from_xmp(image: Image.Image) -> Iterator[str]:
    for read in (_header_xmp, extended_xmp, late_xmp):
        packet = read(image)
        if packet:
            yield from xmp.keywords(packet)


def _header_xmp(image: Image.Image) -> bytes:
    packet = image.info.get("xmp", b"")
    return packet.encode() if isinstance(packet, str) else packet


def _from_iptc(image: Image.Image) -> Iterator[str]:
    entries = IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]
    values = entries.get(_IPTC_KEYWORDS, [])
    latin = entries.get(_IPTC_CHARSET) in _IPTC_LATIN
    for value in values if isinstance(values, list) else [values]:
        yield _decoded(value, latin).rstrip("\0")


def _decoded(value: bytes, latin: bool) -> str:
    """Text of a program that may not have said its encoding."""
    try:
        return value.decode("cp1252" if latin else "utf-8")
    except UnicodeDecodeError:
        return value.decode("cp1252", errors="replace")


def _from_windows(image: Image.Image) -> list[str]:
    # Asked for EXIF that its header does not hold, a PNG would be decoded.
    if "exif" not in image.info and not isinstance(image, TiffImageFile):
        return []
    value: Any = image.getexif().get(_XP_KEYWORDS, b"")
    # Of a single number `bytes` would make as many zeros.
    return bytes(tuple(value)).decode("utf-16-le").rstrip("\0").split(";")


_KINDS: tuple[Callable[[Image.Image], Any], ...] = (_from_xmp, _from_iptc, _from_windows)
