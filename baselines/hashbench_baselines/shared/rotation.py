"""Random rotations: where rotations that are learnt start from, and what a random one is."""

from __future__ import annotations

import numpy as np

from hashbench.training.seeding import numpy_generator


def random_rotation(width: int, seed: int, purpose: str) -> np.ndarray:
    """An orthogonal matrix of that width, float64, which follows the run's seed; one for each purpose.

    >>> turn = random_rotation(3, seed=0, purpose="itq")
    >>> bool(np.allclose(turn @ turn.T, np.eye(3)))
    True
    """
    turn, _ = np.linalg.qr(numpy_generator(seed, purpose).standard_normal((width, width)))
    return turn
