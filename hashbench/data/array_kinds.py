"""How each kind of array file is listed and read: .npy, .npz, .mat, .parquet and .safetensors.

A block holds some rows of an array, in order: a NumPy array, a SciPy CSR matrix where the file keeps it
sparse, or, where it holds words, a list with a string or a tuple of strings for each row.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from hashbench.data.unpacking import check_zip_member
from hashbench.errors import DataError

# The name of the only array of a file that gives it none.
UNNAMED = ""
# What scipy.sparse.save_npz writes, whatever the format.
_SPARSE = {"format", "shape", "data"}
_BLOCK_BYTES = 1 << 24
# No compression in use makes more of a byte. Small arrays may: a column of one value takes no space.
_MOST_RATIO, _SMALL_BYTES = 1032, 1 << 28
# Of a number in any kind of file.
_WIDEST = 8


@dataclass(frozen=True)
class Stored:
    """An array in a file, not yet read.

    Attributes:
        read: Gives the whole of it.
        blocks: Gives its rows, some megabytes at a time.
    """

    read: Callable[[], Any]
    blocks: Callable[[], Iterator[Any]]


def cut(array: Any) -> Iterator[Any]:
    """The rows of an array or a CSR matrix in blocks."""
    if isinstance(array, np.ndarray):
        array = np.atleast_1d(array)
    step = _rows(prod(array.shape[1:]) * array.dtype.itemsize)
    for start in range(0, array.shape[0], step):
        yield array[start : start + step]


def _rows(row_bytes: int) -> int:
    """How many rows make a block."""
    return max(1, _BLOCK_BYTES // max(1, row_bytes))


def _whole(path: Path, name: str, read: Callable[[Path, str], Any]) -> Stored:
    """An array that can only be read at once."""
    whole = partial(read, path, name)
    return Stored(whole, lambda: cut(whole()))


def _check_size(path: Path, name: str, claimed: int) -> None:
    """Refuse an array that a file of this length cannot hold, before memory is taken for it."""
    length = path.stat().st_size
    if claimed > max(_SMALL_BYTES, _MOST_RATIO * length):
        raise DataError(
            f"{str(path)!r}: {name!r} claims {claimed:,} bytes, in a file of {length:,}. It is refused."
        )


def numpy_file(path: Path) -> dict[str, Stored]:
    """An .npy, memory-mapped, or the members of an .npz."""
    if not zipfile.is_zipfile(path):
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        return {UNNAMED: Stored(lambda: mapped, lambda: cut(mapped))}
    with np.load(path, allow_pickle=False) as stored:
        names = stored.files
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            check_zip_member(path, info)
    if set(names) >= _SPARSE:
        return {UNNAMED: _whole(path, UNNAMED, _sparse)}
    return {name: Stored(partial(_member, path, name), partial(_streamed, path, name)) for name in names}


def _member(path: Path, name: str) -> np.ndarray:
    with np.load(path, allow_pickle=False) as stored:
        _check_size(path, name, stored.zip.getinfo(f"{name}.npy").file_size)
        array: np.ndarray = stored[name]
    return array


def _streamed(path: Path, name: str) -> Iterator[np.ndarray]:
    """The rows of a member of an .npz, as they are unpacked."""
    headers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as stream:
        _check_size(path, name, archive.getinfo(f"{name}.npy").file_size)
        header = headers.get(np.lib.format.read_magic(stream))
        shape, by_column, dtype = header(stream) if header else ((), True, np.dtype(object))
        if by_column or not shape:
            yield from cut(_member(path, name))
            return
        if dtype.hasobject:
            raise DataError(f"{str(path)!r}: {name!r} holds Python objects. Expected numbers or words.")
        row_bytes = prod(shape[1:]) * dtype.itemsize
        _check_size(path, name, row_bytes)
        for start in range(0, shape[0], _rows(row_bytes)):
            rows = min(_rows(row_bytes), shape[0] - start)
            content = stream.read(rows * row_bytes)
            yield np.frombuffer(content, dtype, rows * prod(shape[1:])).reshape(rows, *shape[1:])
        # Nothing is left, and the checksum is looked at only here.
        if stream.read(1):
            raise DataError(f"{str(path)!r}: {name!r} is longer than its shape {shape}.")


def _sparse(path: Path, name: str) -> Any:
    del name
    from scipy.sparse import load_npz  # noqa: PLC0415 - it loads slowly

    return _checked(load_npz(path))


def _checked(matrix: Any) -> Any:
    """A sparse matrix as CSR, after a look at its indices: SciPy's loops trust them."""
    if hasattr(matrix, "check_format"):
        matrix.check_format(full_check=True)
    return matrix.tocsr()


