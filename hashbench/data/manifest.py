"""Splits as files: the content hashes of each part, so that they survive another order of the images."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hashbench.data.collection import Collection
from hashbench.data.split import PARTS, WORDS, Split
from hashbench.errors import DataError


def read_manifest(path: Path, images: Collection) -> Split:
    """The split that a manifest names: what `Split.manifest` gives, and every run folder holds.

    Raises:
        DataError: The file is missing or no manifest, or names content that no image has.
        LeakError: A query is also a database or training image.
    """
    stored = _stored(path)
    places = defaultdict(list)
    for place, content in enumerate(images.hashes):
        places[content].append(place)
    parts = {"query": _places(path, "query", stored["query"], places, images.name)}
    taken = set(parts["query"].tolist())
    # A published split may search through a copy of what it searches with: a query's place is no other's.
    free = {content: [p for p in found if p not in taken] or found for content, found in places.items()}
    parts |= {part: _places(path, part, stored[part], free, images.name) for part in PARTS[1:]}
    words = {word: str(stored[word]) for word in WORDS if word in stored}
    return Split(str(stored["name"]), parts["query"], parts["database"], parts["train"], **words)


def _stored(path: Path) -> dict[str, Any]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"split manifest {str(path)!r} cannot be read ({error}).") from error
    if not isinstance(stored, dict) or not stored.keys() >= {"name", *PARTS}:
        raise DataError(
            f"{str(path)!r} is no split manifest. Expected an object with name, {', '.join(PARTS)}."
        )
    for part in PARTS:
        if not isinstance(stored[part], list) or not all(isinstance(item, str) for item in stored[part]):
            raise DataError(
                f"split manifest {str(path)!r}: {part} is no list of content hashes. Expected strings."
            )
    return stored


def _places(
    path: Path, part: str, contents: list[str], places: dict[str, list[int]], name: str
) -> np.ndarray:
    """Where the images of a part are; where several have one content, each mention means the next."""
    missing = [content for content in contents if content not in places]
    if missing:
        raise DataError(
            f"split manifest {str(path)!r}: {len(missing):,} of {len(contents):,} images of part {part!r} "
            f"are not in {name}, {missing[0]!r} among them. Expected content hashes of its images."
        )
    left: dict[str, Iterator[int]] = {content: iter(places[content]) for content in set(contents)}
    try:
        return np.array([next(left[content]) for content in contents], dtype=np.int64)
    except StopIteration:
        raise DataError(
            f"split manifest {str(path)!r}: part {part!r} names an image more often than {name} has it."
        ) from None
