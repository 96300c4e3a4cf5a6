"""Tag protocols: which of the typed words a weakly supervised method is given.

A protocol is part of a run's identity, so each has a name and a version.

N = images, M = tags as typed, over all images.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import ClassVar

import numpy as np

from hashbench.errors import DataError
from hashbench.tags.steps import (
    CAMERA_WORDS,
    COMPOUNDS,
    DIACRITICS,
    LABEL_COMPOUNDS,
    LABEL_WORDS,
    LATIN,
    MACHINE_TAGS,
    NORMALISE,
    PLURALS,
    STOP_TAGS,
    Change,
    Step,
)
from hashbench.tags.table import TagTable


class TagProtocol:
    """Turns raw tags into a `TagTable`; plugins return subclasses from `hashbench_tag_protocols`.

    The vocabulary is made from the training images' tags and the label names alone.

    Attributes:
        PLUGIN_NAME: What the user types after `--protocol`.
        VERSION: Raised whenever the same raw tags would give another table.
        DESCRIPTION: One line for `hashbench datasets`.
        STEPS: What happens to a tag, in order.
        MIN_IMAGES: A tag that fewer training images carry is dropped.
        IS_DEFAULT: Whether a run without `--protocol` uses it.
    """

    PLUGIN_NAME: ClassVar[str]
    VERSION: ClassVar[int] = 1
    DESCRIPTION: ClassVar[str]
    STEPS: ClassVar[tuple[Step, ...]]
    MIN_IMAGES: ClassVar[int] = 5
    IS_DEFAULT: ClassVar[bool] = False

    def steps(self) -> tuple[str, ...]:
        """What the protocol does, in order and in words."""
        return (*(step.name for step in self.STEPS), f"tags of at least {self.MIN_IMAGES} training images")

    def change(self, label_names: Sequence[str]) -> Change:
        """All steps on one tag as typed: the tag that is handed out, or "" where it goes."""
        changes = [step.given(label_names) for step in self.STEPS]

        def changed(tag: str) -> str:
            for change in changes:
                if not tag:
                    break
                tag = change(tag)
            return tag

        return changed

    def table(
        self,
        raw: Sequence[Sequence[str]],
        label_names: Sequence[str],
        vocabulary: Iterable[str] | None = None,
    ) -> TagTable:
        """Take each tag through the steps, and cut rare ones.

        Args:
            raw: For each training image the tags as typed.
            label_names: The words that name the labels (not which image carries them).
            vocabulary: The only words to keep, which go through the same steps; then a tag is not cut for
                being rare, but only if no training image carries it. None keeps all.

        Raises:
            DataError: No tag is left to learn from.
        """
        change = self.change(label_names)
        typed, number = _numbered(chain.from_iterable(raw))
        tags = [change(tag) for tag in typed]
        left = {tag for tag in tags if tag}
        kept = left if vocabulary is None else left & {change(word) for word in vocabulary}
        images = np.repeat(np.arange(len(raw)), np.fromiter(map(len, raw), np.int64, len(raw)))
        table = _mark(images, number, tags, len(raw), tuple(sorted(kept)))
        table = table.carried_by(self.MIN_IMAGES if vocabulary is None else 1)
        if table.vocabulary:
            return table
        reason = f"none of {len(left)} is carried by {self.MIN_IMAGES} training images or more."
        if vocabulary is not None:
            reason = "no training image carries a word of the vocabulary."
        raise DataError(f"tag protocol {self.PLUGIN_NAME!r} leaves no tag: {reason}")


class _Numbers(dict[str, int]):
    """Numbers what it is asked for, in the order in which it is asked."""

    def __missing__(self, tag: str) -> int:
        self[tag] = len(self)
        return self[tag]


def _numbered(tags: Iterable[str]) -> tuple[_Numbers, np.ndarray]:
    """The distinct strings, and for each of M the number of its own: int32 (M,)."""
    numbers = _Numbers()
    return numbers, np.fromiter(map(numbers.__getitem__, tags), np.int32)


def _mark(
    images: np.ndarray, number: np.ndarray, tags: list[str], count: int, vocabulary: tuple[str, ...]
) -> TagTable:
    """The table of the tags that the typed ones have become.

    Args:
        images: int64 (M,), who carries a typed tag.
        number: int32 (M,), which of the distinct typed ones it is.
        tags: What each distinct one has become.
        count: N.
        vocabulary: What is marked.
    """
    place = {tag: t for t, tag in enumerate(vocabulary)}
    column = np.array([place.get(tag, -1) for tag in tags], np.int32)[number]
    marked = column >= 0
    return TagTable.from_marks(images[marked], column[marked], count, vocabulary)


class PlainTags(TagProtocol):
    """All tags."""

    PLUGIN_NAME = "tags"
    DESCRIPTION = "every tag that at least 5 training images carry"
    STEPS = (NORMALISE,)
    IS_DEFAULT = True


class TagsWithoutLabelWords(TagProtocol):
    """All tags but those that say a label's name: the harder, more honest protocol.

    Some collections' tags repeat the very words of the ground truth, because people typed the name
    of the folder. A tag goes if any of its words is a word of a label's name, in singular or plural.
    """

    PLUGIN_NAME = "tags-no-label-words"
    DESCRIPTION = "the same, without tags that contain a word of a label's name"
    STEPS = (*PlainTags.STEPS, LABEL_WORDS)


class PhotoTags(TagProtocol):
    """Tags as photo sites have them, cleaned: what is in the picture, in comparable English words."""

    PLUGIN_NAME = "photo-tags"
    DESCRIPTION = "photo sites' tags without machines, cameras and filler; compounds split, plurals folded"
    STEPS = (MACHINE_TAGS, DIACRITICS, NORMALISE, LATIN, CAMERA_WORDS, COMPOUNDS, STOP_TAGS, PLURALS)


class PhotoTagsWithoutLabelWords(TagProtocol):
    """The same without tags that say a label's name, in compounds too."""

    PLUGIN_NAME = "photo-tags-no-label-words"
    DESCRIPTION = "the same, without tags that contain a word of a label's name, in compounds too"
    STEPS = (*PhotoTags.STEPS, LABEL_COMPOUNDS)
