"""The losses equal their literal forms in value and gradient."""

import pytest
import torch

from hashbench_wsdhq import literal
from hashbench_wsdhq.losses import (
    margin_loss,
    quantization_loss,
    similarities,
    tag_margins,
    wdht_loss,
)
from hashbench_wsdhq.quantizer import whitening


def problem(images=12, tags=20, width=8, seed=0, rate=0.2):
    generator = torch.Generator().manual_seed(seed)
    r = torch.randn((images, width), generator=generator, dtype=torch.float64)
    v = torch.randn((tags, width), generator=generator, dtype=torch.float64)
    positive = torch.rand((images, tags), generator=generator) < rate
    positive[:, 0] |= ~positive.any(dim=1)
    return r, v, positive


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("seed", range(3))
def test_margin_loss_equals_the_literal_form(gamma, seed):
    r, v, positive = problem(seed=seed)
    slow, fast = r.clone().requires_grad_(), r.clone().requires_grad_()
    expected = literal.margin_loss(slow, positive, v, gamma)
    got = margin_loss(similarities(fast, v, normalize=True), positive, tag_margins(v, gamma))
    expected.backward()
    got.backward()
    assert got.item() == pytest.approx(expected.item(), rel=1e-12)
    assert torch.allclose(fast.grad, slow.grad, rtol=1e-9, atol=1e-14)


def test_margin_loss_ignores_images_without_tags():
    r, v, positive = problem()
    alone = margin_loss(similarities(r, v, normalize=True), positive, tag_margins(v, 1.0))
    more, _, _ = problem(images=3, seed=5)
    none = torch.zeros((3, len(v)), dtype=torch.bool)
    with_untagged = margin_loss(
        similarities(torch.cat([r, more]), v, normalize=True),
        torch.cat([positive, none]),
        tag_margins(v, 1.0),
    )
    assert with_untagged.item() == pytest.approx(alone.item())
    assert margin_loss(similarities(more, v, normalize=True), none, tag_margins(v, 1.0)).item() == 0


def test_hardest_negatives_are_the_most_similar_ones():
    r, v, positive = problem(images=4)
    similarity = similarities(r, v, normalize=True)
    margins = tag_margins(v, 1.0)
    terms = []
    for n in range(4):
        negatives = sorted((~positive[n]).nonzero().flatten().tolist(), key=lambda t: -similarity[n, t])[:3]
        terms += [
            (margins[p, q] - similarity[n, p] + similarity[n, q]).clamp(min=0)
            for p in positive[n].nonzero().flatten().tolist()
            for q in negatives
        ]
    got = margin_loss(similarity, positive, margins, hardest=3)
    assert got.item() == pytest.approx(torch.stack(terms).mean().item())


def test_margins_grow_with_distance_and_vanish_for_the_same_tag():
    margins = tag_margins(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]), 1.0)
    assert margins.tolist() == [[0, 1, 2], [1, 0, 1], [2, 1, 0]]


@pytest.mark.parametrize("seed", range(3))
def test_wdht_loss_equals_the_literal_form(seed):
    r, v, positive = problem(seed=seed)
    expected = literal.wdht_loss(r, positive, v, 0.7)
    assert wdht_loss(r, positive, v, 0.7).item() == pytest.approx(expected.item(), rel=1e-12)


@pytest.mark.parametrize("tags", [3, 8, 40])
def test_quantization_loss_equals_the_sum_over_tags(tags):
    r, v, _ = problem(tags=tags)
    aim = r + 0.1 * torch.randn_like(r)
    expected = literal.quantization_loss(r, aim, v)
    assert quantization_loss(r, aim, whitening(v)).item() == pytest.approx(expected.item(), rel=1e-9)
