"""What the linear methods are made of, as torch modules: so that their encoders can be exported.

B = batch, F = feature dimensions, D = dimensions of a projection.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn.functional import pad


class Affine(nn.Module):
    """(x - mean) P for rows x: centred first, as the methods have it, so that no digits are lost."""

    mean: torch.Tensor
    projection: torch.Tensor

    def __init__(self, projection: np.ndarray, mean: np.ndarray | None = None) -> None:
        super().__init__()
        centre = np.zeros(len(projection)) if mean is None else mean
        self.register_buffer("mean", _float32(centre))
        self.register_buffer("projection", _float32(projection))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """(B, F) to (B, D)."""
        return (rows - self.mean) @ self.projection


class UnitLength(nn.Module):
    """Rows at length one; zero rows stay zero."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """(B, F) to (B, F)."""
        lengths = torch.linalg.vector_norm(rows, dim=1, keepdim=True)
        return rows / lengths.clamp(min=torch.finfo(torch.float32).tiny)


class FilledUp(nn.Module):
    """Zero columns at the end, up to that width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """(B, F) to (B, width)."""
        return pad(rows, (0, self.width - rows.shape[1]))


class Periodic(nn.Module):
    """Cosines of an affine projection, and offsets."""

    offsets: torch.Tensor
    phases: torch.Tensor

    def __init__(
        self, mean: np.ndarray, frequencies: np.ndarray, phases: np.ndarray, offsets: np.ndarray
    ) -> None:
        super().__init__()
        self.affine = Affine(frequencies, mean)
        self.register_buffer("phases", _float32(phases))
        self.register_buffer("offsets", _float32(offsets))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """(B, F) to (B, b)."""
        return torch.cos(self.affine(rows) + self.phases) + self.offsets


class Beside(nn.Module):
    """Rows, and what a module makes of them times a weight, side by side."""

    def __init__(self, module: nn.Module, weight: float) -> None:
        super().__init__()
        self.module, self.weight = module, weight

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """(B, F) to (B, F + D)."""
        return torch.cat([rows, self.weight * self.module(rows)], dim=1)


def _float32(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(array, dtype=np.float32))
