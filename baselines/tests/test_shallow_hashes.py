"""SH, SpH, AGH, SKLSH and the anchors against naive formulations, SciPy and scikit-learn."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from hashbench.errors import ConfigError
from hashbench.methods.config import resolve_config
from hashbench_baselines.agh import AGH, AGHConfig, eigenfunctions, second_thresholds
from hashbench_baselines.sh import SpectralHashing
from hashbench_baselines.shared import blocks
from hashbench_baselines.shared.anchors import (
    anchor_affinities,
    choose_anchors,
    kernel_width,
    squared_distances,
)
from hashbench_baselines.sklsh import SKLSH, neighbour_distance, random_waves
from hashbench_baselines.sph import SphericalHashing, balance, forces

from .measuring import encode, fitted

METHODS = [SpectralHashing, SphericalHashing, AGH, SKLSH]


def points(count=300, width=12, seed=0):
    """Clusters of unequal extent, away from the origin."""
    generator = np.random.default_rng(seed)
    centres = 3 * generator.standard_normal((10, width))
    spread = np.linspace(0.3, 1.5, width) * generator.standard_normal((count, width))
    return (centres[generator.integers(10, size=count)] + spread + 5).astype(np.float32)


def cloud(count=300, seed=0):
    """One cluster: a graph through its anchors is connected, and no two eigenvalues are close."""
    generator = np.random.default_rng(seed)
    return (np.linspace(0.5, 3, 6) * generator.standard_normal((count, 6)) + 5).astype(np.float32)


# anchors


def naive_affinities(features, anchors, neighbours, width):
    squared = cdist(features, anchors, "sqeuclidean")
    dense = np.zeros_like(squared)
    for image, row in enumerate(squared):
        for j in np.argsort(row)[:neighbours]:
            dense[image, j] = np.exp(-row[j] / width)
        dense[image] /= dense[image].sum()
    return dense


def test_squared_distances_equal_scipys_far_from_the_origin():
    features = points() + np.float32(1000)
    expected = cdist(features, features[:40], "sqeuclidean")
    assert squared_distances(features, features[:40]) == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_affinities_equal_the_naive_ones():
    features = points()
    anchors = choose_anchors(features, 30, seed=0)
    width = kernel_width(features, anchors, 4)
    fourth = np.sort(cdist(features, anchors), axis=1)[:, 3]
    assert width == pytest.approx(fourth.mean() ** 2, rel=1e-4)
    ours = anchor_affinities(features, anchors, 4, width)
    assert ours.toarray() == pytest.approx(naive_affinities(features, anchors, 4, width), abs=1e-5)
    assert ours.nnz == 4 * len(features)


def test_affinities_do_not_depend_on_the_blocks(monkeypatch):
    features = points()
    anchors = choose_anchors(features, 30, seed=0)
    whole = kernel_width(features, anchors, 4), anchor_affinities(features, anchors, 4, 2.0)
    monkeypatch.setattr(blocks, "_ROWS", 70)
    parts = kernel_width(features, anchors, 4), anchor_affinities(features, anchors, 4, 2.0)
    assert parts[0] == pytest.approx(whole[0], rel=1e-5)
    assert parts[1].toarray() == pytest.approx(whole[1].toarray(), abs=1e-5)


def test_an_image_far_from_all_anchors_still_belongs_to_some():
    anchors = np.array([[0.0, 0.0], [1.0, 0.0]], dtype=np.float32)
    far = np.array([[100.0, 0.0]], dtype=np.float32)
    assert anchor_affinities(far, anchors, 2, 1e-3).toarray().tolist() == [[0, 1]]
    # s is cut to m
    assert anchor_affinities(far, anchors, 9, 1e9).toarray() == pytest.approx(
        np.array([[0.5, 0.5]]), abs=1e-4
    )


def test_anchors_are_k_means_centres(capfd):
    from sklearn.cluster import KMeans

    features = points(600)
    anchors = choose_anchors(features, 20, seed=0)
    inertia = cdist(features, anchors, "sqeuclidean").min(axis=1).sum()
    assert inertia < 1.15 * KMeans(20, n_init=3, random_state=0).fit(features).inertia_
    assert np.array_equal(anchors, choose_anchors(features, 20, seed=0))
    assert not np.array_equal(anchors, choose_anchors(features, 20, seed=1))
    assert "WARNING" not in capfd.readouterr().err


def test_few_images_are_the_anchors():
    features = points(20)
    assert np.array_equal(choose_anchors(features, 300, seed=0), features)


# spectral hashing


def naive_spectral_bits(features, bits):
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    _, _, rows = np.linalg.svd(centred, full_matrices=False)
    turned = [row * np.sign(row[np.abs(row).argmax()]) for row in rows[:bits]]
    projected = np.stack([centred @ row for row in turned], axis=1)
    low, high = projected.min(axis=0), projected.max(axis=0)
    waves = [
        ((k * np.pi / (high[i] - low[i])) ** 2, i, k)
        for i in range(projected.shape[1])
        for k in range(1, bits + 1)
    ]
    chosen = sorted(waves)[:bits]
    columns = [
        np.sin(np.pi / 2 + k * np.pi / (high[i] - low[i]) * (projected[:, i] - low[i]))
        for _, i, k in chosen
    ]
    return np.stack(columns, axis=1) > 0


@pytest.mark.parametrize("bits", [8, 32])
def test_sh_equals_the_loops(bits):
    features = points()
    ours = encode(fitted(SpectralHashing, features, bits), features)
    assert (ours != naive_spectral_bits(features, bits)).mean() < 1e-3


def test_sh_cuts_the_longest_side_first():
    generator = np.random.default_rng(0)
    box = generator.uniform(size=(2000, 8)) * np.array([8, 5, 1, 1, 1, 1, 1, 1])
    features = box.astype(np.float32)
    bits = encode(fitted(SpectralHashing, features, 8), features)
    # rates k / r: 1/8, 1/5 and 2/8, of which the third is above zero in the outer quarters
    first, second, third = bits.T[:3]
    assert max((first == (box[:, 0] > 4)).mean(), (first != (box[:, 0] > 4)).mean()) > 0.97
    assert max((second == (box[:, 1] > 2.5)).mean(), (second != (box[:, 1] > 2.5)).mean()) > 0.97
    assert (third == (np.abs(box[:, 0] - 4) > 2)).mean() > 0.97


def test_sh_spends_more_bits_than_there_are_dimensions():
    features = points(width=12)
    bits = encode(fitted(SpectralHashing, features, 64), features)
    assert len(np.unique(bits, axis=1).T) == 64


# spherical hashing


def naive_balance(features, pivots, tolerances, iterations):
    quarter = len(features) / 4
    for _ in range(iterations):
        distances = cdist(features, pivots)
        inside = distances < np.median(distances, axis=0)
        overlaps = {
            (i, j): (inside[:, i] & inside[:, j]).sum() for i in range(len(pivots)) for j in range(i)
        }
        values = np.array(list(overlaps.values()))
        if (
            np.abs(values - quarter).mean() <= tolerances[0] * quarter
            and values.std() <= tolerances[1] * quarter
        ):
            break
        push = np.zeros_like(pivots)
        for (i, j), overlap in overlaps.items():
            force = 0.5 * (overlap - quarter) / quarter * (pivots[i] - pivots[j])
            push[i] += force / len(pivots)
            push[j] -= force / len(pivots)
        pivots = pivots + push
    return pivots


@pytest.mark.parametrize(("bits", "iterations"), [(8, 3), (8, 100), (24, 30)])
def test_pivots_move_as_in_the_naive_loops(bits, iterations):
    features = points()
    start = features[:bits].astype(np.float64)
    ours = balance(features, start, (0.05, 0.1), iterations)
    assert ours == pytest.approx(naive_balance(features, start, (0.05, 0.1), iterations), abs=1e-3)


def test_forces_of_two_pivots_by_hand():
    pivots = np.array([[0.0, 0.0], [2.0, 0.0]])
    # twice as many in both as should be: each is pushed away by half of the difference, over two pivots
    overlaps = np.array([[2.0, 2.0], [2.0, 2.0]])
    assert forces(pivots, overlaps).tolist() == [[-0.5, 0], [0.5, 0]]
    assert not forces(pivots, np.ones((2, 2))).any()


def test_spheres_are_balanced(pictures):
    features = pictures.features[pictures.queries :]
    inside = encode(fitted(SphericalHashing, features), features)
    assert inside.mean(axis=0) == pytest.approx(np.full(32, 0.5), abs=0.01)
    shared = (inside.T.astype(float) @ inside)[np.triu_indices(32, 1)] / (len(features) / 4)
    assert np.abs(shared - 1).mean() <= 0.11
    assert shared.std() <= 0.16
    unmoved = encode(fitted(SphericalHashing, features, iterations=0), features)
    assert (
        np.abs((unmoved.T.astype(float) @ unmoved)[np.triu_indices(32, 1)] / (len(features) / 4) - 1).mean()
        > 0.2
    )


# anchor graph hashing


def naive_graph(features, anchors, neighbours, width):
    affinities = naive_affinities(features, anchors, neighbours, width)
    return affinities, affinities @ np.diag(1 / affinities.sum(axis=0)) @ affinities.T


def naive_thresholds(adjacency, values):
    """The paper's problem, min g'(I - A)g under 1'g = 0, with a Lagrange multiplier: one linear system."""
    sides = np.stack([values > 0, values <= 0], axis=1).astype(float)
    rough = sides.T @ (np.eye(len(values)) - adjacency)
    system = np.zeros((3, 3))
    system[:2, :2] = rough @ sides
    system[:2, 2] = system[2, :2] = sides.sum(axis=0)
    right = np.append(rough @ np.abs(values), np.abs(values).sum())
    return np.linalg.solve(system, right)[:2]


