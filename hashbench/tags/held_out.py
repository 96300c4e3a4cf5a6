"""Ground truth where nobody labelled anything: some of the tags are held out and no method sees them.

The words are divided, not the images. N = images, C = held-out tags.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hashbench import fingerprint
from hashbench.errors import DataError
from hashbench.tags.steps import (
    without_camera_words,
    without_diacritics,
    without_machine_tag,
    without_stop_words,
)
from hashbench.tags.text import label_words, normalise, singular, stem, words

# A tag that fewer images carry leaves too little to find; one that more carry is no search.
MIN_IMAGES = 10
MOST_SHARE = 4
# One in so many of the tags that may be held out is.
PART = 3
MIN_HELD_OUT, MAX_HELD_OUT = 2, 1_000
# A shorter one is part of too many other words.
_MIN_INSIDE = 3
# A longer one is a sentence.
_MAX_LETTERS = 64
_SALT = "held-out tag"


@dataclass(frozen=True)
class HeldOut:
    """Tags, divided into those that methods may see and those that say what is relevant.

    Attributes:
        tags: For each image the tags that methods may see, as typed.
        names: C held-out tags, stemmed and sorted.
        labels: bool (N, C), which image carries which of them, in its tags or within longer ones.
    """

    tags: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]
    labels: np.ndarray


def hold_out(tags: Sequence[Sequence[str]]) -> HeldOut:
    """Hold out a third of the tags that are neither rare nor common, and all that tells of them.

    Tags count as one where they differ in case, separators, accents or plural. Those may be held out that
    at least `MIN_IMAGES` images and at most one image in `MOST_SHARE` carry, and that say something of the
    picture: no years, cameras or filler. The choice follows a hash of the tag, so that it needs no seed,
    and images that are added change little of it. Withheld with them is every tag that shares a word with
    one of them, spells one within a word, or is spelt within one.

    Args:
        tags: For each image the tags as typed.

    Raises:
        DataError: Too few tags may be held out, or none is left to learn from.

    >>> kinds = (("Sunsets", "pier"), ("red sunset", "lawn"), ("dog", "cat"), ("sofa", "rose"))
    >>> held_out = hold_out([kinds[image % 4] for image in range(40)] + [()] * 40)
    >>> held_out.names, held_out.tags[:4]
    (('dog', 'sunset'), (('pier',), ('lawn',), ('cat',), ('sofa', 'rose')))
    >>> held_out.labels[:4].astype(int).tolist()
    [[0, 1], [0, 1], [1, 0], [0, 0]]
    """
    keys = {tag: _key(tag) for tag in {tag for typed in tags for tag in typed}}
    lists = [{keys[tag] for tag in typed} - {""} for typed in tags]
    carriers = _carriers(lists)
    most = len(tags) // MOST_SHARE
    eligible = [key for key, found in carriers.items() if _may_be_held_out(key, len(found), most)]
    names = tuple(sorted(sorted(eligible, key=_place)[: min(len(eligible) // PART, MAX_HELD_OUT)]))
    if len(names) < MIN_HELD_OUT:
        raise DataError(
            f"{len(eligible)} tags are carried by {MIN_IMAGES} to {most:,} of {len(tags):,} images. "
            f"Expected {MIN_HELD_OUT * PART} or more."
        )
    labels = np.zeros((len(tags), len(names)), dtype=np.bool_)
    for column, name in enumerate(names):
        labels[list(carriers[name]), column] = True
    telling = _telling(set(keys.values()), names)
    visible = tuple(tuple(tag for tag in typed if keys[tag] not in telling) for typed in tags)
    if not any(visible):
        raise DataError(f"no tag is left to learn from beside {len(names)} held-out ones.")
    return HeldOut(visible, names, labels)


def _key(tag: str) -> str:
    """What a tag has in common with its other spellings."""
    plain = normalise(without_diacritics(tag))
    return " ".join(stem(singular(word, {})) for word in words(plain))


def _may_be_held_out(key: str, images: int, most: int) -> bool:
    """Whether it is neither rare nor common, and says something of the picture."""
    telling = without_stop_words(without_camera_words(without_machine_tag(key)))
    return MIN_IMAGES <= images <= most and 0 < len(telling) <= _MAX_LETTERS


def _place(key: str) -> str:
    return fingerprint.of_strings([_SALT, key])


def _carriers(lists: Sequence[Collection[str]]) -> dict[str, set[int]]:
    """The images that carry each key, in whole or among more words: "red sunset" is a sunset."""
    own: dict[str, set[int]] = {}
    for image, keys in enumerate(lists):
        for key in keys:
            own.setdefault(key, set()).add(image)
    parts = {key: frozenset(words(key)) for key in own}
    with_word: dict[str, list[str]] = {}
    for key, of_key in parts.items():
        for word in of_key:
            with_word.setdefault(word, []).append(key)
    return {
        key: set().union(
            *(
                own[longer]
                for longer in min((with_word[word] for word in of_key), key=len)
                if of_key <= parts[longer]
            )
        )
        for key, of_key in parts.items()
    }


def _telling(keys: Collection[str], names: Collection[str]) -> set[str]:
    """The keys that share a word with a name, spell one within a word, or are spelt within one.

    Where "sunset" is held out, "redsunset" tells of it, and so does "golden gate" of "goldengatebridge".
    """
    forbidden = label_words(names)
    joined = {name.replace(" ", "") for name in names}
    lengths = {len(name) for name in joined if len(name) >= _MIN_INSIDE}
    within = {
        part for name in joined for length in range(_MIN_INSIDE, len(name)) for part in _parts(name, length)
    }

    def tells(key: str) -> bool:
        text, of_key = key.replace(" ", ""), words(key)
        spelt = (part for length in lengths for part in _parts(text, length))
        return not (
            forbidden.isdisjoint(of_key) and within.isdisjoint([text, *of_key]) and joined.isdisjoint(spelt)
        )

    return {key for key in keys if tells(key)}


def _parts(text: str, length: int) -> Iterator[str]:
    """All that stands in a text at so many letters."""
    return (text[start : start + length] for start in range(len(text) - length + 1))
