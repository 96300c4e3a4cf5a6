"""Fetching a data set's archive once: resumed where it broke off, proved whole, then used from disk."""

from __future__ import annotations

import hashlib
import http.client
import re
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

from hashbench.errors import DataError
from hashbench.files import require_writable, whole_file
from hashbench.progress import Progress

_SCHEMES = ("https", "http")
_TIMEOUT = 60  # seconds without a byte
_PIECE = 1 << 20
_PARTIAL, _NOT_SATISFIABLE = 206, 416
# Nothing but these: a server may redirect, and urllib's own opener follows to ftp.
_HANDLERS = (
    urllib.request.ProxyHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.HTTPRedirectHandler,
    urllib.request.HTTPErrorProcessor,
    urllib.request.HTTPDefaultErrorHandler,
    urllib.request.UnknownHandler,
)


@dataclass(frozen=True)
class Archive:
    """A file that somebody publishes, and what is known of it.

    Attributes:
        url: Where it is, by https or http.
        size: Its bytes, where published.
        md5: Its MD5 as hexadecimal digits, where published.
        sha256: Its SHA-256, likewise.

    Raises:
        DataError: The URL is of another kind, or does not end in a file's name.

    >>> Archive("https://example.org/data/images.zip?version=3").name
    'images.zip'
    """

    url: str
    size: int | None = None
    md5: str | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        if urlsplit(self.url).scheme not in _SCHEMES:
            raise DataError(f"{self.url!r} cannot be fetched. Expected an https or http URL.")
        if self.name in {"", ".."} or "\\" in self.name:
            raise DataError(f"{self.url!r} does not end in a file's name.")

    @property
    def name(self) -> str:
        """The last part of the URL's path."""
        return urlsplit(self.url).path.rpartition("/")[2]

    @property
    def is_published(self) -> bool:
        """Whether a checksum is published."""
        return self.md5 is not None or self.sha256 is not None


def fetch(archive: Archive, folder: Path, progress: Progress) -> Path:
    """The archive's file in `folder`, downloaded only if it is not there, and verified every time.

    An interrupted download goes on where it broke off, if a checksum can tell that its parts belong
    together. Where no checksum is published, the SHA-256 of the first file, downloaded or put there by
    a person, is kept beside it in `<name>.sha256`, and each later use is held to it.

    Args:
        archive: What to get.
        folder: Where it is kept.
        progress: Counts bytes.

    Raises:
        DataError: It is not there and cannot be fetched, or has another size or checksum than it should.
        StoreError: Files cannot be made in `folder`.
    """
    path = folder / archive.name
    if path.is_file():
        _verify(path, archive, _pinned(path, archive))
    elif archive.is_published:
        _complete(archive, path, progress)
    else:
        with whole_file(path) as part:
            _download(archive, part, path, progress)
            _verify(part, archive, _pinned(path, archive))
    if not archive.is_published:
        _pin(path)
    return path


def _complete(archive: Archive, path: Path, progress: Progress) -> None:
    """Download an archive of which a checksum is known, or the rest of it.

    Raises:
        DataError: As of `fetch`. A file of another size or checksum is removed; a part of one stays.
    """
    part = path.with_name(f"{path.name}.part")
    require_writable(path.parent)
    _download(archive, part, path, progress)
    if path.is_file():  # another process was faster
        _verify(path, archive, None)
        return
    try:
        _verify(part, archive, None)
    except DataError:
        part.unlink(missing_ok=True)
        raise
    part.replace(path)


def known_digest(archive: Archive, folder: Path) -> str | None:
    """The checksum that tells an archive's content: the published one, or, after first use, the pinned one.

    Raises:
        DataError: The pin is damaged.
    """
    return archive.md5 or archive.sha256 or _pinned(folder / archive.name, archive)


def _pin_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _pinned(path: Path, archive: Archive) -> str | None:
    """The SHA-256 that the file at `path` had at its first use; None where a checksum is published."""
    pin = _pin_of(path)
    if archive.is_published or not pin.is_file():
        return None
    words = pin.read_text(encoding="utf-8", errors="replace").split()
    if not words or not re.fullmatch("[0-9a-f]{64}", words[0]):
        raise DataError(f"{str(pin)!r} holds no SHA-256. Remove it to accept {path.name} as it is now.")
    return words[0]


def _pin(path: Path) -> None:
    pin = _pin_of(path)
    if not pin.exists():
        digest = _digest(path, hashlib.sha256())
        with whole_file(pin) as partial:
            # As `sha256sum --check` reads it.
            partial.write_text(f"{digest}  {path.name}\n", encoding="utf-8")


