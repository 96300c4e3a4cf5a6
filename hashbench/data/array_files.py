"""Arrays in the files that other tools write, each read when it is asked for.

An array is a NumPy array or, where the file keeps it sparse, a SciPy CSR matrix; words of a Parquet file
are a list. See `array_kinds` for the kinds of files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hashbench.data.array_kinds import KINDS, UNNAMED, Stored
from hashbench.errors import DataError, HashbenchError, UnknownNameError, reason

# Of names in a message: how many, and of each.
_LISTED, _SHOWN = 10, 30


@dataclass(frozen=True)
class ArrayFile:
    """A file's arrays, each read when it is asked for: what is not needed may be unreadable.

    Attributes:
        path: The file.
        loaders: How each array is read, by name.
    """

    path: Path
    loaders: Mapping[str, Stored]

    @classmethod
    def open(cls, path: Path) -> ArrayFile:
        """List what a file holds.

        Raises:
            DataError: There is no such file, or it is damaged or of another kind.
        """
        if not path.is_file():
            raise DataError(f"{str(path)!r}: there is no such file.")
        if path.suffix not in KINDS:
            raise DataError(f"{str(path)!r} is of unknown kind. Expected {', '.join(KINDS)}.")
        with readable(path):
            return cls(path, KINDS[path.suffix](path))

    def read(self, name: str) -> Any:
        """The array of that name.

        Raises:
            UnknownNameError: There is none.
            DataError: It cannot be read.
        """
        with readable(self.path):
            return self._stored(name).read()

    def blocks(self, name: str) -> Iterator[Any]:
        """The rows of the array of that name, some megabytes at a time; see `array_kinds`.

        Raises:
            UnknownNameError: There is none.
            DataError: It cannot be read.
        """
        with readable(self.path):
            yield from self._stored(name).blocks()

    def listed(self) -> str:
        """The names, for messages."""
        if UNNAMED in self.loaders:
            return "one array without a name"
        return listed(sorted(self.loaders)) or "no array"

    def _stored(self, name: str) -> Stored:
        if name not in self.loaders:
            raise UnknownNameError(f"array of {self.path.name}", name, self.loaders)
        return self.loaders[name]


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
            return self.read_one(query_path, 0, keys), self._one(file, 1, keys)
        names = self._roles()
        if not keys.keys() >= set(names):
            found = [pair for pair in self.pairs if file.loaders.keys() >= set(pair)]
            if len(found) != 1:
                raise DataError(self._unclear(file, found))
            keys = {**dict(zip(names, found[0], strict=True)), **keys}
        return file.read(keys[names[0]]), file.read(keys[names[1]])

    def read_one(self, path: Path, side: int, keys: Mapping[str, str]) -> Any:
        """The array of one side (0: queries, 1: database), in a file of its own; see `read`."""
        return self._one(ArrayFile.open(path), side, keys)

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


def listed(names: Sequence[str]) -> str:
    r"""Names for a message, which is one line and not a long one, whatever they are.

    >>> listed(["features", "a\nb"]), listed("abcdefghijkl")
    ('features, a\\nb', 'a, b, c, d, e, f, g, h, i, j and 2 more')
    """
    shown = ", ".join(repr(name)[1:-1][:_SHOWN] for name in names[:_LISTED])
    return f"{shown} and {len(names) - _LISTED:,} more" if len(names) > _LISTED else shown


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
        objects = "pickle" in str(error) or "Python objects" in str(error)
        why = "it is damaged or holds Python objects" if objects else reason(error)
        raise DataError(f"{str(path)!r} cannot be read ({why}).") from error
