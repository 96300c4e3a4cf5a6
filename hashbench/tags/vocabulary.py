"""A list of words from a file: the only tags to keep."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from hashbench import fingerprint
from hashbench.errors import DataError, reason

# Enough for half a million words; what is larger is no list of tags.
_MOST_BYTES = 8 << 20
_LONGEST = 200


@dataclass(frozen=True)
class Vocabulary:
    """Words to keep.

    Attributes:
        name: The file's name.
        words: The words as they are in the file, sorted, each once.
    """

    name: str
    words: tuple[str, ...]

    def identity(self) -> dict[str, str]:
        """The part of a run's identity: the file's name and the words' hash."""
        return {"name": self.name, "fingerprint": fingerprint.of_strings(self.words)}


def read_vocabulary(path: Path) -> Vocabulary:
    """Read a UTF-8 file with a word, or several that make one tag, a line; empty lines are skipped.

    Where every line ends in a number after a space or tab, as in lists with counts ("sunset 1234"), the
    numbers are left out.

    Raises:
        DataError: The file is missing, too large or no such list.
    """
    lines = {number: line.strip() for number, line in enumerate(_text(path).split("\n"), start=1)}
    lines = {number: line for number, line in lines.items() if line}
    if not lines:
        raise DataError(f"vocabulary {str(path)!r} is empty. Expected a word a line.")
    for number, line in lines.items():
        _check(line, f"vocabulary {str(path)!r}, line {number}")
    pairs = [line.rsplit(maxsplit=1) for line in lines.values()]
    counted = all(len(pair) == 2 and pair[1].isdecimal() for pair in pairs)
    words = [pair[0] for pair in pairs] if counted else lines.values()
    return Vocabulary(path.name, tuple(sorted(set(words))))


def _text(path: Path) -> str:
    """The file's text, if it is of a size that a list of words has."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise DataError(
            f"vocabulary {str(path)!r} cannot be read: {reason(error)}. Expected a file with a word a line."
        ) from error
    if len(content) > _MOST_BYTES:
        raise DataError(f"vocabulary {str(path)!r} is too large. Expected at most {_MOST_BYTES >> 20} MiB.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"vocabulary {str(path)!r}, line {line}: no UTF-8. Expected a word.") from error


def _check(line: str, where: str) -> None:
    if len(line) > _LONGEST:
        raise DataError(f"{where}: {len(line):,} characters. Expected a word of at most {_LONGEST}.")
    if any(unicodedata.category(sign) == "Cc" and sign != "\t" for sign in line):
        raise DataError(f"{where}: a control character. Expected a word.")
    if not any(sign.isalnum() for sign in line):
        raise DataError(f"{where}: {line!r} has no letter and no digit. Expected a word.")