def _verify(path: Path, archive: Archive, pinned: str | None) -> None:
    """Hold a file to what is known of it.

    Raises:
        DataError: Names the file, what was found and what was expected.
    """
    size = path.stat().st_size
    if archive.size is not None and size != archive.size:
        raise DataError(
            f"{str(path)!r} is not {archive.url} as published: {size:,} bytes. "
            f"Expected {archive.size:,} bytes."
        )
    known = (
        ("MD5", archive.md5, hashlib.md5(usedforsecurity=False)),
        ("SHA-256", archive.sha256, hashlib.sha256()),
    )
    for kind, expected, digest in known:
        if expected is not None and (found := _digest(path, digest)) != expected.lower():
            raise DataError(
                f"{str(path)!r} is not {archive.url} as published: {kind} {found}. "
                f"Expected {expected.lower()}."
            )
    if pinned is not None and (found := _digest(path, hashlib.sha256())) != pinned:
        raise DataError(
            f"{str(path)!r} is not what it was at first use: SHA-256 {found}. Expected {pinned}, "
            f"as {archive.name}.sha256 beside it says."
        )


def _digest(path: Path, digest: Any) -> str:
    """A file's checksum; `digest` is a fresh object of hashlib."""
    with path.open("rb") as stream:
        return str(hashlib.file_digest(stream, lambda: digest).hexdigest())


def _download(archive: Archive, part: Path, path: Path, progress: Progress) -> None:
    """Write what the server holds to `part`, from where an earlier download broke off.

    Raises:
        DataError: The server cannot be reached, refuses, sends another file, or breaks off.
    """
    start = part.stat().st_size if part.is_file() else 0
    if start and start == archive.size:
        return
    if archive.size is not None and start > archive.size:
        start = 0
    with _reachable(archive, path), _answer(archive.url, start) as response:
        start = _first_byte(response) if response.status == _PARTIAL else 0
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdecimal() else None
        if None not in (total, archive.size) and total != archive.size:
            part.unlink(missing_ok=True)
            raise DataError(f"{archive.url} has {total:,} bytes. Expected {archive.size:,}.")
        total = archive.size if total is None else total
        with (
            part.open("r+b" if start else "wb") as stream,
            progress.task(f"fetching {archive.name}, in bytes", total or 0) as advance,
        ):
            stream.seek(start)
            advance(start)
            done = start + _copy(response, stream, advance, None if total is None else total - start)
    if total is not None and done < total:
        raise DataError(
            f"{archive.url} broke off after {done:,} of {total:,} bytes. Run the command again"
            f"{' to go on from there' if archive.is_published else ''}, or put the file at {str(path)!r}."
        )


def _copy(
    response: IO[bytes], stream: IO[bytes], advance: Callable[[int], None], expected: int | None
) -> int:
    """Write a response to a file, and little more than expected; returns how many bytes it had."""
    done = 0
    while (expected is None or done <= expected) and (piece := response.read(_PIECE)):
        stream.write(piece)
        advance(len(piece))
        done += len(piece)
    return done


@contextmanager
def _reachable(archive: Archive, path: Path) -> Iterator[None]:
    """Turn a failed transfer into one error that says what a person can do.

    Raises:
        DataError: The block failed.
    """
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        status = ""
        if isinstance(error, HTTPError):
            status = f"{error.code} "
            error.close()
        raise DataError(
            f"cannot fetch {archive.url} ({status}{reason}). Try again, or put the file at {str(path)!r}."
        ) from error


@contextmanager
def _answer(url: str, start: int) -> Iterator[Any]:
    """What the server answers to a request for the file from byte `start` on."""
    opener = urllib.request.OpenerDirector()
    for handler in _HANDLERS:
        opener.add_handler(handler())
    try:
        response = _open(opener, url, start)
    except HTTPError as error:
        if error.code != _NOT_SATISFIABLE or not start:
            raise
        error.close()
        # What is on disk is as long as the server's file, or longer: not a part of it.
        response = _open(opener, url, 0)
    with response:
        if response.status == _PARTIAL and _first_byte(response) != start:
            raise http.client.HTTPException(f"asked for byte {start:,}, got {_first_byte(response):,}")
        yield response


def _open(opener: urllib.request.OpenerDirector, url: str, start: int) -> Any:
    headers = {"User-Agent": "hashbench", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - Archive checks the scheme
    return opener.open(request, timeout=_TIMEOUT)


def _first_byte(response: Any) -> int:
    """Where in the file the body of a partial answer begins; -1 where the server does not say."""
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else -1
