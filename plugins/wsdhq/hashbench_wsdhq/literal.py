"""The formulas of WSDHQ as they are written: what the fast forms equal, and are timed against.

Tests hold `losses` and `quantizer` to these; nothing else uses them.

N = images, U = tags, D = dimensions, M = codebooks, K = codewords a codebook.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional


def margin_loss(
    images: torch.Tensor, positive: torch.Tensor, tags: torch.Tensor, gamma: float
) -> torch.Tensor:
    """Sum over n, p, q of max(0, margin(p, q) - cos(r_n, v_p) + cos(r_n, v_q)) over the triplets.

    Images (N, D), positive bool (N, U), tags (U, D); N x U x U terms.
    """
    cosine = functional.normalize(images) @ functional.normalize(tags).T
    unit = functional.normalize(tags)
    margins = 2 ** (1 - gamma) * (1 - unit @ unit.T).clamp(min=0) ** gamma
    hinge = (margins[None] - cosine[:, :, None] + cosine[:, None, :]).clamp(min=0)
    counted = positive[:, :, None] & ~positive[:, None, :]
    return (hinge * counted).sum() / counted.sum()


def wdht_loss(
    images: torch.Tensor, positive: torch.Tensor, tags: torch.Tensor, margin: float
) -> torch.Tensor:
    """Mean over ordered pairs of images of the hinge between own and other mean tag embedding."""
    means = [tags[row].mean(dim=0) for row in positive]
    terms = []
    for n, image in enumerate(images):
        for m, other_mean in enumerate(means):
            if n != m:
                own = functional.cosine_similarity(image, means[n], dim=0)
                other = functional.cosine_similarity(image, other_mean, dim=0)
                terms.append((margin - own + other).clamp(min=0))
    return torch.stack(terms).mean()


def quantization_loss(
    images: torch.Tensor, reconstructions: torch.Tensor, tags: torch.Tensor
) -> torch.Tensor:
    """Mean over n of sum over t of ((r_n - C b_n) . v_t)^2."""
    return ((images - reconstructions) @ tags.T).square().sum(dim=1).mean()


def icm(
    images: torch.Tensor,
    codebooks: torch.Tensor,
    tags: torch.Tensor,
    orders: Sequence[Sequence[int]],
) -> torch.Tensor:
    """Every codeword of a book tried for every image against every tag: N x K x U terms a step."""
    codes = torch.zeros((len(images), len(codebooks)), dtype=torch.int64)
    for order in orders:
        for m in order:
            rest = torch.zeros_like(images)
            for other in set(range(len(codebooks))) - {m}:
                rest += codebooks[other][codes[:, other]]
            against_tags = ((images - rest) @ tags.T)[:, None, :] - (codebooks[m] @ tags.T)[None]
            codes[:, m] = against_tags.square().sum(dim=2).argmin(dim=1)
    return codes


def update_codebooks(
    embeddings: torch.Tensor, codes: torch.Tensor, words: int, ridge: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """(B'B + ridge I)^-1 B'R from explicit one-hot codes, (M, K, D); and which words are in use."""
    books = codes.shape[1]
    onehot = torch.cat([functional.one_hot(codes[:, m], words) for m in range(books)], dim=1).double()
    regular = onehot.T @ onehot + ridge * torch.eye(onehot.shape[1], dtype=torch.float64)
    solved = torch.linalg.solve(regular, onehot.T @ embeddings.double())
    return solved.view(books, words, -1), onehot.sum(dim=0).view(books, words) > 0
