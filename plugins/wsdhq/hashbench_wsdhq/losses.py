"""The losses of WSDHQ, and WDHT's as a choice.

B = images of a batch, U = tags, D = dimensions, P = (image, positive tag) pairs.
r_n: image embedding; v_t: tag embedding. "cos" below is the cosine, or the plain inner product where
the ablation without l2 normalisation asks for it.
"""

from __future__ import annotations

import torch
from torch.nn import functional


def tag_margins(tags: torch.Tensor, gamma: float) -> torch.Tensor:
    """Adaptive margins 2^(1 - gamma) (1 - cos(v_p, v_q))^gamma, (U, U): the further, the wider.

    Args:
        tags: (U, D).
        gamma: The paper's exponent; 1 makes the margin the cosine distance.
    """
    unit = functional.normalize(tags)
    distance = (1 - unit @ unit.T).clamp(min=0)
    return 2 ** (1 - gamma) * distance**gamma


def similarities(images: torch.Tensor, tags: torch.Tensor, *, normalize: bool) -> torch.Tensor:
    """cos(r_n, v_t), (B, U)."""
    if normalize:
        return functional.normalize(images) @ functional.normalize(tags).T
    return images @ tags.T


def margin_loss(
    similarity: torch.Tensor,
    positive: torch.Tensor,
    margins: torch.Tensor,
    *,
    hardest: int = 0,
) -> torch.Tensor:
    """Cosine margin loss: the mean over triplets of max(0, margin(p, q) - cos(r, v_p) + cos(r, v_q)).

    The literal form visits every (n, p, q) in B x U x U; most images carry few tags, so that the rows
    of the P pairs (n, p) that exist give the same value and gradient from P x U terms.

    Args:
        similarity: (B, U), cos(r_n, v_t).
        positive: bool (B, U), which tags each image carries.
        margins: (U, U).
        hardest: Where above zero, only that many most similar negatives of each image count.

    Returns:
        A scalar; zero where no image has both a positive and a negative tag.
    """
    negative = ~positive
    if hardest:
        negative = _most_similar(similarity, negative, hardest)
    image, tag = positive.nonzero(as_tuple=True)
    violation = margins[tag] - similarity[image, tag, None] + similarity[image]
    summed = (violation.clamp(min=0) * negative[image]).sum()
    triplets = (positive.sum(dim=1) * negative.sum(dim=1)).sum()
    return summed / triplets.clamp(min=1)


def _most_similar(similarity: torch.Tensor, among: torch.Tensor, count: int) -> torch.Tensor:
    """Bool (B, U): the `count` most similar tags of each image among the given ones."""
    candidates = similarity.detach().masked_fill(~among, -torch.inf)
    chosen = candidates.topk(min(count, candidates.shape[1]), dim=1).indices
    return torch.zeros_like(among).scatter(1, chosen, value=True) & among


def wdht_loss(
    images: torch.Tensor, positive: torch.Tensor, tags: torch.Tensor, margin: float
) -> torch.Tensor:
    """WDHT's hinge (Gattupalli et al., CVPR 2019): each image nearer to its own mean tag embedding.

    Mean over ordered pairs of tagged images n, m of max(0, margin - cos(r_n, w_n) + cos(r_n, w_m)),
    w_n being the mean embedding of image n's tags.

    Args:
        images: (B, D).
        positive: bool (B, U).
        tags: (U, D).
        margin: 0.7 in the paper.
    """
    tagged = positive.any(dim=1)
    weights = positive[tagged].type_as(tags)
    means = (weights @ tags) / weights.sum(dim=1, keepdim=True)
    cosine = functional.normalize(images[tagged]) @ functional.normalize(means).T
    violation = (margin - cosine.diagonal()[:, None] + cosine).clamp(min=0)
    others = ~torch.eye(len(cosine), dtype=torch.bool, device=cosine.device)
    return (violation * others).sum() / others.sum().clamp(min=1)


def quantization_loss(
    images: torch.Tensor, reconstructions: torch.Tensor, whitening: torch.Tensor
) -> torch.Tensor:
    """Supervised cosine quantization loss: mean over n of sum over t of ((r_n - C b_n) . v_t)^2.

    The sum over tags is the squared length in the whitened space, see `quantizer.whitening`.

    Args:
        images: (B, D).
        reconstructions: C b_n, (B, D).
        whitening: (D, D).
    """
    return ((images - reconstructions) @ whitening).square().sum(dim=1).mean()
