"""Arrays in the files that other tools write: .npy, .npz and MATLAB's .mat of every version.

An array is a NumPy array or, where the file keeps it sparse, a SciPy CSR matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hashbench.errors import DataError, HashbenchError, UnknownNameError

# The name of the only array of a file that gives it none.
UNNAMED = ""
# What scipy.sparse.save_npz writes, whatever the format.
_SPARSE = {"format", "shape", "data"}


@dataclass(frozen=True)
class ArrayFile:
    """A file's arrays, each read when it is asked for: what is not needed may be unreadable.

    Attributes:
        path: The file.
        loaders: How each array is read, by name.
    """

    path: Path
    loaders: Mapping[str, Callable[[], Any]]

    @classmethod
    def open(cls, path: Path) -> ArrayFile:
        """List what a file holds.

        Raises:
            DataError: There is no such file, or it is damaged or of another kind.
        """
        if not path.is_file():
            raise DataError(f"{str(path)!r}: there is no such file.")
        if path.suffix not in _KINDS:
            raise DataError(f"{str(path)!r} is of unknown kind. Expected {', '.join(_KINDS)}.")
        with readable(path):
            return cls(path, _KINDS[path.suffix](path))

    def read(self, name: str) -> Any:
        """The array of that name.

        Raises:
            UnknownNameError: There is none.
            DataError: It cannot be read.
        """
        if name not in self.loaders:
            raise UnknownNameError(f"array of {self.path.name}", name, self.loaders)
        with readable(self.path):
            return self.loaders[name]()

    def listed(self) -> str:
        """The names, for messages."""
        if UNNAMED in self.loaders:
            return "one array without a name"
        return ", ".join(sorted(self.loaders)) or "no array"


@dataclass(frozen=True)
class Sides:
    """What files call one thing of the queries and of the database.

    Attributes:
        what: The thing: `codes` or `labels`.
        pairs: Known pairs of names, queries first.
    """

    what: str
    pairs: tuple[tuple[str, str], ...]

    def read(self, path: Path, query_path: Path | None, keys: Mapping[str, str]) -> tuple[Any, Any]:
        """The arrays of queries and database.

        Args:
            path: The file of both, or of the database alone.
            query_path: The file of the queries, where they have their own.
            keys: The array to take for `query_<what>` or `database_<what>`, where its name is no
                known one.

        Raises:
            DataError: A file cannot be read, or it is not clear which array is meant.
            UnknownNameError: A file has no array of a name in `keys`.
        """
        file = ArrayFile.open(path)
        if query_path is not None:
            return self._one(ArrayFile.open(query_path), 0, keys), self._one(file, 1, keys)
        names = self._roles()
        if not keys.keys() >= set(names):
            found = [pair for pair in self.pairs if file.loaders.keys() >= set(pair)]
            if len(found) != 1:
                raise DataError(self._unclear(file, found))
            keys = {**dict(zip(names, found[0], strict=True)), **keys}
        return file.read(keys[names[0]]), file.read(keys[names[1]])

    def _roles(self) -> tuple[str, str]:
        return f"query_{self.what}", f"database_{self.what}"

    def _one(self, file: ArrayFile, side: int, keys: Mapping[str, str]) -> Any:
        """The array of one side in a file of its own: the only one, or the one of a known name."""
        role = self._roles()[side]
        known = dict.fromkeys(pair[side] for pair in self.pairs)
        found = [keys[role]] if role in keys else [name for name in known if name in file.loaders]
        if not found and len(file.loaders) == 1:
            found = list(file.loaders)
        if len(found) != 1:
            raise DataError(
                f"{str(file.path)!r} holds {file.listed()}. Expected one array; "
                f"name it with --key {role}=ARRAY."
            )
        return file.read(found[0])

    def _unclear(self, file: ArrayFile, found: list[tuple[str, str]]) -> str:
        query, database = self._roles()
        which = "Which pair is meant is not clear" if found else f"Expected {query} and {database}"
        return (
            f"{str(file.path)!r} holds {file.listed()}. {which}: name the arrays with --key "
            f"{query}=ARRAY --key {database}=ARRAY, or give the queries' file with "
            f"--query-{self.what}."
        )


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong while a file is read into one error that names it.

    Raises:
        DataError: The block failed.
    """
    try:
        yield
    except HashbenchError:
        raise
    except Exception as error:  # a damaged file makes its reader stumble over anything
        reason = "it is damaged or holds Python objects" if "pickle" in str(error) else error
        raise DataError(f"{str(path)!r} cannot be read ({reason}).") from error


def _numpy(path: Path) -> dict[str, Callable[[], Any]]:
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return {UNNAMED: lambda: loaded}
    with loaded:
        names = loaded.files
    if set(names) >= _SPARSE:
        return {UNNAMED: partial(_sparse, path)}
    return {name: partial(_member, path, name) for name in names}


def _member(path: Path, name: str) -> np.ndarray:
    with np.load(path, allow_pickle=False) as stored:
        array: np.ndarray = stored[name]
    return array


def _sparse(path: Path) -> Any:
    from scipy.sparse import load_npz  # noqa: PLC0415 - it loads slowly

    return load_npz(path).tocsr()


def _matlab(path: Path) -> dict[str, Callable[[], Any]]:
    import h5py  # noqa: PLC0415 - it loads slowly
    from scipy.io import whosmat  # noqa: PLC0415 - as above

    if not h5py.is_hdf5(path):
        return {name: partial(_variable, path, name) for name, _, _ in whosmat(path)}
    with h5py.File(path) as file:
        return {name: partial(_dataset, path, name) for name in file if not name.startswith("#")}


def _variable(path: Path, name: str) -> Any:
    """A variable of a .mat file up to version 7."""
    from scipy.io import loadmat  # noqa: PLC0415 - it loads slowly

    found = loadmat(path, variable_names=[name])[name]
    return found if isinstance(found, np.ndarray) else found.tocsr()


def _dataset(path: Path, name: str) -> Any:
    """A variable of a .mat file of version 7.3, which is HDF5 with all axes in reverse order."""
    import h5py  # noqa: PLC0415 - it loads slowly
    from scipy.sparse import csc_matrix  # noqa: PLC0415 - as above

    with h5py.File(path) as file:
        entry = file[name]
        if isinstance(entry, h5py.Dataset):
            # An empty array is stored as its shape.
            return np.zeros(entry[()]) if "MATLAB_empty" in entry.attrs else entry[()].T
        if "MATLAB_sparse" not in entry.attrs:
            raise DataError(f"{str(path)!r}: {name!r} is a struct. Expected an array.")
        columns = entry["jc"][()]
        shape = int(entry.attrs["MATLAB_sparse"]), len(columns) - 1
        return csc_matrix((entry["data"][()], entry["ir"][()], columns), shape=shape).tocsr()


_KINDS = {".npy": _numpy, ".npz": _numpy, ".mat": _matlab}
