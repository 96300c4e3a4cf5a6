"""A set of codes as a folder: many files of some items each, so that nothing has to load all of them.

    codes.json         what is in the folder, with the SHA-256 of every file; written last
    shared.npz         what all items share: codebooks, say
    shard-00000.npz    arrays with a row an item, memory-mapped when they are looked at
    shard-00001.npz    ...

N = items, D = embedding dimensions.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hashbench import fingerprint
from hashbench.codes.mapped import load_mapped
from hashbench.codes.storage import Codes, codes_of
from hashbench.errors import DataError, reason

MANIFEST = "codes.json"
SHARED = "shared.npz"
FORMAT = 1
# Names of arrays beside those of the codes.
IDS = "ids"
EMBEDDINGS = "embeddings"


def bytes_of(texts: Iterable[str]) -> np.ndarray:
    """Words as UTF-8 in an array, which can be mapped; names of files that are none stay what they are."""
    return np.array([text.encode(errors="surrogateescape") for text in texts], dtype=np.bytes_)


def text_of(entry: bytes) -> str:
    r"""One of them again, as it can be shown.

    >>> text_of(bytes_of(["Bär.jpg"])[0]), text_of(b"B\xe4r.jpg")
    ('Bär.jpg', 'B�r.jpg')
    """
    return bytes(entry).decode(errors="replace")


@dataclass(frozen=True)
class Shard:
    """Some items of a set.

    Attributes:
        path: The file.
        items: How many.
        first: Place of the first of them in the set.
        kind: Of what kind the codes are.
        shared: What all items of the set share.
    """

    path: Path
    items: int
    first: int
    kind: str
    shared: Mapping[str, np.ndarray] = field(repr=False)

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """The file's arrays, memory-mapped: those of the codes, and whatever was written beside them.

        Raises:
            DataError: The file is missing or damaged.
        """
        return load_mapped(self.path)

    def codes(self) -> Codes:
        """The codes of its items.

        Raises:
            DataError: The file is missing or damaged, or holds other codes than the manifest says.
        """
        try:
            codes = codes_of(self.kind, {**self.shared, **self.arrays})
        except (ValueError, KeyError) as error:
            raise DataError(f"{str(self.path)!r} does not hold codes ({reason(error)}).") from error
        if len(codes) != self.items:
            raise DataError(f"{str(self.path)!r} holds {len(codes):,} codes. Expected {self.items:,}.")
        return codes

    def name(self, row: int) -> str:
        """What an item is called: a picture's name, or its place in the set where it has none."""
        if IDS not in self.arrays:
            return str(self.first + row)
        return text_of(self.arrays[IDS][row])

    def embeddings(self) -> np.ndarray | None:
        """float32 (N, D), what the codes were made from; None where it was not kept."""
        return self.arrays.get(EMBEDDINGS)


@dataclass(frozen=True)
class CodeSet:
    """A folder of codes.

    Attributes:
        folder: Where it is.
        kind: Of what kind the codes are.
        bits: Bits an item.
        shards: Its files.
        shared: What all items share.
        about: Where the codes are from: the run that made them, what was encoded, what was left out.
    """

    folder: Path
    kind: str
    bits: int
    shards: tuple[Shard, ...]
    shared: Mapping[str, np.ndarray] = field(repr=False)
    about: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def open(cls, folder: Path) -> CodeSet:
        """Read what the folder says of itself; its shards are opened when they are asked for.

        Raises:
            DataError: It is no such folder, is not whole, or is of a later format.
        """
        try:
            stated = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            if stated["format"] != FORMAT:
                raise ValueError(f"format {stated['format']}, not {FORMAT}")
            kind, bits, about = str(stated["kind"]), int(stated["bits"]), dict(stated["about"])
            shared = load_mapped(folder / SHARED) if SHARED in stated["files"] else {}
            shards, first = [], 0
            for name, items in stated["shards"].items():
                shards.append(Shard(folder / name, int(items), first, kind, shared))
                first += int(items)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"{str(folder)!r} is no set of codes ({reason(error)}). Expected a folder that "
                "`hashbench encode` has finished."
            ) from error
        return cls(folder, kind, bits, tuple(shards), shared, about)

    def __len__(self) -> int:
        return sum(shard.items for shard in self.shards)

    @property
    def bytes_per_item(self) -> int:
        """Bytes an item."""
        return self.bits // 8

    def at(self, place: int) -> tuple[Shard, int]:
        """The shard that holds the item at that place of the set, and its row there."""
        shard = self.shards[bisect_right(self.shards, place, key=lambda one: one.first) - 1]
        return shard, place - shard.first

    def name(self, place: int) -> str:
        """What the item at that place of the set is called."""
        shard, row = self.at(place)
        return shard.name(row)

    def damaged(self) -> Iterator[tuple[str, str]]:
        """The files that are not as they were written, and what is wrong with each."""
        stated = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
        for name, wanted in stated["files"].items():
            path = self.folder / name
            if not path.is_file():
                yield name, "is missing"
            elif (actual := fingerprint.of_file(path)) != wanted:
                yield name, f"has SHA-256 {actual}. Expected {wanted}"
