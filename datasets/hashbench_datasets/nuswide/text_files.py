"""NUS-WIDE's text files: a line an image in each, in the order of Imagelist.txt.

N = images, C = concepts, T = tags.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from hashbench.errors import DataError

_BLANKS = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
# The archives have no published checksum, and little can unfold to a lot: of a file, and of a line.
_MOST_BYTES, _LONGEST = 1 << 26, 1 << 20
# A folder that was named after a search word, and a file with Flickr's number of the photo in its name.
# An older list has the full path on its makers' disk.
_IMAGE = re.compile(r"(?:.*[\\/])?(?P<folder>[^\\/:]+)[\\/](?P<file>[0-9]+_[0-9]+\.jpg)")
# Nothing is tried twice, whatever a file holds.
_COLUMN = re.compile(rb"(?:[01][ \t\r]*+\n)*+(?:[01][ \t\r]*+)?+\s*+")


def image_names(path: Path, count: int) -> list[str]:
    """The images of Imagelist.txt, each as `folder/file.jpg`.

    Raises:
        DataError: The file is missing, a line names no image or an earlier one, or there are more or
            fewer than `count`.
    """
    names: dict[str, int] = {}
    for row, line in _rows(path, count):
        found = _IMAGE.fullmatch(_text(line.strip()))
        if found is None or found["folder"] in {".", ".."}:
            raise DataError(
                f"{_at(path, row)}: {_shown(line)}. Expected an image, such as actor\\0001_2124494179.jpg."
            )
        name = f"{found['folder']}/{found['file']}"
        if name in names:
            raise DataError(f"{_at(path, row)}: {name!r}, which is line {names[name]:,} as well.")
        names[name] = row
    return list(names)


def label_columns(folder: Path, concepts: Sequence[str], count: int) -> np.ndarray:
    """Which images carry which concepts, by the files Labels_<concept>.txt of a folder.

    Returns:
        bool (N, C).

    Raises:
        DataError: A file is missing, does not have a line an image, or has one that is not 0 or 1.
    """
    labels = np.empty((count, len(concepts)), dtype=np.bool_)
    for column, concept in enumerate(concepts):
        labels[:, column] = _column(folder / f"Labels_{concept}.txt", count)
    return labels


def _column(path: Path, count: int) -> np.ndarray:
    content = _content(path)
    digits = content.translate(None, _BLANKS)
    if len(digits) != count or _COLUMN.fullmatch(content) is None:
        digits = b"".join(_digit(path, row, line) for row, line in _rows(path, count))
    return np.frombuffer(digits, dtype=np.uint8) == ord("1")


def _digit(path: Path, row: int, line: bytes) -> bytes:
    word = line.strip()
    if word not in {b"0", b"1"}:
        raise DataError(f"{_at(path, row)}: {_shown(line)}. Expected 0 or 1.")
    return word


def typed_tags(path: Path, names: Sequence[str], wanted: Collection[int]) -> tuple[tuple[str, ...], ...]:
    """The tags of All_Tags.txt, a line of which is Flickr's number of the photo, then tags.

    Args:
        path: The file.
        names: All images, by `image_names`.
        wanted: Those whose tags are returned, as places in `names`.

    Raises:
        DataError: The file is missing, has too few or too many lines, or one is of another photo.
    """
    known: dict[bytes, str] = {}
    tags = []
    for row, line in _rows(path, len(names)):
        # Bytes, as text would be split at blanks that only Unicode knows.
        number, *words = line.split() or [b""]
        expected = _photo_number(names[row - 1])
        if number != expected.encode():
            raise DataError(
                f"{_at(path, row)}: photo {_shown(number)}. Expected {expected}, the photo of that line in "
                "Imagelist.txt."
            )
        if row - 1 in wanted:
            # A tag is one object, however many images carry it.
            tags.append(tuple([known.get(word) or known.setdefault(word, _text(word)) for word in words]))
    return tuple(tags)


def listed_tags(
    path: Path, names: Path, count: int, wanted: Collection[int]
) -> tuple[tuple[str, ...], ...]:
    """The tags of AllTags1k.txt, a line of which is a 0 or 1 for each line of TagList1k.txt.

    Args:
        path: The file.
        names: The file of the tags' names.
        count: How many images there are.
        wanted: Those whose tags are returned.

    Raises:
        DataError: A file is missing or names no tag, or the first does not have such a line an image.
    """
    vocabulary = _vocabulary(names)
    tags = []
    for row, line in _rows(path, count):
        digits = line.translate(None, _BLANKS)
        if len(digits) != len(vocabulary) or digits.strip(b"01"):
            raise DataError(
                f"{_at(path, row)}: {_shown(line)}. Expected 0 or 1 for each of the {len(vocabulary):,} "
                f"tags of {names.name}."
            )
        if row - 1 in wanted:
            places = np.flatnonzero(np.frombuffer(digits, dtype=np.uint8) == ord("1"))
            tags.append(tuple([vocabulary[place] for place in places]))
    return tuple(tags)


def _vocabulary(path: Path) -> list[str]:
    content = _content(path)
    words = [_text(word) for word in content.removeprefix(_BOM).split()]
    if not words or len(set(words)) != len(words):
        raise DataError(f"{str(path)!r} names {len(words):,} tags. Expected one a line, each once.")
    return words


def _photo_number(name: str) -> str:
    """Flickr's number of a photo.

    >>> _photo_number("actor/0001_2124494179.jpg")
    '2124494179'
    """
    return name.removesuffix(".jpg").rpartition("_")[2]


def _rows(path: Path, count: int) -> Iterator[tuple[int, bytes]]:
    """The lines of a file by number, from 1 on, without blank ones at the end.

    Raises:
        DataError: The file cannot be read, has more or fewer than `count` lines, or one that is too long.
    """
    row = 0
    try:
        with path.open("rb") as stream:
            for row, line in enumerate(iter(partial(stream.readline, _LONGEST), b""), 1):
                if len(line) == _LONGEST:
                    raise DataError(f"{_at(path, row)} has {_LONGEST:,} bytes or more. Expected fewer.")
                if row <= count:
                    yield row, line.removeprefix(_BOM) if row == 1 else line
                elif line.strip():
                    raise DataError(f"{_at(path, row)}: {_shown(line)}. Expected {count:,} lines.")
    except OSError as error:
        raise _unreadable(path, error) from error
    if row < count:
        raise DataError(f"{str(path)!r} has {row:,} lines. Expected {count:,}, one an image.")


def _content(path: Path) -> bytes:
    """A file as a whole.

    Raises:
        DataError: It cannot be read, or is too large.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(content) > _MOST_BYTES:
        raise DataError(f"{str(path)!r} has more than {_MOST_BYTES:,} bytes. Expected fewer.")
    return content


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"cannot read {str(path)!r} ({error.strerror or error}).")


def _at(path: Path, row: int) -> str:
    return f"{str(path)!r}, line {row:,}"


def _shown(line: bytes) -> str:
    """A line or what matters of it, for messages."""
    text = _text(line.strip())
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


def _text(word: bytes) -> str:
    return word.decode("utf-8", errors="replace")
