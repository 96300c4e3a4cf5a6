"""What identifies a run. Equal identity, equal result: a run that is in the store is not run again."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from hashbench import fingerprint

# Raised when the core changes in a way that gives equal specs other results.
RUN_VERSION = 3
# What stands for a backbone where a data set holds features.
PRECOMPUTED = "precomputed"


@dataclass(frozen=True)
class RunSpec:
    """Every coordinate of a run that its result depends on.

    Attributes:
        method: Name and version of the method, its validated settings, and hashes of the files that
            these name.
        bits: Bits an item.
        dataset: Name, hashes of images, tags and labels, what the labels are (`TruthKind`), and the kind
            of tags, where there are several.
        split: Name, and hash of the manifest.
        protocol: Name and version of the tag protocol, the vocabulary and the noise, where there are such.
        web: Name and hash of the web set, where the method learns from one.
        backbone: Name, version, weights hash and transform.
        seed: The seed.
    """

    method: dict[str, Any]
    bits: int
    dataset: dict[str, str]
    split: dict[str, str]
    protocol: dict[str, Any]
    web: dict[str, str] | None
    backbone: dict[str, Any]
    seed: int

    def as_json(self) -> dict[str, Any]:
        """All coordinates, and the version of the core's part."""
        return deepcopy(self._coordinates)

    def key(self) -> str:
        """SHA-256 of all coordinates."""
        return self._key

    @cached_property
    def _key(self) -> str:
        return fingerprint.of_json(self._coordinates)

    @property
    def _coordinates(self) -> dict[str, Any]:
        return {"version": RUN_VERSION} | {one.name: getattr(self, one.name) for one in fields(self)}

    def key_of_seeds(self) -> str:
        """SHA-256 of what runs have in common that differ in their seed alone."""
        return fingerprint.of_json(self._coordinates | {"seed": 0})

    def comparable(self) -> str:
        """SHA-256 of what two runs must have in common for their scores to be compared.

        The backbone is not in it: features are a part of how a method finds what is relevant.
        """
        return fingerprint.of_json([self.dataset, self.split, self.protocol])

    def run_id(self) -> str:
        """A folder name that says the main coordinates and ends in the key's first 12 digits."""
        parts = (
            self.method["name"],
            f"{self.bits}b",
            self.dataset["name"],
            self.protocol["name"],
            f"s{self.seed}",
            self.key()[:12],
        )
        return "_".join(parts)
