"""Which image carries which tag, after a tag protocol.

N = images, T = tags.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class TagTable:
    """A vocabulary and the images' sparse incidence with it.

    Attributes:
        vocabulary: T tags, sorted.
        incidence: sparse bool (N, T); row n marks the tags of image n.
    """

    vocabulary: tuple[str, ...]
    incidence: sparse.csr_array

    def __len__(self) -> int:
        return int(self.incidence.shape[0])

    @classmethod
    def from_lists(cls, lists: list[list[str]], vocabulary: tuple[str, ...]) -> TagTable:
        """Mark each image's tags; words outside the vocabulary are left out.

        >>> table = TagTable.from_lists([["cat", "pet"], ["dog"]], ("cat", "dog"))
        >>> table.incidence.toarray().astype(int).tolist()
        [[1, 0], [0, 1]]
        """
        column = {tag: t for t, tag in enumerate(vocabulary)}
        rows = [n for n, tags in enumerate(lists) for tag in tags if tag in column]
        columns = [column[tag] for tags in lists for tag in tags if tag in column]
        return cls.from_marks(np.array(rows, np.int64), np.array(columns, np.int64), len(lists), vocabulary)

    @classmethod
    def from_marks(
        cls, rows: np.ndarray, columns: np.ndarray, images: int, vocabulary: tuple[str, ...]
    ) -> TagTable:
        """Mark pairs of image and tag; a pair that comes twice counts once.

        Args:
            rows: Integers (M,), images.
            columns: Integers (M,), their tags' places in the vocabulary.
            images: N.
            vocabulary: T tags.
        """
        marks = np.ones(len(rows), dtype=np.bool_)
        matrix = sparse.coo_array((marks, (rows, columns)), shape=(images, len(vocabulary)))
        incidence = matrix.tocsr()
        incidence.sum_duplicates()
        return cls(vocabulary, incidence.astype(np.bool_))

    def carried(self) -> np.ndarray:
        """Int64 (T,), images that carry each tag."""
        return np.bincount(self.incidence.indices, minlength=len(self.vocabulary))

    def carried_by(self, images: int) -> TagTable:
        """The table of the tags that at least so many images carry.

        >>> TagTable.from_lists([["cat", "pet"], ["cat"]], ("cat", "pet")).carried_by(2).vocabulary
        ('cat',)
        """
        kept = np.flatnonzero(self.carried() >= images)
        if len(kept) == len(self.vocabulary):
            return self
        return TagTable(tuple(self.vocabulary[t] for t in kept), self.incidence[:, kept])
