"""Ranking on the device that torch drives: a GPU.

Q = queries, N = database items, b = bits, L = highest grade.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from hashbench.codes.binary import BinaryCodes
from hashbench.ranking.counts import DistanceCounts
from hashbench.ranking.distances import Distances, Hamming, LookUp
from hashbench.ranking.entries import PADDING, POSITION
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.relevance import Relevance

# About this many distances are held at once: a GPU wants much to do, a CPU's cache little.
_TILE_ENTRIES = {"cuda": 2**25, "cpu": 2**20}
# Half precision counts exactly up to here.
_EXACT_HALF = 2048


class TorchKernel(NumpyKernel):
    """Ranks some queries at a time on one device."""

    name = "torch"

    def __init__(self, device: str) -> None:
        self.device = torch.device(device)
        self._kept: dict[int, tuple[object, Tensor]] = {}

    def counts(self, distances: Hamming, relevance: Relevance, part: slice) -> DistanceCounts:
        """Items of each grade at each distance from some queries."""
        levels = relevance.levels + 1
        table = self._move(relevance.grades(part))
        group = self._keep(relevance, lambda: self._move(relevance.group))
        cells = self._tile(distances, part).long() * levels + table[:, group]
        counted = cells.new_zeros(len(cells), (distances.bits + 1) * levels)
        counted.scatter_add_(1, cells, torch.ones_like(cells))
        return DistanceCounts(counted.cpu().numpy().reshape(len(counted), -1, levels))

    def nearest(
        self, distances: Distances, part: slice, k: int, *, whole_blocks: bool = False
    ) -> np.ndarray:
        """The k nearest items of some queries as sorted entries; see `NumpyKernel.nearest`."""
        entries = _entries(self._tile(distances, part))
        many = min(k, distances.items)
        found = entries.topk(many, largest=False, sorted=True).values
        if not whole_blocks:
            return _unsigned(found)
        bound = found[:, -1:] | int(POSITION)
        width = int((entries <= bound).sum(dim=1).max())
        found = entries.topk(width, largest=False, sorted=True).values
        return np.where((found <= bound).cpu().numpy(), _unsigned(found), PADDING)

    def _step(self, distances: Distances, width: int) -> int:
        return max(1, _TILE_ENTRIES[self.device.type] // max(distances.items, width))

    def _tile(self, distances: Distances, part: slice) -> Tensor:
        """Distances of some queries to every item: int32 (Hamming) or float32 (q, N)."""
        if isinstance(distances, Hamming):
            database = self._keep(distances.database, lambda: self._signs(distances.database))
            query = self._signs(BinaryCodes(distances.query.packed[part]))
            return ((distances.bits - query @ database.T) / 2).int()
        bias = self._keep(distances.bias, lambda: self._move(distances.bias))
        if isinstance(distances, LookUp):
            return self._look_up(distances, part, bias)
        database = self._keep(distances.database, lambda: self._move(distances.database))
        return self._move(distances.query[part]) @ database.T * distances.weight + bias

    def _look_up(self, distances: LookUp, part: slice, bias: Tensor) -> Tensor:
        codes = distances.database
        indices = self._keep(codes, lambda: self._move(codes.indices))
        tables = self._move(distances.tables(part))
        total = bias.repeat(len(tables), 1)
        for m in range(tables.shape[1]):
            total += tables[:, m].index_select(1, indices[:, m].int())
        return total

    def _signs(self, codes: BinaryCodes) -> Tensor:
        """Codes as minus and plus one, so that a matrix product counts equal bits, exactly."""
        half = self.device.type == "cuda" and codes.bits <= _EXACT_HALF
        return self._move(codes.signs()).to(torch.float16 if half else torch.float32)

    def _move(self, array: np.ndarray) -> Tensor:
        return torch.tensor(array, device=self.device)

    def _keep(self, owner: object, make: Callable[[], Tensor]) -> Tensor:
        """A tensor that every tile needs, made once for its owner."""
        if self._kept.get(id(owner), (None,))[0] is not owner:
            self._kept[id(owner)] = owner, make()
        return self._kept[id(owner)][1]


def _entries(distances: Tensor) -> Tensor:
    """Sortable numbers, as `hashbench.ranking.entries` has them, less 2^63: int64 (q, N)."""
    if distances.dtype == torch.int32:
        key = distances.long()
    else:
        raw = (distances + 0.0).view(torch.int32).long()  # a negative zero is a zero
        key = torch.where(raw < 0, -1 - raw, raw + 2**31)
    return (key - 2**31 << 32) + torch.arange(distances.shape[1], device=distances.device)


def _unsigned(entries: Tensor) -> np.ndarray:
    return entries.cpu().numpy().view(np.uint64) ^ np.uint64(2**63)
