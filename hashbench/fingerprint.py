"""Content hashes: what a cache entry or a run depends on, reduced to a short name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np


def of_json(value: Any) -> str:
    """SHA-256 of a JSON value; equal values give equal hashes whatever the order of their keys.

    >>> of_json({"a": 1, "b": 2}) == of_json({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def of_array(array: np.ndarray) -> str:
    """SHA-256 of an array's dtype, shape and bytes."""
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def of_bytes(content: bytes) -> str:
    """SHA-256 of some bytes: an encoded image, say."""
    return hashlib.sha256(content).hexdigest()


def of_strings(strings: Iterable[str]) -> str:
    """SHA-256 of a sequence of strings, in order, unambiguous about where each one ends."""
    return of_json(list(strings))


def of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
