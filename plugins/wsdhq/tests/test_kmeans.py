"""k-means against scikit-learn's, which starts and stops alike."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from hashbench_wsdhq import kmeans as module
from hashbench_wsdhq.kmeans import kmeans


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def inertia(points, centres):
    """Sum of squared distances to the nearest centre."""
    return torch.cdist(points.double(), centres.double()).square().amin(dim=1).sum().item()


def theirs(points, clusters, seed=0):
    return KMeans(clusters, n_init=1, random_state=seed).fit(points.numpy())


def blobs(clusters=20, each=50, width=6, away=0.0):
    """Points around centres that lie far apart, and the means of each."""
    rng = np.random.default_rng(0)
    middles = rng.permutation(4 * clusters)[:clusters, None] * 10 + rng.standard_normal((clusters, width))
    points = middles[:, None] + 0.1 * rng.standard_normal((clusters, each, width)) + away
    points = torch.from_numpy(points.astype(np.float32))
    return points.flatten(0, 1)[torch.randperm(clusters * each, generator=generator())], points.mean(dim=1)


def ordered(centres):
    return centres[centres[:, 0].argsort()]


@pytest.mark.parametrize("away", [0.0, 1e4])
def test_clusters_far_apart_are_found(away):
    points, means = blobs(away=away)
    centres = ordered(kmeans(points, 20, generator()))
    there = ordered(torch.from_numpy(theirs(points, 20).cluster_centers_))
    assert torch.allclose(centres, ordered(means), rtol=1e-6)
    assert torch.allclose(centres, there, rtol=1e-5)


def test_on_real_features_inertia_is_that_of_scikit_learn(pictures):
    points = torch.from_numpy(pictures.features.copy())[:, :40]
    for clusters in (16, 64):
        here = [inertia(points, kmeans(points, clusters, generator(seed))) for seed in range(8)]
        there = [theirs(points, clusters, seed).inertia_ for seed in range(8)]
        assert np.mean(here) == pytest.approx(np.mean(there), rel=0.02)


def test_on_noise_inertia_is_that_of_scikit_learn():
    points = torch.randn((4000, 12), generator=generator())
    here = inertia(points, kmeans(points, 128, generator()))
    assert here == pytest.approx(theirs(points, 128).inertia_, rel=0.02)


def test_lloyd_steps_are_those_of_scikit_learn():
    points = torch.randn((1000, 5), generator=generator()).double()
    first = points[:30]
    there = KMeans(30, init=first.numpy(), n_init=1, tol=0).fit(points.numpy())
    ones = torch.ones(1000, dtype=torch.int64)
    here = module._lloyd(points, ones, first, 0.0)
    assert torch.allclose(here, torch.from_numpy(there.cluster_centers_), atol=1e-9)


def test_equal_points_weigh_as_often_as_they_are_there():
    points = torch.randn((300, 4), generator=generator()).double()
    often = torch.randint(1, 6, (300,), generator=generator(1))
    first = points[:20]
    repeated = points.repeat_interleave(often, dim=0)
    there = KMeans(20, init=first.numpy(), n_init=1, tol=0).fit(repeated.numpy())
    here = module._lloyd(points, often, first, 0.0)
    assert torch.allclose(here, torch.from_numpy(there.cluster_centers_), atol=1e-9)
    whole = inertia(repeated, kmeans(repeated, 20, generator()))
    assert whole == pytest.approx(
        KMeans(20, n_init=8, random_state=0).fit(repeated.numpy()).inertia_, rel=0.1
    )


@pytest.mark.parametrize("different", [1, 3, 8])
def test_as_few_different_points_as_clusters_are_the_centres(different):
    values = torch.arange(different).float()[:, None].expand(different, 3)
    centres = kmeans(values.repeat(5, 1), 8, generator())
    assert torch.equal(ordered(centres), values)


def test_a_centre_of_none_goes_to_the_farthest_point():
    points = torch.tensor([[0.0], [1.0], [2.0], [50.0]])
    ones = torch.ones(4, dtype=torch.int64)
    far = torch.tensor([[1.0], [-900.0], [900.0]])
    centres = module._lloyd(points, ones, far, 0.0)
    assert inertia(points, centres) == pytest.approx(0.5)


@pytest.mark.parametrize("scale", [1e-25, 1e-3, 1e12])
def test_any_scale_gives_all_centres(scale):
    points = torch.randn((200, 3), generator=generator()) * scale
    centres = kmeans(points, 50, generator())
    assert centres.isfinite().all()
    assert len(centres.unique(dim=0)) == 50


def test_points_that_rounding_cannot_tell_apart_do_no_harm():
    points = 1e4 + 1e-3 * torch.arange(400.0)[:, None].expand(400, 3)
    centres = kmeans(points, 100, generator())
    assert centres.shape == (100, 3)
    assert (centres - 1e4).abs().max() < 1


def test_a_seed_gives_the_same_bits_and_the_points_stay_as_they_are():
    points = torch.randn((2000, 9), generator=generator())
    kept = points.clone()
    centres = kmeans(points, 64, generator())
    assert torch.equal(kmeans(points, 64, generator()), centres)
    assert not torch.equal(kmeans(points, 64, generator(1)), centres)
    assert torch.equal(points, kept)


def test_blocks_make_no_difference(monkeypatch):
    points = torch.randn((500, 9), generator=generator()).double()
    once = kmeans(points, 32, generator())
    monkeypatch.setattr(module, "_ROWS", 7)
    assert torch.allclose(kmeans(points, 32, generator()), once, atol=1e-12)


@pytest.mark.parametrize("width", [4, 40])
def test_memory_is_what_the_docstring_says(monkeypatch, tensor_bytes, width):
    monkeypatch.setattr(module, "_STEPS", 3)
    points, clusters, candidates = torch.randn((50_000, width)), 64, 2 + 4
    bound = len(points) * (8 * width + 12 * candidates + 64) + 4096 * (4 * clusters + 32 * width)
    held, _ = tensor_bytes(lambda: kmeans(points, clusters, generator()))
    assert 0.5 * bound < held < bound
