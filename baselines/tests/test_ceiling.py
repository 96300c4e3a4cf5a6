"""The methods that see clean labels: their numerics against brute force and loops, and odd labels."""

from itertools import product

import numpy as np
import pytest

from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.methods.method import Context
from hashbench_baselines.cca_itq_labels import CCAITQLabels
from hashbench_baselines.orthohash import OrthoHash, margin_loss, target_codes
from hashbench_baselines.sdh import SDH, SDHConfig, classify, descend, learn_hash

CEILINGS = [CCAITQLabels, SDH, OrthoHash]
every_ceiling = pytest.mark.parametrize("cls", CEILINGS, ids=lambda cls: cls.PLUGIN_NAME)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def fit(cls, features, labels, bits=16, seed=0, **settings):
    method = cls(cls.Config(**settings), Context(bits=bits, seed=seed))
    method.prepare()
    view = TrainView(
        ImageView(features=features),
        Supervision.LABELS,
        load_tags=list,
        load_web=list,
        load_labels=lambda: labels,
    )
    method.fit(view)
    return method


def objective(codes, classifier, hashed, labels, config):
    """The paper's equation 5, term by term."""
    return (
        np.square(labels - codes @ classifier).sum()
        + config.classifier_ridge * np.square(classifier).sum()
        + config.penalty * np.square(codes - hashed).sum()
    )


# SDH


@pytest.fixture
def problem(rng):
    """Codes (40, 6), labels (40, 4) and hash outputs (40, 6) that have nothing to do with each other."""
    codes = rng.choice([-1.0, 1.0], size=(40, 6))
    labels = (rng.random((40, 4)) < 0.4).astype(np.float64)
    return codes, labels, rng.standard_normal((40, 6))


def wanted_codes(labels, classifier, hashed, config):
    return labels @ classifier.T + config.penalty * hashed


def test_the_classifier_is_scikit_learns_ridge(problem):
    from sklearn.linear_model import Ridge

    codes, labels, _ = problem
    theirs = Ridge(alpha=2.0, fit_intercept=False).fit(codes, labels)
    assert classify(codes, labels, 2.0) == pytest.approx(theirs.coef_.T)


@pytest.mark.parametrize("penalty", [0, 1e-5, 0.3])
def test_no_step_raises_the_objective(problem, penalty):
    codes, labels, hashed = problem
    config = SDHConfig(penalty=penalty)
    values = [np.inf]
    for _ in range(4):
        classifier = classify(codes, labels, config.classifier_ridge)
        values.append(objective(codes, classifier, hashed, labels, config))
        for _ in range(3):
            codes = descend(codes, wanted_codes(labels, classifier, hashed, config), classifier, 1)
            values.append(objective(codes, classifier, hashed, labels, config))
    assert np.all(np.diff(values) <= 1e-9)
    assert values[-1] < values[1]


def test_descent_ends_where_no_bit_alone_can_gain(problem):
    codes, labels, hashed = problem
    config = SDHConfig(penalty=0.1)
    classifier = classify(codes, labels, 1.0)
    found = descend(codes, wanted_codes(labels, classifier, hashed, config), classifier, 100)
    best = objective(found, classifier, hashed, labels, config)
    for image, bit in product(range(40), range(6)):
        other = found.copy()
        other[image, bit] *= -1
        assert objective(other, classifier, hashed, labels, config) >= best - 1e-9


def test_the_best_of_all_codes_is_kept_and_mostly_found(problem, rng):
    _, labels, hashed = problem
    config = SDHConfig(penalty=0.1)
    classifier = rng.standard_normal((6, 4)) * 0.3
    every = np.array(list(product([-1.0, 1.0], repeat=6)))
    costs = np.square(labels[:, None] - every @ classifier).sum(axis=2) + 0.1 * np.square(
        every - hashed[:, None]
    ).sum(axis=2)
    least = costs.min(axis=1)
    starts = [rng.choice([-1.0, 1.0], size=(40, 6)) for _ in range(8)]
    wanted = wanted_codes(labels, classifier, hashed, config)
    found = np.stack([descend(start, wanted, classifier, 100) for start in starts])
    reached = [
        np.square(labels - codes @ classifier).sum(axis=1) + 0.1 * np.square(codes - hashed).sum(axis=1)
        for codes in found
    ]
    best = every[costs.argmin(axis=1)]
    assert np.array_equal(descend(best, wanted, classifier, 100), best)
    assert np.isclose(np.min(reached, axis=0), least).mean() > 0.8
    assert np.mean(reached) < 1.25 * least.mean()


def test_a_bit_without_a_say_keeps_its_value(problem):
    codes, labels, _ = problem
    classifier = classify(codes, labels, 1.0)
    classifier[2] = 0
    found = descend(codes, labels @ classifier.T, classifier, 10)
    assert np.array_equal(found[:, 2], codes[:, 2])