def matlab_file(path: Path) -> dict[str, Stored]:
    """The variables of a .mat file of any version."""
    import h5py  # noqa: PLC0415 - it loads slowly
    from scipy.io import whosmat  # noqa: PLC0415 - as above

    if not h5py.is_hdf5(path):
        return {name: _whole(path, name, _variable) for name, _, _ in whosmat(path)}
    with h5py.File(path) as file:
        names = [name for name in file if not name.startswith("#")]
    return {name: Stored(partial(_dataset, path, name), partial(_columns, path, name)) for name in names}


def _variable(path: Path, name: str) -> Any:
    """A variable of a .mat file up to version 7."""
    from scipy.io import loadmat, whosmat  # noqa: PLC0415 - they load slowly

    shape, kind = next((shape, kind) for found, shape, kind in whosmat(path) if found == name)
    if kind != "sparse":  # which holds less than its shape
        _check_size(path, name, _WIDEST * prod(shape))
    found = loadmat(path, variable_names=[name])[name]
    if not isinstance(found, np.ndarray):
        return _checked(found)
    return _cells(found) if found.dtype == object else found


def _cells(found: np.ndarray) -> np.ndarray:
    """The words of a cell array; other cells as they are."""
    cells = [
        cell.item() if isinstance(cell, np.ndarray) and cell.size == 1 else cell for cell in found.flat
    ]
    return np.array(cells) if cells and all(isinstance(cell, str) for cell in cells) else found


def _dataset(path: Path, name: str) -> Any:
    """A variable of a .mat file of version 7.3, which is HDF5 with all axes in reverse order."""
    import h5py  # noqa: PLC0415 - it loads slowly
    from scipy.sparse import csc_matrix  # noqa: PLC0415 - as above

    with h5py.File(path) as file:
        entry = _own(path, file, name)
        if isinstance(entry, h5py.Dataset):
            return _array(path, name, file, entry)
        if "MATLAB_sparse" not in entry.attrs:
            raise DataError(f"{str(path)!r}: {name!r} is a struct. Expected an array.")
        columns = _own(path, entry, "jc")[()].astype(np.int64)
        # A matrix of zeros is stored without values and rows.
        values, rows = (_own(path, entry, key)[()] if key in entry else [] for key in ("data", "ir"))
        shape = int(entry.attrs["MATLAB_sparse"]), len(columns) - 1
        return _checked(csc_matrix((values, np.asarray(rows, dtype=np.int64), columns), shape=shape))


def _own(path: Path, group: Any, name: str) -> Any:
    """What an HDF5 group holds by that name, itself and in no other file.

    Raises:
        DataError: It lies elsewhere, or claims to be larger than the file can hold.
    """
    import h5py  # noqa: PLC0415 - it loads slowly

    linked = not isinstance(group.get(name, getlink=True), h5py.HardLink)
    entry = None if linked else group[name]
    if linked or (isinstance(entry, h5py.Dataset) and (entry.external or entry.is_virtual)):
        raise DataError(f"{str(path)!r}: {name!r} is a link. Expected an array in the file itself.")
    if isinstance(entry, h5py.Dataset):
        _check_size(path, name, entry.size * entry.dtype.itemsize)
    return entry


def _cell(path: Path, name: str, entry: Any) -> Any:
    """What a cell refers to, if it is in the file itself."""
    if entry.external or entry.is_virtual:
        raise DataError(f"{str(path)!r}: a cell of {name!r} is a link. Expected words in the file itself.")
    _check_size(path, name, entry.size * entry.dtype.itemsize)
    return entry[()]


def _array(path: Path, name: str, file: Any, entry: Any) -> np.ndarray:
    """A dense variable: numbers, or the words of a cell or char array."""
    if "MATLAB_empty" in entry.attrs:
        # An empty array is stored as its shape.
        return np.empty((0,)).reshape(entry[()])
    kind = bytes(entry.attrs.get("MATLAB_class", b""))
    if kind == b"cell":
        cells = (_cell(path, name, file[cell]) for cell in entry[()].flat)
        return np.array(["".join(map(chr, cell.flat)) for cell in cells])
    if kind == b"char":
        return np.array(["".join(map(chr, row)) for row in entry[()].T])
    array: np.ndarray = np.asarray(entry[()]).T  # a single number comes as one
    return array


def _columns(path: Path, name: str) -> Iterator[Any]:
    """The rows of a variable of version 7.3, which are columns in the file."""
    import h5py  # noqa: PLC0415 - it loads slowly

    with h5py.File(path) as file:
        entry = _own(path, file, name)
        plain = isinstance(entry, h5py.Dataset) and entry.dtype.kind in "biuf" and entry.ndim > 1
        if plain and "MATLAB_empty" not in entry.attrs and entry.attrs.get("MATLAB_class") != b"char":
            step = _rows(prod(entry.shape[:-1]) * entry.dtype.itemsize)
            if entry.chunks and entry.chunks[-1] < step:
                step -= step % entry.chunks[-1]  # a chunk is unpacked as a whole
            for start in range(0, entry.shape[-1], step):
                yield entry[..., start : start + step].T
            return
    yield from cut(_dataset(path, name))


