"""What becomes of the tags that people typed, before a method is given them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hashbench.tags.noise import Noise
from hashbench.tags.protocol import TagProtocol
from hashbench.tags.table import TagTable
from hashbench.tags.vocabulary import Vocabulary


@dataclass(frozen=True)
class TagRecipe:
    """A protocol, a vocabulary where one is given, and noise where it is asked for, in this order.

    Attributes:
        protocol: Cleans and chooses.
        vocabulary: The only words to keep; None to let the protocol cut rare ones.
        noise: Damages what is left, so that methods show how much of it they bear.
    """

    protocol: TagProtocol
    vocabulary: Vocabulary | None = None
    noise: Noise | None = None

    def table(self, raw: Sequence[Sequence[str]], label_names: Sequence[str]) -> TagTable:
        """The tags of the training images; see `TagProtocol.table`.

        Raises:
            DataError: No tag is left to learn from.
        """
        words = None if self.vocabulary is None else self.vocabulary.words
        table = self.protocol.table(raw, label_names, words)
        return table if self.noise is None else self.noise.apply(table)

    def identity(self) -> dict[str, Any]:
        """The part of a run's identity."""
        return {
            "name": self.protocol.PLUGIN_NAME,
            "version": self.protocol.VERSION,
            "vocabulary": self.vocabulary.identity() if self.vocabulary else None,
            # No noise at all is no noise, and the same run.
            "noise": self.noise.identity() if self.noise and self.noise.level else None,
        }
