"""From what people typed to comparable tags: small, versioned steps on words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

_SEPARATORS = re.compile(r"[\W_]+")
_IRREGULAR = {
    "buses": "bus", "calves": "calf", "children": "child", "elves": "elf", "feet": "foot", "geese": "goose",
    "halves": "half", "heroes": "hero", "hooves": "hoof", "knives": "knife", "leaves": "leaf",
    "loaves": "loaf", "men": "man", "mice": "mouse", "oxen": "ox", "potatoes": "potato",
    "scarves": "scarf", "shelves": "shelf", "teeth": "tooth", "thieves": "thief", "tomatoes": "tomato",
    "wives": "wife", "wolves": "wolf", "women": "woman",
}  # fmt: skip
# No plurals, or not of the word that is left without the s.
_NO_PLURALS = frozenset(
    {"arms", "binoculars", "chaos", "cosmos", "customs", "falls", "glasses", "goods", "headphones", "jeans"}
    | {"lens", "mars", "news", "olympics", "philippines", "scissors", "shorts", "states", "tights"}
)


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


def singular(word: str, ranks: Mapping[str, int]) -> str:
    """The singular of an English noun, where a list of words bears it out.

    A form that a rule makes is taken if its rank is at most 3 times the word's: "texa" is in no list, and
    "serie" is much rarer than "series".

    Args:
        word: A normalised word.
        ranks: Rank of each known word by frequency, from 1.

    >>> ranks = {"movie": 1006, "movies": 2460, "series": 282, "serie": 7609, "cat": 5451}
    >>> [singular(word, ranks) for word in ("movies", "series", "cats", "texas", "leaves")]
    ['movie', 'series', 'cat', 'texas', 'leaf']
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _NO_PLURALS or stem(word) == word or not word.isalpha():
        return word
    known = [form for form in (stem(word), word[:-1]) if form in ranks]
    best = min(known, key=ranks.__getitem__, default=word)
    return best if best != word and ranks[best] <= 3 * ranks.get(word, ranks[best]) else word


def label_words(names: Iterable[str]) -> frozenset[str]:
    """Every word of the label names, stemmed.

    >>> sorted(label_words(["plant_life", "Animals"]))
    ['animal', 'life', 'plant']
    """
    return frozenset(stem(word) for name in names for word in words(normalise(name)))