def test_the_hash_function_is_the_ridge_regression_to_the_codes_it_ends_with(problem, rng):
    codes, labels, _ = problem
    kernel = rng.random((40, 5)).astype(np.float32)
    config = SDHConfig(iterations=1, penalty=0)
    projection = learn_hash(kernel, labels, codes, config)
    classifier = classify(codes, labels, 1.0)
    final = descend(codes, labels @ classifier.T, classifier, 10)
    exact = np.linalg.inv(kernel.T @ kernel + 1e-2 * np.eye(5)) @ kernel.T @ final
    assert projection == pytest.approx(exact, rel=1e-3, abs=1e-3)


def test_kernel_features_are_scikit_learns(pictures):
    from sklearn.metrics.pairwise import rbf_kernel

    view = pictures.train(Supervision.LABELS)
    method = fit(SDH, view.images.features, view.labels, anchors=20)
    vectors = pictures.features / np.linalg.norm(pictures.features, axis=1, keepdims=True)
    kernel = rbf_kernel(vectors, method.anchors, gamma=1 / (2 * method.width**2))
    assert method.embed(ImageView(features=pictures.features)) == pytest.approx(
        kernel @ method.projection, abs=1e-2
    )


# OrthoHash


@pytest.mark.parametrize(("labels", "bits"), [(15, 16), (16, 16), (50, 64), (1, 8)])
def test_target_codes_are_orthogonal_where_they_can_be(labels, bits):
    codes = target_codes(labels, bits, np.random.default_rng(0))
    assert np.array_equal(np.abs(codes), np.ones((labels, bits)))
    assert np.array_equal(codes @ codes.T, bits * np.eye(labels))


@pytest.mark.parametrize(("labels", "bits"), [(50, 32), (15, 24), (300, 8)])
def test_other_target_codes_are_farther_apart_than_random_ones(labels, bits):
    def nearest(codes):
        return ((bits - codes @ codes.T + 2 * bits * np.eye(labels)) / 2).min()

    codes = target_codes(labels, bits, np.random.default_rng(0))
    random = [np.random.default_rng(s).choice([-1, 1], size=(labels, bits)) for s in range(20)]
    assert np.array_equal(np.abs(codes), np.ones((labels, bits)))
    assert nearest(codes) >= max(nearest(one) for one in random)


def test_target_codes_follow_the_seed():
    one, same, other = (target_codes(5, 16, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_loss_is_the_one_written_out(rng):
    import torch

    outputs, targets = rng.standard_normal((6, 8)), target_codes(4, 8, rng)
    labels = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 1, 0], [0, 1, 0, 1]])
    expected = 0.0
    for output, own in zip(outputs, labels, strict=True):
        cosines = [output @ t / np.linalg.norm(output) / np.linalg.norm(t) for t in targets]
        logits = [8 * (c - 0.2 * y) for c, y in zip(cosines, own, strict=True)]
        partition = sum(np.exp(z) for z in logits)
        for z, y in zip(logits, own, strict=True):
            expected -= y / max(own.sum(), 1) * np.log(np.exp(z) / partition) / 6
    given = (torch.tensor(array, dtype=torch.float64) for array in (outputs, targets, labels))
    assert margin_loss(*given, scale=8, margin=0.2).item() == pytest.approx(expected)


def test_outputs_are_pulled_to_the_codes_of_their_labels(rng):
    labels = np.eye(4, dtype=np.bool_)[rng.integers(4, size=200)]
    features = (labels @ rng.standard_normal((4, 30)) + 0.1 * rng.standard_normal((200, 30))).astype(
        np.float32
    )
    method = fit(OrthoHash, features, labels, iterations=200)
    codes = method.encode(ImageView(features=features)).signs()
    for label in labels.T:
        assert (codes[label] == codes[label][0]).mean() > 0.95


# all


@every_ceiling
@pytest.mark.parametrize("kind", ["pictures", "duplicates", "constant"])
def test_odd_labels_and_pictures_give_finite_codes(cls, kind, pictures):
    features = pictures.features[:60]
    features = {
        "pictures": features,
        "duplicates": np.resize(features[:3], features.shape),
        "constant": np.full_like(features, 0.5),
    }[kind]
    labels = pictures.labels[:60].copy()
    labels[:, 0], labels[:, 1], labels[5] = True, False, False
    method = fit(cls, features, labels, **({"iterations": 5} if cls is OrthoHash else {}))
    assert all(np.isfinite(array).all() for array in method.state().values())
    embedded = method.embed(ImageView(features=features))
    assert np.isfinite(embedded).all()
    assert embedded.shape == (60, 16)


def test_more_bits_than_labels_are_different_bits(pictures):
    view = pictures.train(Supervision.LABELS)
    method = fit(CCAITQLabels, view.images.features, view.labels, bits=128)
    codes = method.encode(ImageView(features=pictures.features)).signs()
    assert np.linalg.matrix_rank(method.projection) <= view.labels.shape[1]
    assert len(np.unique(codes, axis=1).T) > 120
