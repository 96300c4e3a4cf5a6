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
        marks = np.ones(len(rows), dtype=np.bool_)
        shape = (len(lists), len(vocabulary))
        matrix = sparse.coo_array((marks, (rows, columns)), shape=shape)
        incidence = matrix.tocsr()
        incidence.sum_duplicates()
        return cls(vocabulary, incidence.astype(np.bool_))
