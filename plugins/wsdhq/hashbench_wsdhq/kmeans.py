"""k-means in torch, on the device of its points.

N = points, V = different points, D = dimensions, K = clusters, G = 2 + log K candidates for a centre,
B = 4,096 points of a block.

Draws come from a generator on the CPU, and sums over points are of integers, or of float64 in the order of
the points: a seed gives the same bits again on the same device, also on a GPU.
"""

from __future__ import annotations

import math

import torch

# Points whose distances to all centres are held at a time.
_ROWS = 4096
# As in scikit-learn: the most Lloyd steps, and the squared shift of all centres, in mean variances of a
# dimension, at which they have arrived.
_STEPS = 300
_TOLERANCE = 1e-4
# What weights of a draw are counted in: integers add up alike in any order, so that a GPU may take its own.
_PARTS = 2**52
# A sum of weights that is less is none.
_LEAST = torch.finfo(torch.float32).tiny


def kmeans(points: torch.Tensor, clusters: int, generator: torch.Generator) -> torch.Tensor:
    """Centres of clusters, by Lloyd's steps from a greedy k-means++ start.

    Equal points count as one with a weight; where at most K points differ, they are the centres.

    Holds at most N (8 D + 12 G + 64) bytes of float32 points, and B (4 K + 32 D) for distances in a block.

    Args:
        points: (N, D), N at least 1.
        clusters: K.
        generator: On the CPU.

    Returns:
        (min(K, V), D) on the points' device.
    """
    values, counts = torch.unique(points, dim=0, return_counts=True)
    if len(values) <= clusters:
        return values
    # Around their mean, where a distance loses the fewest digits to its products.
    mean = points.mean(dim=0)
    values -= mean
    arrived = _TOLERANCE * points.var(dim=0, correction=0).mean().item()
    return _lloyd(values, counts, values[_start(values, counts, clusters, generator)], arrived) + mean


def _start(
    values: torch.Tensor, counts: torch.Tensor, clusters: int, generator: torch.Generator
) -> torch.Tensor:
    """k-means++: rows of the values, int64 (K,), each the best of G drawn by their squared distances."""
    candidates = 2 + int(math.log(clusters))
    # Drawn on the CPU: they do not depend on the device.
    drawn = torch.rand((clusters, candidates), generator=generator, dtype=torch.float64)
    draws = torch.as_tensor(drawn, device=values.device)
    norms = values.square().sum(dim=1)
    weights = counts.type_as(values)
    chosen = [_drawn(weights, draws[0, :1])]
    # |x - c|^2 without |x|^2, in which all candidates are alike
    closest = _products(values, norms, chosen[0])[0]
    for draw in draws[1:]:
        # Rounding may leave a rest, and a value is no centre twice.
        closest[chosen[-1]] = -norms[chosen[-1]]
        rows = _drawn(closest.add(norms).clamp_(min=0).mul_(weights), draw)
        costs = torch.minimum(_products(values, norms, rows), closest)
        best = int((costs @ weights).argmin())
        chosen.append(rows[best : best + 1])
        closest = costs[best]
    return torch.cat(chosen)


def _products(values: torch.Tensor, norms: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """|c|^2 - 2 x . c of all values with some of them, (G, V)."""
    return torch.addmm(norms[rows, None], values[rows], values.T, alpha=-2)


def _drawn(weights: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
    """Rows (G,) that uniform draws (G,) choose by weights (V,): the last row where no weight is left."""
    exact = weights.double()
    parts = exact.mul_(_PARTS / exact.sum().clamp(min=_LEAST)).long().cumsum(dim=0)
    found = torch.searchsorted(parts, (draws * parts[-1]).long(), right=True)
    return found.clamp_(max=len(weights) - 1)


def _lloyd(
    values: torch.Tensor, counts: torch.Tensor, centres: torch.Tensor, arrived: float
) -> torch.Tensor:
    """Centres (K, D) after steps until no code changes or their squared shift is that small."""
    before = torch.full((len(values),), -1, device=values.device)
    for _ in range(_STEPS):
        codes = _nearest(values, centres)
        if torch.equal(codes, before):
            break
        moved = _means(values, counts, codes, centres)
        shift = (moved - centres).square().sum().item()
        centres, before = moved, codes
        if shift <= arrived:
            break
    return centres


def _nearest(values: torch.Tensor, centres: torch.Tensor) -> torch.Tensor:
    """Codes int64 (V,): the nearest centre; to a centre that is none's, the farthest values go."""
    codes = torch.empty(len(values), dtype=torch.int64, device=values.device)
    costs = torch.empty(len(values), dtype=values.dtype, device=values.device)
    norms = centres.square().sum(dim=1)
    for first in range(0, len(values), _ROWS):
        rows = slice(first, first + _ROWS)
        # |x - c|^2 without |x|^2, which no choice changes
        block = torch.addmm(norms, values[rows], centres.T, alpha=-2)
        torch.min(block, dim=1, out=(costs[rows], codes[rows]))
    empty = (torch.bincount(codes, minlength=len(centres)) == 0).nonzero()[:, 0]
    if len(empty):
        costs += values.square().sum(dim=1)
        codes[costs.topk(len(empty)).indices] = empty
    return codes


def _means(
    values: torch.Tensor, counts: torch.Tensor, codes: torch.Tensor, centres: torch.Tensor
) -> torch.Tensor:
    """Weighted means (K, D) of the values under each code; a centre of none stays as it is."""
    sums = torch.zeros(centres.shape, dtype=torch.float64, device=values.device)
    sizes = torch.zeros(len(centres), dtype=torch.int64, device=values.device)
    for first in range(0, len(values), _ROWS):
        rows = slice(first, first + _ROWS)
        add_rows(sums, codes[rows], values[rows].double() * counts[rows, None])
        add_rows(sizes, codes[rows], counts[rows])
    means = sums / sizes.clamp(min=1)[:, None]
    return torch.where(sizes[:, None] > 0, means.type_as(centres), centres)


def add_rows(sums: torch.Tensor, places: torch.Tensor, rows: torch.Tensor) -> None:
    """Add each of the rows (B, ...), or one number, to the row of the sums (S, ...) at its place, (B,).

    In the order of the rows, on a GPU too: this call sorts the places there, whereas `index_add_` lets
    its threads add in any order.
    """
    sums.index_put_((places,), rows, accumulate=True)
