"""A contact sheet: a few database images of each label, to look at before anything is run."""

from __future__ import annotations

import heapq
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hashbench import fingerprint
from hashbench.data.collection import GroundTruth, ImageCollection
from hashbench.data.images import decode_one
from hashbench.errors import DataError
from hashbench.runs.data import PreparedDataset

FORMATS = {".png": "PNG", ".webp": "WEBP"}
ROWS, COLUMNS = 12, 10
SIDE, GAP, NAME = 72, 6, 150
INK = "#1f2328"
_LINE = 20


@dataclass(frozen=True)
class Row:
    """One line of the sheet.

    Attributes:
        label: The label's name.
        count: Database images that carry it.
        images: int64 (at most `COLUMNS`,), those that are shown.
    """

    label: str
    count: int
    images: np.ndarray


def contact_sheet(data: PreparedDataset) -> Image.Image:
    """A row for each of the labels that most database images carry, on white.

    Images that cannot be decoded are crossed boxes.

    Raises:
        DataError: There are features instead of images, or no database image has a label.
    """
    images = data.images
    if not isinstance(images, ImageCollection):
        raise DataError(f"{images.name}: there is no picture to show. Expected images, not features.")
    rows = choose(images, data.ground_truth(), data.split.database)
    if not rows:
        raise DataError(f"{images.name}: there is no picture to show. No database image has a label.")
    cell = SIDE + GAP
    sheet = Image.new("RGB", (NAME + COLUMNS * cell + GAP, len(rows) * cell + GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for line, row in enumerate(rows):
        y = GAP + line * cell
        for text, below in ((row.label, -_LINE), (f"{row.count:,}", 0)):
            pen.text((GAP, y + SIDE // 2 + below), fitting(text, font, NAME - 2 * GAP), fill=INK, font=font)
        for column, index in enumerate(row.images):
            sheet.paste(_picture(images, int(index)), (NAME + column * cell, y))
    return sheet


def _picture(images: ImageCollection, index: int) -> Image.Image:
    """One image of the sheet, or a crossed box in its place."""
    try:
        return Image.fromarray(decode_one(images, index, SIDE))
    except DataError:
        box, end = Image.new("RGB", (SIDE, SIDE), "white"), SIDE - 1
        pen = ImageDraw.Draw(box)
        pen.rectangle((0, 0, end, end), outline=INK)
        pen.line((0, 0, end, end), fill=INK)
        pen.line((0, end, end, 0), fill=INK)
        return box


def choose(images: ImageCollection, truth: GroundTruth, database: np.ndarray) -> list[Row]:
    """Labels by how many database images carry them, and images by their content hashes.

    The choice follows content alone, so that it needs no seed and survives reordering; of equal images
    one is shown. The hashes are salted, so that no split that follows them, too, has a say.
    """
    once = {images.hashes[i]: i for i in sorted(database, key=lambda i: images.ids[i], reverse=True)}
    keys = {i: fingerprint.of_strings(["contact sheet", content]) for content, i in once.items()}
    shown = np.array([*keys], dtype=np.int64)
    counts = truth.labels[database].sum(axis=0)
    frequent = sorted(np.flatnonzero(counts), key=lambda c: (-counts[c], truth.names[c]))[:ROWS]
    return [
        Row(
            truth.names[c],
            int(counts[c]),
            np.array(heapq.nsmallest(COLUMNS, shown[truth.labels[shown, c]], key=keys.__getitem__)),
        )
        for c in frequent
    ]


def encode(sheet: Image.Image, suffix: str) -> bytes:
    """The sheet as a file of that kind, one of `FORMATS`.

    A PNG is reduced to 256 colours, which makes it a third as large.
    """
    kind = FORMATS[suffix]
    buffer = io.BytesIO()
    if kind == "PNG":
        sheet.quantize(256, dither=Image.Dither.NONE).save(buffer, kind, optimize=True)
    else:
        sheet.save(buffer, kind, quality=85)
    return buffer.getvalue()


def fitting(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> str:
    """The text, cut short where it is wider than its column of so many pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}...") > width:
        text = text[:-1]
    return f"{text}..."