def test_agh_equals_the_dense_formulation():
    features, unseen = cloud(300), cloud(60, seed=1)
    method = fitted(AGH, features, 16, layers=2, anchors=40, neighbours=4)
    affinities, adjacency = naive_graph(features, method.anchors, 4, method.width)
    root = np.diag(affinities.sum(axis=0) ** -0.5)
    values, vectors = np.linalg.eigh(root @ affinities.T @ affinities @ root)
    keep = np.flatnonzero(values < 1 - 1e-3)[::-1][:8]
    weights = np.sqrt(300) * root @ vectors[:, keep] @ np.diag(values[keep] ** -0.5)
    seen = affinities @ weights
    assert seen.T @ seen == pytest.approx(300 * np.eye(8), abs=1e-2)
    thresholds = np.stack([naive_thresholds(adjacency, y) for y in seen.T], axis=1)
    for images in (features, unseen):
        functions = naive_affinities(images, method.anchors, 4, method.width) @ weights
        beyond = np.abs(functions) > np.where(functions > 0, thresholds[0], thresholds[1])
        first, second = np.split(encode(method, images), 2, axis=1)
        # an eigenvector's sign is free, and changes no second bit
        agreement = (first == (functions > 0)).mean(axis=0)
        assert np.maximum(agreement, 1 - agreement).min() > 0.98
        assert (second == beyond).mean(axis=0).min() > 0.98


