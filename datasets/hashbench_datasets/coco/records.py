"""The records of a JSON file of any size, one at a time.

Memory holds a piece of the file and one record. Read as a whole, COCO's larger files take seven times
their size.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, Any

from hashbench.errors import DataError
from hashbench.progress import Progress

_PIECE = 1 << 20  # characters
_MOST = 1 << 25  # of a record
# Of a number such as 1.5e+10, what may stand at a piece's end behind a part that is a number, too: "e+".
_AHEAD = 2
_SPACE = " \t\r\n"
_DECODER = json.JSONDecoder()


def records(
    path: Path, wanted: Collection[str], progress: Progress
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is in the wanted lists of a file that holds one object of lists.

    Args:
        path: The file.
        wanted: Names of lists; everything else in the file is passed over.
        progress: Counts characters, of which these files have as many as bytes.

    Yields:
        The name of the list, and a record of it, in the file's order.

    Raises:
        DataError: The file cannot be read, is no whole JSON file or lacks a list, or a list holds what is
            no record.
    """
    left = set(wanted)
    with (
        _open(path) as stream,
        progress.task(f"reading {path.name}, in bytes", path.stat().st_size) as done,
    ):
        text = _Text(path, stream, done)
        text.take("{")
        mark = ","
        while mark == ",":
            name = text.name()
            for item in text.items() if text.peek() == "[" else (text.value(),):
                if name in wanted:
                    yield name, _record(path, name, item)
            left.discard(name)
            mark = text.take(",}")
        if text.peek():
            raise text.damage()
    if left:
        raise DataError(f"{str(path)!r} holds no list {min(left)!r}. Expected {', '.join(sorted(wanted))}.")


def _record(path: Path, name: str, item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise DataError(f"{str(path)!r}: {name!r} holds {item!r:.40}. Expected a list of records.")
    return item


def _open(path: Path) -> IO[str]:
    try:
        return path.open(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r} ({error.strerror or error}).") from error


class _Text:
    """A file's characters from the first one on that is not yet used, a piece at a time."""

    def __init__(self, path: Path, stream: IO[str], done: Callable[[int], None]) -> None:
        self._path = path
        self._stream = stream
        self._done = done
        self._text = ""
        self._at = 0
        self._before = 0  # characters of the file before `_text`

    def name(self) -> str:
        """The name that comes next, and its colon.

        Raises:
            DataError: There is none.
        """
        name = self.value() if self.peek() == '"' else None
        if not isinstance(name, str):
            raise self.damage()
        self.take(":")
        return name

    def items(self) -> Iterator[Any]:
        """The items of the list that comes next.

        Raises:
            DataError: It is none, or is damaged.
        """
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        mark = ","
        while mark == ",":
            yield self.value()
            mark = self.take(",]")

    def value(self) -> Any:
        """The value that comes next.

        Raises:
            DataError: It is damaged or longer than any record.
        """
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if isinstance(error, RecursionError) or not self._more():
                    raise self.damage() from error
                continue
            if end + _AHEAD < len(self._text) or not self._more():
                self._at = end
                return value

    def take(self, marks: str) -> str:
        """Use the character that comes next, which is one of `marks`.

        Raises:
            DataError: It is none of them.
        """
        found = self.peek()
        if found not in marks or not found:
            raise self.damage()
        self._at += 1
        return found

    def peek(self) -> str:
        """The character that comes next, spaces left out; nothing at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Read a piece; False at the end of the file, where nothing changes."""
        try:
            piece = self._stream.read(_PIECE)
        except (OSError, ValueError) as error:
            raise DataError(f"cannot read {str(self._path)!r} ({error}).") from error
        if not piece:
            return False
        if len(self._text) - self._at > _MOST:
            raise self.damage()
        self._text = self._text[self._at :] + piece
        self._before += self._at
        self._at = 0
        self._done(len(piece))
        return True

    def damage(self) -> DataError:
        """What to raise, with the place where the next value begins."""
        return DataError(
            f"{str(self._path)!r} is damaged or breaks off at character {self._before + self._at:,}. "
            "Expected a whole JSON file."
        )
