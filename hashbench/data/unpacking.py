"""Unpacking zip and tar archives that nobody here has made: all of them or nothing, and nowhere else.

Headers are not believed: bytes are counted as they are written.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import IO, Any

from hashbench.errors import DataError, HashbenchError, StoreError, reason
from hashbench.files import whole_folder
from hashbench.progress import Progress

_PIECE = 1 << 20
# A member may be so many times as long as what it was packed into, once it is longer than the second.
_MOST_RATIO = 1000
_RATIO_FROM = 10_000_000
# What a decompressor may have read of a member before that member's turn.
_READ_AHEAD = 1 << 14
# Folders within folders; removing deeper ones makes Python stumble.
_MOST_DEPTH = 32
# For a tar: headers and padding of a member, and the end of the archive.
_TAR_HEADERS, _TAR_END = 1 << 13, 1 << 20
_BLOCK = tarfile.BLOCKSIZE
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_COMPRESSED: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}
_ENCRYPTED = 0x1
# bzip2 and LZMA unfold without bound in zipfile: a few KB become gigabytes of memory.
_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Of a member's name, in messages.
_SHOWN = 100
_NOT_PLAIN = "is a link, a device or something else that is no plain file"
# What a name does to a file system that has no place for it.
_BAD_NAME = {errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ}


@dataclass(frozen=True)
class _Member:
    """A file or a folder in an archive.

    Attributes:
        name: As the archive has it.
        is_folder: Whether it is a folder.
        size: Bytes, as the archive says.
        open: Opens the content of a file.
        packed: How many bytes of the archive were used for it so far, or will be.
        slack: By how many bytes `packed` may be too few.
    """

    name: str
    is_folder: bool
    size: int
    open: Callable[[], IO[bytes]]
    packed: Callable[[], int]
    slack: int = 0


def unpack(path: Path, folder: Path, progress: Progress, *, most_bytes: int, most_files: int) -> Path:
    """Unpack a zip or tar (.gz, .bz2, .xz) archive into a new folder.

    The archive's content decides what it is. Permissions and times of its members are not taken over.

    Args:
        path: The archive.
        folder: Appears when everything is in it. If it is there, it is left as it is: name it after
            the archive's content.
        progress: Counts bytes of the archive.
        most_bytes: Refuse an archive that unfolds to more.
        most_files: Refuse an archive with more members.

    Returns:
        `folder`.

    Raises:
        DataError: The archive is missing, damaged, encrypted or too large, holds links or devices, or a
            member that would lie outside the folder. Nothing is left behind.
        StoreError: The folder cannot be written.
    """
    if folder.is_dir():
        return folder
    with _blaming(path), path.open("rb") as stream, whole_folder(folder) as unfinished, _blaming(path):
        magic = stream.read(6)
        stream.seek(0)
        kind = _zip_members if magic.startswith(_ZIP_MAGIC) else _tar_members
        writer = _Writer(path, unfinished, most_bytes)
        with progress.task(f"unpacking {path.name}, in bytes", path.stat().st_size) as advance:
            for count, member in enumerate(kind(path, stream, most_bytes, most_files), 1):
                if count > most_files:
                    raise DataError(
                        f"{str(path)!r} has more members than the {most_files:,} that are expected."
                    )
                with _blaming(path, member.name):
                    writer.write(member)
                advance(member.packed())
    return folder


class _Writer:
    """Puts members below a folder and counts their bytes."""

    def __init__(self, path: Path, folder: Path, most_bytes: int) -> None:
        self._path = path
        self._folder = folder
        self._most = most_bytes
        self._left = most_bytes

    def write(self, member: _Member) -> None:
        """Make the folder or the file.

        Raises:
            DataError: It may not or cannot be there, or is not as long as it says, or too long.
            StoreError: It cannot be written.
        """
        parts = _parts(self._path, member)
        target = self._folder.joinpath(*parts)
        with self._storing(member):
            (target if member.is_folder else target.parent).mkdir(parents=True, exist_ok=True)
        if member.is_folder:
            return
        if not parts:
            raise _refusal(self._path, member.name, "has no name")
        with member.open() as source, self._storing(member), target.open("xb") as stream:
            written = self._copy(member, source, stream)
        if written != member.size:
            raise _refusal(
                self._path, member.name, f"has {written:,} bytes, not {member.size:,} as it says"
            )

    def _copy(self, member: _Member, source: IO[bytes], stream: IO[bytes]) -> int:
        """Copy a file's content; returns its bytes."""
        written = 0
        while piece := self._read(member, source):
            written += len(piece)
            self._left -= len(piece)
            if self._left < 0:
                raise DataError(
                    f"{str(self._path)!r}, member {member.name[:_SHOWN]!r}: the archive unfolds to more "
                    f"than the {self._most:,} bytes that are expected."
                )
            if written > _RATIO_FROM and written > _MOST_RATIO * (member.packed() + member.slack):
                raise _refusal(
                    self._path, member.name, f"unfolds to more than {_MOST_RATIO:,} times its packed size"
                )
            stream.write(piece)
        return written

    def _read(self, member: _Member, source: IO[bytes]) -> bytes:
        # Apart, so that the archive's damage is not taken for the disk's.
        with _blaming(self._path, member.name):
            return source.read(_PIECE)

    @contextmanager
    def _storing(self, member: _Member) -> Iterator[None]:
        """Tell a name that no file can have from a disk that takes no more.

        Raises:
            DataError: The member's name is at fault.
            StoreError: The disk is.
        """
        try:
            yield
        except OSError as error:
            why = reason(error)
            if error.errno in _BAD_NAME:
                raise _refusal(self._path, member.name, f"cannot have that name: {why}") from error
            raise StoreError(f"cannot unpack {str(self._path)!r}: {why}.") from error


