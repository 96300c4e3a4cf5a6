"""Losses and attention equal their formulas as written, pair by pair."""

import numpy as np
import pytest
import torch

from hashbench_wsih import literal
from hashbench_wsih.config import WSIHConfig
from hashbench_wsih.losses import prototype_loss, relations, transfer_loss
from hashbench_wsih.network import attend

STAGE_1 = ("classification", "similarity", "balance", "decorrelation")
STAGE_2 = ("relation", "sign", "semantic")


def close(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


def drawn(*shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]


def weighted(names, values):
    off = dict.fromkeys((*STAGE_1, *STAGE_2), 0.0)
    return WSIHConfig(**{**off, **dict(zip(names, values, strict=True))})


def each_alone_and_all(count):
    return [*np.eye(count).tolist(), [10.0, 1.0, 0.5, 0.25][:count]]


@pytest.mark.parametrize("weights", each_alone_and_all(4), ids=str)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_prototype_loss_equals_its_formula(weights, seed):
    codes, scores = drawn((12, 16), (12, 5), seed=seed)
    codes, concepts = codes.tanh(), torch.arange(12) % 5
    value = prototype_loss(codes, scores, concepts, weighted(STAGE_1, weights))
    expected = literal.prototype_loss(codes.numpy(), scores.numpy(), concepts.numpy(), tuple(weights))
    assert value.item() == close(expected)


@pytest.mark.parametrize("weights", each_alone_and_all(3), ids=str)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_transfer_loss_equals_its_formula(weights, seed):
    codes, decoded, features = drawn((10, 16), (10, 7), (10, 7), seed=seed)
    codes, features = codes.tanh(), features.relu()
    value = transfer_loss(codes, decoded, features, weighted(STAGE_2, weights))
    expected = literal.transfer_loss(codes.numpy(), decoded.numpy(), features.numpy(), tuple(weights))
    assert value.item() == close(expected)


def test_the_relation_of_two_orthogonal_images_by_hand():
    # S = [[1, -1], [-1, 1]], S S / 2 = S, so that 0.7 S + 0.3 S = S; stretched to 1.2.
    assert relations(torch.eye(2)).tolist() == [
        pytest.approx([1.2, -1.2]),
        pytest.approx([-1.2, 1.2]),
    ]


def test_signs_are_aims_and_get_no_gradient():
    codes = torch.tensor([[0.5, -0.25]], requires_grad=True)
    config = weighted(STAGE_2, [0.0, 1.0, 0.0])
    transfer_loss(codes, torch.zeros(1, 3), torch.ones(1, 3), config).backward()
    # d/dh of mean (h - sign h)^2
    assert codes.grad.tolist() == [[pytest.approx(-0.5), pytest.approx(0.75)]]


def test_attention_equals_its_formula():
    features, prototypes = (values.relu() for values in drawn((9, 20), (4, 20)))
    expected = literal.attend(features.numpy(), prototypes.numpy())
    assert attend(features, prototypes).numpy() == close(expected)


def test_attention_moves_half_way_to_the_only_prototype():
    features, prototypes = torch.tensor([[2.0, 0.0, 4.0]]), torch.tensor([[4.0, 2.0, 0.0]])
    assert attend(features, prototypes).tolist() == [pytest.approx([3.0, 1.0, 2.0])]


@pytest.mark.parametrize(
    "features",
    [[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 3.0, 1.0], [0.0, 0.0, 1e-30, 0.0]],
    ids=["no active unit", "none in common", "almost none"],
)
def test_attention_survives_an_image_that_resembles_no_prototype(features):
    image = torch.tensor([features], requires_grad=True)
    moved = attend(image, torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]))
    assert moved.tolist() == [pytest.approx([value / 2 for value in features])]
    moved.sum().backward()
    assert torch.isfinite(image.grad).all()


def test_attention_is_a_weighted_mean_however_weak_it_is():
    prototypes = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    for strength in (1e-6, 1e-3, 1.0):
        moved = attend(torch.tensor([[3 * strength, strength]]), prototypes) - torch.tensor(
            [[1.5 * strength, 0.5 * strength]]
        )
        assert moved.sum().item() == pytest.approx(0.5, rel=1e-3)
