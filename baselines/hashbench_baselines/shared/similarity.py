"""Losses on how alike the images of a batch are, for networks that learn without supervision.

B = batch, F = feature dimensions, D = code dimensions, Q = vectors in memory.
"""

from __future__ import annotations

import math

import torch
from torch.nn.functional import cosine_similarity, mse_loss, normalize


def similarity_error(features: torch.Tensor, codes: torch.Tensor) -> torch.Tensor:
    """Mean squared difference between cosines of features (B, F) and of codes (B, D).

    Every image is compared with the next of the batch, whose order is random, and the last with the
    first.
    """
    wanted, had = (cosine_similarity(rows, rows.roll(-1, dims=0)) for rows in (features, codes))
    return mse_loss(had, wanted)


def contrastive_loss(
    first: torch.Tensor,
    second: torch.Tensor,
    temperature: float,
    *,
    prior: float = 0.0,
    memory: torch.Tensor | None = None,
) -> torch.Tensor:
    """How badly an image's other view is told from all other images; the mean over all views.

    The normalised temperature-scaled cross entropy (Chen et al., SimCLR, ICML 2020, equation 1). With a
    prior it is debiased (Chuang et al., Debiased Contrastive Learning, NeurIPS 2020): the part that
    images of the same kind have in the negatives' sum is estimated from the positive and taken out, and
    what is left is at least the least that cosines allow.

    Args:
        first: Embeddings of one view (B, D), of any length: cosines count.
        second: Embeddings of the other view (B, D).
        temperature: What cosines are divided by.
        prior: Share of the other images that are taken to be of the same kind.
        memory: More negatives (Q, D).
    """
    rows = normalize(torch.cat([first, second]))
    count = len(first)
    logits = rows @ rows.T / temperature
    positive = logits.diagonal(count).repeat(2)
    same_image = torch.eye(count, dtype=torch.bool, device=rows.device).repeat(2, 2)
    others = logits.masked_fill(same_image, -torch.inf)
    number = 2 * count - 2
    if memory is not None:
        others = torch.cat([others, rows @ normalize(memory).T / temperature], dim=1)
        number += len(memory)
    negative = others.exp().sum(dim=1)
    if prior:
        left = (negative - prior * number * positive.exp()) / (1 - prior)
        negative = left.clamp(min=number * math.exp(-1 / temperature))
    return ((positive.exp() + negative).log() - positive).mean()
