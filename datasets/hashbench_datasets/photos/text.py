"""Text as spreadsheets and editors save it."""

from __future__ import annotations

import codecs

_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def decoded(content: bytes) -> str:
    """UTF-8, or UTF-16 with its mark.

    Raises:
        ValueError: It is neither, or holds a NUL, which no text does.
    """
    text = content.decode(_MARKS.get(content[:2], "utf-8-sig"))
    if "\0" in text:
        raise ValueError(f"line {text[: text.index(chr(0))].count(chr(10)) + 1}: a NUL")
    return text
