"""A contact sheet of a search: the query, and the thumbnails of what it found with their distances."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from hashbench.data.images import thumbnail
from hashbench.index.build import THUMBNAIL_SIDE
from hashbench.index.index import Index
from hashbench.index.searcher import Hit
from hashbench.reports.contact_sheet import INK, encode, fitting

_COLUMNS, _GAP, _MARGIN = 6, 20, 24
_SIDE = THUMBNAIL_SIDE
# Of the line of the query without a picture, and of the two lines below a picture.
_HEADING, _CAPTION = 44, 44
_QUIET, _FRAME = "#59636e", "#d8dee4"


def search_sheet(
    index: Index, hits: Sequence[Hit], asked: str, picture: bytes | None, suffix: str
) -> bytes:
    """Draw the query above what it found, nearest first.

    Args:
        index: What was searched.
        hits: What was found.
        asked: The words, or what the picture is called.
        picture: The query's file; None where it was words.
        suffix: The kind of file, one of `contact_sheet.FORMATS`.

    Raises:
        DataError: A shard of the index is damaged.
    """
    top = _MARGIN + (_SIDE + _GAP if picture is not None else _HEADING)
    cell, line = _SIDE + _GAP, _SIDE + _CAPTION + _GAP
    lines = -(-len(hits) // _COLUMNS)
    sheet = Image.new("RGB", (2 * _MARGIN + _COLUMNS * cell - _GAP, top + lines * line + _MARGIN), "white")
    pen, large, small = ImageDraw.Draw(sheet), ImageFont.load_default(22), ImageFont.load_default(13)
    beside, room = _MARGIN, sheet.width - 2 * _MARGIN
    if picture is not None:
        _put(sheet, thumbnail(picture, _SIDE), (_MARGIN, _MARGIN), frame=INK)
        beside, room = beside + cell, room - cell
    pen.text((beside, _MARGIN), fitting(asked, large, room), fill=INK, font=large)
    for number, hit in enumerate(hits):
        x, y = _MARGIN + number % _COLUMNS * cell, top + number // _COLUMNS * line
        _put(sheet, index.thumbnail(hit.place), (x, y))
        for text, colour, below in ((hit.name, INK, 8), (f"{hit.distance:.4g}", _QUIET, 25)):
            pen.text((x, y + _SIDE + below), fitting(text, small, _SIDE), fill=colour, font=small)
    return encode(sheet, suffix)


def _put(sheet: Image.Image, jpeg: bytes, corner: tuple[int, int], frame: str = _FRAME) -> None:
    """Lay a thumbnail into the middle of its framed square."""
    x, y = corner
    ImageDraw.Draw(sheet).rounded_rectangle((x - 4, y - 4, x + _SIDE + 3, y + _SIDE + 3), 8, outline=frame)
    with Image.open(io.BytesIO(jpeg)) as small:
        sheet.paste(small, (x + (_SIDE - small.width) // 2, y + (_SIDE - small.height) // 2))
