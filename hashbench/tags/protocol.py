"""Tag protocols: which of the typed words a weakly supervised method is given.

A protocol is part of a run's identity, so each has a name and a version.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from hashbench.errors import DataError
from hashbench.tags.table import TagTable
from hashbench.tags.text import label_words, normalise, stem, words


class TagProtocol(ABC):
    """Turns raw tags into a `TagTable`; plugins return subclasses from `hashbench_tag_protocols`.

    The vocabulary is made from the training images alone.

    Attributes:
        PLUGIN_NAME: What the user types after `--protocol`.
        VERSION: Raised whenever the same raw tags would give another table.
        DESCRIPTION: One line for `hashbench datasets`.
        MIN_IMAGES: A tag that fewer training images carry is dropped.
        IS_DEFAULT: Whether a run without `--protocol` uses it.
    """

    PLUGIN_NAME: ClassVar[str]
    VERSION: ClassVar[int] = 1
    DESCRIPTION: ClassVar[str]
    MIN_IMAGES: ClassVar[int] = 5
    IS_DEFAULT: ClassVar[bool] = False

    @abstractmethod
    def keep(self, tag: str, forbidden: frozenset[str]) -> bool:
        """Whether a normalised tag is handed out, given the stemmed words of the label names."""

    def table(self, raw: Sequence[Sequence[str]], label_names: Sequence[str]) -> TagTable:
        """Normalise, choose, cut rare tags.

        Args:
            raw: For each training image the tags as typed.
            label_names: The words that name the labels (not which image carries them).

        Raises:
            DataError: No tag is left to learn from.
        """
        forbidden = label_words(label_names)
        lists = [
            sorted({tag for typed in tags if (tag := normalise(typed)) and self.keep(tag, forbidden)})
            for tags in raw
        ]
        counts = Counter(tag for tags in lists for tag in tags)
        vocabulary = tuple(sorted(tag for tag, n in counts.items() if n >= self.MIN_IMAGES))
        if not vocabulary:
            raise DataError(
                f"tag protocol {self.PLUGIN_NAME!r} leaves no tag: none of {len(counts)} is carried by "
                f"{self.MIN_IMAGES} training images or more."
            )
        return TagTable.from_lists(lists, vocabulary)


class PlainTags(TagProtocol):
    """All tags."""

    PLUGIN_NAME = "tags"
    DESCRIPTION = "every tag that at least 5 training images carry"
    IS_DEFAULT = True

    def keep(self, tag: str, forbidden: frozenset[str]) -> bool:
        """Keep every tag."""
        return True


class TagsWithoutLabelWords(TagProtocol):
    """All tags but those that say a label's name: the harder, more honest protocol.

    Some collections' tags repeat the very words of the ground truth, because people typed the name
    of the folder. A tag goes if any of its words is a word of a label's name, in singular or plural.
    """

    PLUGIN_NAME = "tags-no-label-words"
    DESCRIPTION = "the same, without tags that contain a word of a label's name"

    def keep(self, tag: str, forbidden: frozenset[str]) -> bool:
        """Keep a tag that shares no word with the label names."""
        return not any(stem(word) in forbidden for word in words(tag))
