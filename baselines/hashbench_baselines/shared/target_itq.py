"""What the hash functions share that ITQ makes of directions which tags or labels have chosen.

N = images, F = feature dimensions, d = directions, b = bits.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from pydantic import Field

from hashbench.data.views import TrainView
from hashbench.methods.config import MethodConfig
from hashbench.tags.table import TagTable
from hashbench_baselines.itq import rotate_to_signs
from hashbench_baselines.shared.blocks import by_blocks
from hashbench_baselines.shared.linear import LinearHash
from hashbench_baselines.shared.pca import turned_positive
from hashbench_baselines.shared.rotation import random_rotation


class TargetITQConfig(MethodConfig):
    """Settings of hash functions that rotate such directions.

    Attributes:
        iterations: Alternations between codes and rotation (ITQ's value).
    """

    iterations: int = Field(default=50, ge=0)


class TargetITQ(LinearHash):
    """Subclasses say how to choose directions; ITQ turns them into bits."""

    Config = TargetITQConfig

    @abstractmethod
    def choose_directions(self, view: TrainView[TagTable]) -> np.ndarray:
        """Directions (F, d) of the features, the most telling first; d is as it comes."""

    def choose_projection(self, centred: np.ndarray, view: TrainView[TagTable]) -> np.ndarray:
        """The first b directions turned by ITQ, or all of them spread over b bits if there are fewer."""
        bits, seed = self.context.bits, self.context.seed
        directions = turned_positive(self.choose_directions(view)[:, :bits])
        start = random_rotation(bits, seed, self.PLUGIN_NAME)
        return directions @ rotate_or_spread(
            by_blocks(centred, lambda part: part @ directions), start, self.config.iterations
        )


def rotate_or_spread(projected: np.ndarray, start: np.ndarray, iterations: int) -> np.ndarray:
    """ITQ for no more directions than bits.

    Coordinates that are always zero fill up the missing directions. What is left of the rotation are d
    orthonormal rows (d, b): each direction is spread over all bits, and more bits tell the angle of an
    image in the same d dimensions more finely.

    Args:
        projected: float (N, d), of mean zero, d at most b.
        start: The first rotation, (b, b).
        iterations: Alternations.

    Returns:
        float64 (d, b), orthonormal rows.
    """
    width = projected.shape[1]
    filled = np.pad(projected, ((0, 0), (0, len(start) - width)))
    return rotate_to_signs(filled, start, iterations)[:width]