def _parts(path: Path, member: _Member) -> tuple[str, ...]:
    """The parts of a member's name, the same on every system.

    Raises:
        DataError: The name leads out of the folder, or cannot be a file's.
    """
    name = PureWindowsPath(member.name)
    if name.anchor or ".." in name.parts or "\0" in member.name:
        raise _refusal(path, member.name, "would lie outside the folder")
    if len(name.parts) > _MOST_DEPTH:
        raise _refusal(path, member.name, f"lies deeper than {_MOST_DEPTH} folders")
    return name.parts


def _refusal(path: Path, name: str, what: str) -> DataError:
    return DataError(f"{str(path)!r}, member {name[:_SHOWN]!r}: it {what}. The archive is refused.")


@contextmanager
def _blaming(path: Path, name: str | None = None) -> Iterator[None]:
    """Turn whatever goes wrong while an archive is read into one error that names it.

    Raises:
        DataError: The block failed.
    """
    try:
        yield
    except HashbenchError:
        raise
    except Exception as error:  # a damaged archive makes its reader stumble over anything
        where = str(path) if name is None else f"{path}, member {name[:_SHOWN]}"
        raise DataError(
            f"{where!r} cannot be unpacked ({reason(error)}). Expected a whole zip or tar."
        ) from error


def _zip_members(path: Path, stream: IO[bytes], most_bytes: int, most_files: int) -> Iterator[_Member]:
    """The members of a zip.

    Raises:
        DataError: One is encrypted, a link or a device, or packed in a way that nobody uses.
    """
    del most_bytes, most_files
    length = path.stat().st_size
    with zipfile.ZipFile(stream) as archive:
        for info in archive.infolist():
            check_zip_member(path, info)
            yield _Member(
                name=info.orig_filename,
                is_folder=info.is_dir(),
                size=info.file_size,
                open=partial(archive.open, info),
                # What the directory says can be larger than the file that it is in.
                packed=partial(min, info.compress_size, length),
            )


def check_zip_member(path: Path, info: zipfile.ZipInfo) -> None:
    """Refuse what nobody puts into a zip of data.

    Raises:
        DataError: The member is encrypted, a link or a device, or packed in a way that nobody uses.
    """
    if info.flag_bits & _ENCRYPTED:
        raise _refusal(path, info.filename, "is encrypted")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refusal(path, info.filename, _NOT_PLAIN)
    if info.compress_type not in _ZIP_METHODS:
        raise _refusal(path, info.filename, "is neither stored nor deflated")


def _tar_members(path: Path, stream: IO[bytes], most_bytes: int, most_files: int) -> Iterator[_Member]:
    """The members of a tar, as they come.

    Raises:
        DataError: One is a link or a device, or the archive has no end or is too long.
    """
    with _unfolded(stream) as content:
        counted = _Counted(path, content, most_bytes + _TAR_HEADERS * most_files + _TAR_END)
        with tarfile.TarFile(fileobj=counted) as archive:
            start = 0
            while (info := archive.next()) is not None:
                # It would remember every member.
                archive.members.clear()  # type: ignore[attr-defined]
                if not (info.isreg() or info.isdir()) or info.issparse():
                    raise _refusal(path, info.name, _NOT_PLAIN)
                yield _Member(
                    name=info.name,
                    is_folder=info.isdir(),
                    size=info.size,
                    open=partial(_content, archive, info),
                    packed=partial(_since, stream, start),
                    slack=_READ_AHEAD,
                )
                start = stream.tell()
        # tarfile takes a header that it cannot read, or none, for the end.
        if counted.last != bytes(_BLOCK):
            raise DataError(f"{str(path)!r} breaks off or is damaged. Expected a whole zip or tar.")
        while counted.read(_PIECE):
            pass  # to the checksum at the end of the compressed stream


def _since(stream: IO[bytes], start: int) -> int:
    return stream.tell() - start


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(info)
    return io.BytesIO() if content is None else content


@contextmanager
def _unfolded(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """What is in a gzip, bzip2 or xz stream, or the stream itself."""
    magic = stream.read(6)
    stream.seek(0)
    for start, kind in _COMPRESSED.items():
        if magic.startswith(start):
            with kind(stream) as content:
                yield content
            return
    yield stream


class _Counted(io.RawIOBase):
    """A stream of which nobody reads much at once, nor further than a limit.

    tarfile reads the extended headers of a member as a whole, whatever length they claim.

    Attributes:
        last: What was read last.
    """

    def __init__(self, path: Path, stream: IO[bytes], limit: int) -> None:
        super().__init__()
        self._path = path
        self._stream = stream
        self._limit = limit
        self.last = b""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; a larger piece than anybody needs is refused."""
        if not 0 <= size <= _PIECE:
            raise DataError(f"{str(self._path)!r} has a header of {size:,} bytes. The archive is refused.")
        self._check(self._stream.tell() + size)
        self.last = self._stream.read(size)
        return self.last

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go on to a place, counted from the start."""
        if whence != io.SEEK_SET or offset < self._stream.tell():
            raise io.UnsupportedOperation("a member begins before the last one ends")
        self._check(offset)
        return self._stream.seek(offset)

    def tell(self) -> int:
        """Bytes from the start."""
        return self._stream.tell()

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def _check(self, position: int) -> None:
        if position > self._limit + _PIECE:
            raise DataError(f"{str(self._path)!r} unfolds to more bytes than are expected.")
