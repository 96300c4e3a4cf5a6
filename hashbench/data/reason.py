"""What an error of another library says, as a part of one line."""

from __future__ import annotations

_LONGEST = 200


def reason(error: Exception) -> str:
    r"""One line without control characters, cut where it is long.

    >>> reason(ValueError("bad\n  header \x0f")), reason(EOFError())
    ('bad header �', 'EOFError')
    """
    said = (isinstance(error, OSError) and error.strerror) or str(error).strip() or type(error).__name__
    line = " ".join(said.split())
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line)[:_LONGEST]
