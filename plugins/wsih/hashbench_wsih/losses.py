"""The losses of WSIH's two stages.

B = batch, F = feature dimensions, C = concepts. h: outputs of the hash layer, in (-1, 1).
"""

from __future__ import annotations

import torch
from torch.nn import functional

from hashbench_wsih.config import WSIHConfig

# How the relation to be reconstructed mixes similarity with similarity of similarities, and how far
# beyond [-1, 1] it reaches.
_FIRST_ORDER = 0.7
_STRETCH = 1.2


def prototype_loss(
    codes: torch.Tensor, scores: torch.Tensor, concepts: torch.Tensor, config: WSIHConfig
) -> torch.Tensor:
    """Stage 1, on web images: classify the concept, and make codes of equal concepts equal.

    Args:
        codes: h, (B, bits).
        scores: The classifier's logits, (B, C).
        concepts: int64 (B,), what each image was searched for.
        config: The weights.
    """
    same = (concepts[:, None] == concepts[None, :]).type_as(codes)
    return (
        config.classification * functional.cross_entropy(scores, concepts)
        + config.similarity * functional.mse_loss(cosines(codes).clamp(min=0), same)
        + config.balance * codes.sum() / len(codes)
        + config.decorrelation * torch.linalg.matrix_norm(codes.T @ codes)
    )


def transfer_loss(
    codes: torch.Tensor, decoded: torch.Tensor, features: torch.Tensor, config: WSIHConfig
) -> torch.Tensor:
    """Stage 2, on target images: keep the features' relations and content, and be near a sign.

    Args:
        codes: h, (B, bits).
        decoded: The features as the decoder sees them, (B, F).
        features: The features as they are, (B, F).
        config: The weights.
    """
    return (
        config.relation * functional.mse_loss(cosines(codes), relations(features))
        + config.sign * functional.mse_loss(codes, codes.detach().sign())
        + config.semantic * functional.mse_loss(decoded, features)
    )


def relations(features: torch.Tensor) -> torch.Tensor:
    """1.2 (0.7 S + 0.3 S S / B) with S = 2 cos(x_i, x_j) - 1: the cosines that codes should have, (B, B).

    Features that are not negative have cosines of 0 ... 1, which S spreads over -1 ... 1.
    """
    similarity = 2 * cosines(features) - 1
    second = similarity @ similarity / len(similarity)
    return _STRETCH * (_FIRST_ORDER * similarity + (1 - _FIRST_ORDER) * second)


def cosines(vectors: torch.Tensor) -> torch.Tensor:
    """Cosine of every pair of rows, (B, B)."""
    unit = functional.normalize(vectors)
    return unit @ unit.T
