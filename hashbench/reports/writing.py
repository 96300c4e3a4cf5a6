"""Writing a report's text: whole or not at all, and not where it stands there already."""

from __future__ import annotations

from pathlib import Path

from hashbench.errors import StoreError, reason
from hashbench.files import whole_file


def write_text(path: Path, text: str) -> bool:
    """Write a file as UTF-8; see `write_bytes`."""
    return write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> bool:
    """Write a file; one that holds the content already is left untouched.

    Returns:
        Whether anything was written.

    Raises:
        StoreError: The disk refuses.
    """
    # A link stays a link.
    path = path.resolve()
    try:
        if path.is_file() and path.read_bytes() == content:
            return False
        mode = path.stat().st_mode if path.is_file() else None
        with whole_file(path) as partial:
            partial.write_bytes(content)
        if mode is not None:
            path.chmod(mode)
    except OSError as error:
        raise StoreError(f"cannot write {str(path)!r}: {reason(error)}.") from error
    return True


def require_place(path: Path, name: str) -> None:
    """Refuse a page that has no place of that name; see `write_between`.

    Raises:
        StoreError: It has none, or cannot be read.
    """
    _around(path, name)


def write_between(path: Path, name: str, text: str) -> bool:
    """Replace what stands between the lines `<!-- begin NAME -->` and `<!-- end NAME -->` of a page.

    Args:
        path: A Markdown file that holds the two lines once each, in this order.
        name: What the lines call the place.
        text: What is to stand there, between blank lines.

    Returns:
        Whether anything was written.

    Raises:
        StoreError: The file cannot be read or written, or does not hold the two lines.
    """
    above, below = _around(path, name)
    return write_text(path, f"{above}\n{text.strip()}\n\n{below}")


def _around(path: Path, name: str) -> tuple[str, str]:
    """What stands before and after a place of a page, the two lines included; see `write_between`."""
    begin, end = (f"<!-- {side} {name} -->" for side in ("begin", "end"))
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(
            f"cannot read {str(path)!r}: {reason(error)}. Expected a Markdown file with the lines "
            f"{begin!r} and {end!r}."
        ) from error
    first, last = (
        [place for place, line in enumerate(lines) if line.strip() == mark] for mark in (begin, end)
    )
    if len(first) != 1 or len(last) != 1 or first > last:
        raise StoreError(
            f"{str(path)!r}: no place {name!r} to write to. Expected the line {begin!r} once, and the line "
            f"{end!r} once below it."
        )
    return "".join(lines[: first[0] + 1]), "".join(lines[last[0] :])