def test_eigenfunctions_are_the_eigenvectors_of_the_whole_graph():
    features = points(200)
    anchors = choose_anchors(features, 25, seed=0)
    _, adjacency = naive_graph(features, anchors, 3, 4.0)
    affinities = anchor_affinities(features, anchors, 3, 4.0)
    functions = affinities @ eigenfunctions(affinities, 8)
    rates = (functions * (adjacency @ functions)).sum(axis=0) / np.square(functions).sum(axis=0)
    assert adjacency @ functions == pytest.approx(functions * rates, abs=1e-5)
    below = np.linalg.eigvalsh(adjacency)
    assert rates == pytest.approx(below[below < 1 - 1e-3][::-1][:8], abs=1e-5)


def test_thresholds_are_the_smoothest_of_mean_zero():
    features = points(200)
    anchors = choose_anchors(features, 25, seed=0)
    affinities = anchor_affinities(features, anchors, 3, 40.0)
    dense = affinities.toarray()
    adjacency = dense @ np.diag(1 / dense.sum(axis=0)) @ dense.T
    functions = affinities @ eigenfunctions(affinities, 5)
    thresholds = second_thresholds(affinities, functions)
    for y, found in zip(functions.T, thresholds.T, strict=True):
        assert found == pytest.approx(naive_thresholds(adjacency, y), abs=1e-8)
        assert (np.abs(y) - np.where(y > 0, *found)).sum() == pytest.approx(0, abs=1e-8)


