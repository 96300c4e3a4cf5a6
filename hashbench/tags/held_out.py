"""Ground truth where nobody labelled anything: some of the tags are held out and no method sees them.

The words are divided, not the images. N = images, C = held-out tags.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hashbench import fingerprint
from hashbench.errors import DataError
from hashbench.tags.steps import (
    split_compounds,
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
    filler = {key for tag, key in keys.items() if not _says_something(tag)}
    eligible = [
        key for key, found in carriers.items() if MIN_IMAGES <= len(found) <= most and key not in filler
    ]
    names = tuple(sorted(sorted(eligible, key=_place)[: min(len(eligible) // PART, MAX_HELD_OUT)]))
    if len(names) < MIN_HELD_OUT:
        raise DataError(
            f"{len(eligible)} tags are carried by {MIN_IMAGES} to {most:,} of {len(tags):,} images. "
            f"Expected {MIN_HELD_OUT * PART} or more."
        )
    labels = np.zeros((len(tags), len(names)), dtype=np.bool_)
    for column, name in enumerate(names):
        labels[list(carriers[name]), column] = True
    telling = _telling(keys, frozenset(names))
    visible = tuple(tuple(tag for tag in typed if tag not in telling) for typed in tags)
    if not any(visible):
        raise DataError(f"no tag is left to learn from beside {len(names)} held-out ones.")
    return HeldOut(visible, names, labels)


def _key(tag: str) -> str:
    """What a tag has in common with its other spellings."""
    return _stemmed(_plain(tag))


def _plain(tag: str) -> str:
    return normalise(without_diacritics(tag))


def _stemmed(plain: str) -> str:
    return " ".join(stem(singular(word, {})) for word in words(plain))


def _says_something(tag: str) -> bool:
    """Whether a tag as typed is of the picture; stems and lost signs would hide that it is not."""
    telling = without_stop_words(without_camera_words(_plain(without_machine_tag(tag))))
    return 0 < len(telling) <= _MAX_LETTERS


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


def _telling(keys: Mapping[str, str], names: Collection[str]) -> set[str]:
    """The tags that share a word with a held-out one, spell one within a word, or are spelt within one.

    Where "sunset" is held out, "redsunset" tells of it, and so does "golden gate" of "goldengatebridge".
    Plurals within a word show in the forms that people typed, or once it is split: "autumnleaves".

    Args:
        keys: The key of each tag as typed.
        names: The held-out keys.
    """
    split = {tag: _stemmed(split_compounds(_plain(tag))) for tag in keys}
    typed = [tag for tag, key in keys.items() if key in names]
    hidden = {*names, *(split[tag] for tag in typed)}
    forbidden = label_words(hidden)
    spelt = {form.replace(" ", "") for form in (*hidden, *map(_plain, typed))}
    joined = spelt | {stem(form) for form in spelt}
    lengths = {len(form) for form in joined if len(form) >= _MIN_INSIDE}
    whole = {name.replace(" ", "") for name in hidden}
    within = {
        part for name in whole for length in range(_MIN_INSIDE, len(name)) for part in _parts(name, length)
    }

    def tells(key: str) -> bool:
        text, of_key = key.replace(" ", ""), words(key)
        inside = (part for length in lengths for part in _parts(text, length))
        return not (
            forbidden.isdisjoint(of_key)
            and within.isdisjoint([text, *of_key])
            and joined.isdisjoint(inside)
        )

    return {tag for tag, key in keys.items() if tells(key) or tells(split[tag])}


def _parts(text: str, length: int) -> Iterator[str]:
    """All that stands in a text at so many letters."""
    return (text[start : start + length] for start in range(len(text) - length + 1))
