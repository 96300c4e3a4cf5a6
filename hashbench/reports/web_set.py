"""What is in a web set: images a concept, damaged ones, ones that several searches found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hashbench.data.web import WebSet
from hashbench.runs.data import PreparedDataset


def describe(found: WebSet, data: PreparedDataset, damaged: Mapping[int, str]) -> dict[str, Any]:
    """What is in a web set, ready to be printed as JSON.

    Args:
        found: The web set.
        data: The data set that it was checked against.
        damaged: Why an image cannot be decoded, by its place in the web set.
    """
    places = list(zip(found.images.hashes, found.found_by.tolist(), strict=True))
    searches = Counter(content for content, _ in set(places))
    counts = {
        "images": Counter(concept for _, concept in places),
        "undecodable": Counter(places[index][1] for index in damaged),
        "found_by_others": Counter(concept for content, concept in places if searches[content] > 1),
    }
    named = {_plain(concept) for concept in found.concepts}
    return {
        "name": found.images.name,
        "images": len(found.images),
        "concepts": [
            {"name": concept, **{what: count[place] for what, count in counts.items()}}
            for place, concept in enumerate(found.concepts)
        ],
        "undecodable": {found.images.ids[index]: reason for index, reason in damaged.items()},
        "holds_none_of": {"dataset": data.images.name, "images": len(data.images)},
        "labels_without_concept": [
            label for label in data.dataset.label_names() if _plain(label) not in named
        ],
    }


def _plain(name: str) -> str:
    """A name without regard to case and to what its words are joined by."""
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())