def test_sides_that_no_edge_joins_are_split_at_their_means():
    affinities = anchor_affinities(points(40), points(40), 1, 1.0)
    values = np.array([[1.0], [3.0], [-2.0], [-4.0]] * 10)
    assert second_thresholds(affinities, values)[:, 0].tolist() == [2, 3]


def test_the_second_layer_refines_the_first():
    features = points()
    one, two = (fitted(AGH, features, bits, layers=layers) for bits, layers in ((8, 1), (16, 2)))
    assert np.array_equal(encode(one, features), encode(two, features)[:, :8])
    assert (AGHConfig().anchors, AGHConfig().layers) == (300, 2)


def test_too_few_anchors_are_refused():
    message = "agh needs 32 eigenfunctions; the graph of 20 anchors has .*. Expected more anchors"
    with pytest.raises(ConfigError, match=message):
        fitted(AGH, points(20), 64)
    with pytest.raises(
        ConfigError, match="agh setting layers='3': Input should be less than or equal to 2"
    ):
        resolve_config("agh", AGHConfig, {}, {"layers": "3"})


# shift-invariant kernels


def test_sklsh_signs_scikit_learns_fourier_features():
    from sklearn.kernel_approximation import RBFSampler

    features = points()
    method = fitted(SKLSH, features, scale=0.7)
    centred = features - method.mean
    bandwidth = 0.7 * neighbour_distance(features, np.arange(300), 50)
    sampler = RBFSampler(gamma=1 / (2 * bandwidth**2), n_components=32, random_state=0).fit(centred)
    assert method.waves.frequencies.std() == pytest.approx(sampler.random_weights_.std(), rel=0.15)
    sampler.random_weights_, sampler.random_offset_ = method.waves.frequencies, method.waves.phases
    cosines = sampler.transform(centred) / np.sqrt(2 / 32)
    assert (encode(method, features) != (cosines + method.waves.offsets > 0)).mean() < 1e-3


def test_hamming_distance_follows_the_kernel():
    waves = random_waves(3, 40_000, 2.0, np.random.default_rng(0))
    origin, steps = np.zeros(3), np.array([[0.5, 0, 0], [1, 1, 0], [3, 0, 2], [20, 0, 0]])
    one, others = (
        np.cos(x @ waves.frequencies + waves.phases) + waves.offsets > 0 for x in (origin, steps)
    )
    m = np.arange(1, 2000)[:, None]
    kernel = np.exp(-(m**2) * np.square(steps).sum(axis=1) / (2 * 2.0**2))
    # the paper's series for the expected share of differing bits
    expected = 8 / np.pi**2 * ((1 - kernel) / (4 * m**2 - 1)).sum(axis=0)
    assert (one != others).mean(axis=1) == pytest.approx(expected, abs=0.01)


def test_neighbour_distance_equals_scikit_learns():
    from sklearn.neighbors import NearestNeighbors

    features = points()
    distances, _ = NearestNeighbors(n_neighbors=6).fit(features).kneighbors(features[:80])
    ours = neighbour_distance(features, np.arange(80), 5)
    assert ours == pytest.approx(distances[:, 5].mean(), rel=1e-4)
    assert neighbour_distance(features[:3], np.arange(3), 50) == pytest.approx(
        cdist(features[:3], features[:3]).max(axis=1).mean(), rel=1e-4
    )


# all of them


@pytest.mark.parametrize("cls", METHODS)
def test_images_that_are_all_alike_get_one_code(cls):
    features = np.ones((400, 20), dtype=np.float32)
    assert len(np.unique(encode(fitted(cls, features), features), axis=0)) == 1


@pytest.mark.parametrize("cls", METHODS)
def test_duplicates_get_the_same_code(cls):
    features = np.repeat(points(200), 3, axis=0)
    bits = encode(fitted(cls, features), features).reshape(200, 3, 32)
    assert (bits == bits[:, :1]).all()
    assert len(np.unique(bits[:, 0], axis=0)) > 50


@pytest.mark.parametrize("cls", METHODS)
def test_few_images_are_enough(cls):
    features = points(40)
    assert encode(fitted(cls, features, 16), features).shape == (40, 16)
