"""How NUS-WIDE's splits are drawn, also where photos are missing.

N = images that are there, C = labels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hashbench.data.drawing import Sizes, alone, draw, draw_by_label

_SEED = 0


@dataclass(frozen=True)
class Plan:
    """What a split is to hold.

    Attributes:
        sizes: The parts of it if no photo is missing; if some are, the database is what is left.
        by_label: Whether as many queries and training images are drawn of each label.
        unlabelled: Whether images without a label may be learnt from and searched through. None is a
            query, as it would have nothing to find.
    """

    sizes: Sizes
    by_label: bool = False
    unlabelled: bool = False

    def draw(
        self, labels: np.ndarray, hashes: tuple[str, ...]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw queries, database and training images, int64, each ascending.

        Args:
            labels: bool (N, C).
            hashes: N content hashes.

        Raises:
            DataError: There are too few images.
        """
        labelled = labels.any(axis=1)
        queries = alone(hashes) & labelled
        if self.by_label:
            query, train = ((size or 0) // labels.shape[1] for size in (self.sizes.query, self.sizes.train))
            return draw_by_label(labels, queries, query, train, _SEED)
        candidates = np.arange(len(labels)) if self.unlabelled else np.flatnonzero(labelled)
        left = max(1, len(candidates) - self.sizes.query)
        database = min(self.sizes.database or left, left)
        return draw(candidates, queries, replace(self.sizes, database=database), _SEED)
