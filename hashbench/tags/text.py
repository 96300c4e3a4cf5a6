"""From what people typed to comparable tags: small, versioned steps on words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_SEPARATORS = re.compile(r"[\W_]+")


def normalise(tag: str) -> str:
    r"""Compatibility-normalise, lower-case, and join a tag's words by single spaces.

    >>> normalise("  Golden_Gate-Bridge! ")
    'golden gate bridge'
    >>> normalise("CAFÉ") == normalise("Cafe\u0301")
    True
    """
    folded = unicodedata.normalize("NFKC", tag).casefold()
    return _SEPARATORS.sub(" ", folded).strip()


def words(tag: str) -> list[str]:
    """The words of a normalised tag.

    >>> words("golden gate")
    ['golden', 'gate']
    """
    return tag.split()


def stem(word: str) -> str:
    """Strip a plain English plural, so that "animals" and "animal" count as one label word.

    >>> [stem(w) for w in ("animals", "boxes", "berries", "glass", "people", "bus")]
    ['animal', 'box', 'berry', 'glass', 'people', 'bus']
    """
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("xes", "ches", "shes", "sses", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def label_words(names: Iterable[str]) -> frozenset[str]:
    """Every word of the label names, stemmed.

    >>> sorted(label_words(["plant_life", "Animals"]))
    ['animal', 'life', 'plant']
    """
    return frozenset(stem(word) for name in names for word in words(normalise(name)))