def parquet_file(path: Path) -> dict[str, Stored]:
    """The columns of a Parquet file."""
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415 - it loads slowly

    with ParquetFile(path) as file:
        names = file.schema_arrow.names
    return {name: Stored(partial(_column, path, name), partial(_batches, path, name)) for name in names}


def _column(path: Path, name: str) -> Any:
    blocks = list(_batches(path, name))
    if blocks and isinstance(blocks[0], np.ndarray):
        return np.concatenate(blocks)
    return list(chain.from_iterable(blocks))


def _leaves(kind: Any) -> int:
    """How many columns of the file make one of that type; names do not tell, they may hold dots."""
    return sum(_leaves(kind.field(place).type) for place in range(kind.num_fields)) or 1


def _batches(path: Path, name: str) -> Iterator[Any]:
    """The rows of a column of a Parquet file.

    Raises:
        DataError: It holds neither numbers nor words nor lists of one of these.
    """
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415 - it loads slowly

    with ParquetFile(path, memory_map=True) as file:
        place = file.schema_arrow.names.index(name)
        meta = file.metadata
        leaves = [_leaves(field.type) for field in file.schema_arrow]
        first = sum(leaves[:place])
        groups = [meta.row_group(group).column(first) for group in range(meta.num_row_groups)]
        values = sum(group.num_values for group in groups)
        _check_size(path, name, _WIDEST * values)
        if leaves[place] != 1 or file.schema_arrow.names.count(name) != 1:
            raise _odd(path, name, file.schema_arrow.field(place).type)
        rows = _rows(_WIDEST * values // max(1, meta.num_rows))
        for batch in file.iter_batches(rows, columns=[name], use_threads=False):
            yield _values(path, name, batch.column(0))


def _values(path: Path, name: str, column: Any) -> Any:
    """Some rows of a column as a block."""
    from pyarrow import types  # noqa: PLC0415 - it loads slowly

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    listed = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    inner = kind.value_type if listed else kind
    if types.is_dictionary(inner):
        inner = inner.value_type
    if types.is_string(inner) or types.is_large_string(inner):
        words = column.to_pylist()
        if not listed:
            return [word or "" for word in words]
        return [tuple(word for word in row or () if word) for row in words]
    if not (types.is_integer(inner) or types.is_floating(inner) or types.is_boolean(inner)):
        raise _odd(path, name, kind)
    numbers = column.flatten() if listed else column
    if column.null_count or numbers.null_count:
        raise DataError(f"{str(path)!r}: a row of {name!r} is null. Expected numbers.")
    array: np.ndarray = numbers.to_numpy(zero_copy_only=False)
    if not listed or not len(column):
        return array
    lengths = (
        set(column.value_lengths().to_pylist()) if not types.is_fixed_size_list(kind) else {kind.list_size}
    )
    if len(lengths) != 1:
        raise DataError(
            f"{str(path)!r}: {name!r} has lists of {min(lengths)} and of {max(lengths)} numbers. "
            "Expected as many in each row."
        )
    return array.reshape(len(column), -1)


def _odd(path: Path, name: str, kind: Any) -> DataError:
    return DataError(
        f"{str(path)!r}: {name!r} is of type {str(kind)[:60]}. Expected numbers, words, or lists of them."
    )


def safetensors_file(path: Path) -> dict[str, Stored]:
    """The tensors of a safetensors file."""
    from safetensors import safe_open  # noqa: PLC0415 - it loads slowly

    with safe_open(path, framework="numpy") as file:
        names = list(file.keys())
    return {name: Stored(partial(_tensor, path, name), partial(_slices, path, name)) for name in names}


def _tensor(path: Path, name: str) -> np.ndarray:
    from safetensors import safe_open  # noqa: PLC0415 - it loads slowly

    with safe_open(path, framework="numpy") as file:
        array: np.ndarray = file.get_tensor(name)
    return array


def _slices(path: Path, name: str) -> Iterator[np.ndarray]:
    from safetensors import safe_open  # noqa: PLC0415 - it loads slowly

    with safe_open(path, framework="numpy") as file:
        tensor = file.get_slice(name)
        shape = tensor.get_shape()
        if not shape:
            yield from cut(file.get_tensor(name))
            return
        step = _rows(prod(shape[1:]) * _WIDEST)
        for start in range(0, shape[0], step):
            yield tensor[start : min(start + step, shape[0])]


KINDS: dict[str, Callable[[Path], dict[str, Stored]]] = {
    ".npy": numpy_file,
    ".npz": numpy_file,
    ".mat": matlab_file,
    ".parquet": parquet_file,
    ".safetensors": safetensors_file,
}
