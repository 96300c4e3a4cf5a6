"""Arrays in one .npz file that are memory-mapped, not read.

NumPy maps .npy files only. An .npz file whose members are not compressed holds .npy files as they are;
here each begins at a multiple of 64 bytes, as arrays in memory do, so that a mapped array of any type can
be computed with where it lies. `numpy.load` reads such a file as any other.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np

from hashbench.errors import DataError, reason

_ALIGNMENT = 64
# The part of a member's header that has a fixed size; names and extra fields follow.
_HEADER = struct.Struct("<4s5H3L2H")
# An extra field for sizes beyond 4 GiB, which `force_zip64` writes, and one that is nothing but room.
_ZIP64_BYTES = 20
_ROOM = struct.Struct("<HH")
_ROOM_KIND = 0xD935


def save_mapped(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays so that `load_mapped` can map them; equal arrays give equal bytes.

    Args:
        path: The .npz file.
        arrays: By name; none of objects.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as file:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")
            taken = file.start_dir + _HEADER.size + len(member.filename.encode()) + _ZIP64_BYTES
            room = -(taken + _ROOM.size) % _ALIGNMENT
            member.extra = _ROOM.pack(_ROOM_KIND, room) + bytes(room)
            with file.open(member, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asarray(array, order="C"), allow_pickle=False)


def load_mapped(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file, memory-mapped, read-only.

    Raises:
        DataError: The file is missing, damaged, compressed, or holds anything but arrays of numbers.
    """
    try:
        with zipfile.ZipFile(path) as file, path.open("rb") as stream:
            members = {member.filename.removesuffix(".npy"): member for member in file.infolist()}
            return {name: _mapped(path, stream, member) for name, member in members.items()}
    except (OSError, ValueError, zipfile.BadZipFile, struct.error) as error:
        raise DataError(
            f"{str(path)!r} cannot be mapped ({reason(error)}). Expected an uncompressed .npz file."
        ) from error


def _mapped(path: Path, stream: IO[bytes], member: zipfile.ZipInfo) -> np.ndarray:
    """One array of the file."""
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{member.filename} is compressed")
    stream.seek(member.header_offset)
    *_, name, extra = _HEADER.unpack(stream.read(_HEADER.size))
    stream.seek(name + extra, 1)
    start = stream.tell()
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_2_0 if version >= (2, 0) else np.lib.format.read_array_header_1_0
    shape, fortran, dtype = read(stream)
    if dtype.hasobject:
        raise ValueError(f"{member.filename} holds Python objects")
    offset, order = stream.tell(), "F" if fortran else "C"
    size = dtype.itemsize * int(np.prod(shape))
    if offset - start + size > member.file_size:
        raise ValueError(f"{member.filename} is cut short")
    if not size or not shape:
        return np.frombuffer(stream.read(size), dtype).reshape(shape)
    return np.asarray(np.memmap(path, dtype, "r", offset, shape, order=order))  # type: ignore[call-overload]
