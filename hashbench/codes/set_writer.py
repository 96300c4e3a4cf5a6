"""Writing a set of codes a shard at a time; one that was interrupted is gone on with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hashbench import fingerprint
from hashbench.codes.code_set import EMBEDDINGS, FORMAT, IDS, MANIFEST, SHARED, CodeSet, bytes_of
from hashbench.codes.mapped import load_mapped, save_mapped
from hashbench.codes.storage import Codes
from hashbench.errors import ConfigError, StoreError
from hashbench.files import clear_abandoned, remove_file, require_writable, whole_file

# What is being written, as long as it is not finished.
PLAN = "plan.json"


@dataclass(frozen=True)
class SetWriter:
    """A folder that becomes a `CodeSet`.

    Attributes:
        folder: Where.
        shards: Of how many shards.
        about: Where the codes are from; goes into the manifest.
    """

    folder: Path
    shards: int
    about: Mapping[str, Any]

    @classmethod
    def begin(cls, folder: Path, shards: int, about: Mapping[str, Any]) -> SetWriter:
        """Begin, or go on where the same was interrupted; nothing is written before the first shard.

        Args:
            folder: Where; nothing else may be in it. What is finished there stays as it is.
            shards: How many there will be.
            about: All that decides what the shards will hold, as JSON.

        Raises:
            ConfigError: Something else is in the folder.
            StoreError: The folder cannot be written to.
        """
        require_writable(folder)
        clear_abandoned(folder)
        writer = cls(folder, shards, about)
        begun = writer._begun()
        others = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        if begun is None and others:
            raise ConfigError(
                f"folder {str(folder)!r} already holds {others[0]!r}. "
                "Expected an empty or new folder, or one where the same was begun."
            )
        if begun not in {None, writer._plan}:
            raise ConfigError(
                f"folder {str(folder)!r} holds other codes, or their beginning: of another run, of other "
                "items or in other shards. Expected an empty or new folder, or the same again."
            )
        return writer

    def missing(self) -> list[int]:
        """Numbers of the shards that have not been written."""
        return [number for number in range(self.shards) if not self._path(number).is_file()]

    def put(
        self,
        number: int,
        codes: Codes,
        names: Sequence[str] | None = None,
        embeddings: np.ndarray | None = None,
        beside: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Write a shard, whole or not at all.

        Args:
            number: Which, from 0.
            codes: N codes.
            names: What the items are called; without it, by their places.
            embeddings: float32 (N, D), to be kept beside the codes.
            beside: Other arrays to keep, by name.

        Raises:
            StoreError: The disk refuses, or the codes share other codebooks than those before.
        """
        if self._begun() is None:
            _write_json(self.folder / PLAN, self._plan)
        arrays = codes.arrays()
        shared = {name: array for name, array in arrays.items() if name not in codes.BY_ITEM}
        own = {name: array for name, array in arrays.items() if name in codes.BY_ITEM}
        if names is not None:
            own[IDS] = bytes_of(names)
        if embeddings is not None:
            own[EMBEDDINGS] = embeddings
        self._share({"kind": np.array(codes.KIND), "bits": np.array(codes.bits), **shared})
        with whole_file(self._path(number)) as partial:
            save_mapped(partial, {**own, **(beside or {})})

    def finish(self) -> CodeSet:
        """Write the manifest, once every shard is there.

        Raises:
            StoreError: A shard is missing, or the disk refuses.
        """
        if (self.folder / MANIFEST).is_file():
            return CodeSet.open(self.folder)
        if left := self.missing():
            raise StoreError(f"{str(self.folder)!r} lacks shard {left[0]} of {self.shards}.")
        paths = [self._path(number) for number in range(self.shards)]
        shared = load_mapped(self.folder / SHARED)
        kind = str(shared["kind"])
        first = next(name for name in load_mapped(paths[0]))
        items = {path.name: len(load_mapped(path)[first]) for path in paths}
        hashes = {path.name: fingerprint.of_file(path) for path in [self.folder / SHARED, *paths]}
        stated = {
            "format": FORMAT,
            "kind": kind,
            "bits": int(shared["bits"]),
            "items": sum(items.values()),
            "shards": items,
            "about": dict(self.about),
            "files": hashes,
        }
        _write_json(self.folder / MANIFEST, stated)
        remove_file(self.folder / PLAN)
        return CodeSet.open(self.folder)

    @property
    def _plan(self) -> str:
        """What is being written, as one word."""
        return fingerprint.of_json([self.shards, dict(self.about)])

    def _begun(self) -> str | None:
        """The plan of what is in the folder, begun or finished; None where nothing is."""
        finished = _json_in(self.folder / MANIFEST)
        if finished is not None:
            try:
                return fingerprint.of_json([len(finished["shards"]), finished["about"]])
            except (KeyError, TypeError):
                return ""  # somebody else's: no plan is like it
        begun = _json_in(self.folder / PLAN)
        return None if begun is None else str(begun)

    def _path(self, number: int) -> Path:
        return self.folder / f"shard-{number:05}.npz"

    def _share(self, shared: dict[str, np.ndarray]) -> None:
        """Keep what all items share, or see that it is what was kept.

        Raises:
            StoreError: It is not.
        """
        path = self.folder / SHARED
        if not path.is_file():
            with whole_file(path) as partial:
                save_mapped(partial, shared)
            return
        kept = load_mapped(path)
        if kept.keys() != shared.keys() or any(
            fingerprint.of_array(kept[name]) != fingerprint.of_array(shared[name]) for name in kept
        ):
            raise StoreError(
                f"{str(self.folder)!r}: shards share other codebooks than those before. "
                "Expected codes of one method and state."
            )


def _json_in(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return ""  # damaged: no plan is like it


def _write_json(path: Path, value: Any) -> None:
    with whole_file(path) as partial:
        partial.write_text(json.dumps(value, indent=2, sort_keys=False) + "\n", encoding="utf-8")
