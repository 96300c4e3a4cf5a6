"""The controls that learn from tags: against scikit-learn and naive formulas, and with odd tags."""

import numpy as np
import pytest
from scipy import sparse
from scipy.linalg import subspace_angles

from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import DataError
from hashbench.methods.method import Context
from hashbench.tags.embeddings import embed_tags
from hashbench.tags.table import TagTable
from hashbench_baselines.cca_itq_tags import CCAITQ
from hashbench_baselines.fused_pq import FusedPQ
from hashbench_baselines.ridge_itq import RidgeITQ
from hashbench_baselines.shared.cca import CCAConfig, canonical_directions, weighted_directions
from hashbench_baselines.shared.moments import Moments
from hashbench_baselines.shared.ridge import leading_predictions, ridge_regression
from hashbench_baselines.shared.tag_targets import tag_means
from hashbench_baselines.shared.target_itq import rotate_or_spread
from hashbench_baselines.shared.unit import unit_length

CONTROLS = [RidgeITQ, CCAITQ, FusedPQ]
every_control = pytest.mark.parametrize("cls", CONTROLS, ids=lambda cls: cls.PLUGIN_NAME)
GLOVE = "glove-6b-50d"


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def related(rng):
    """Features far from zero (200, 12) and targets (200, 5) that partly follow from them."""
    features = rng.standard_normal((200, 12)) @ rng.standard_normal((12, 12)) + 50
    targets = features @ rng.standard_normal((12, 5)) * 0.2 + rng.standard_normal((200, 5))
    return features.astype(np.float32), targets


def fit(cls, features, lists, bits=16, seed=0, **settings):
    words = tuple(sorted({tag for tags in lists for tag in tags}))
    table = TagTable.from_lists(lists, words)
    method = cls(cls.Config(**settings), Context(bits=bits, seed=seed))
    method.prepare()
    view = TrainView(
        ImageView(features=features),
        Supervision.TAGS,
        load_tags=lambda: table,
        load_web=list,
        load_labels=list,
    )
    method.fit(view)
    return method


def signs(method, features):
    return method.encode(ImageView(features=features)).signs()


# moments


@pytest.mark.parametrize("chosen", [None, np.arange(0, 200, 3)])
def test_moments_are_numpys_covariances(related, chosen):
    features, targets = related
    moments = Moments.of(features, targets, chosen)
    rows = slice(None) if chosen is None else chosen
    joint = np.cov(features[rows].T, targets[rows].T, bias=True)
    assert moments.features == pytest.approx(joint[:12, :12], rel=1e-4, abs=1e-4)
    assert moments.cross == pytest.approx(joint[:12, 12:], rel=1e-4, abs=1e-4)
    assert moments.targets == pytest.approx(joint[12:, 12:])
    assert moments.count == len(features[rows])


def test_moments_of_sparse_targets_are_those_of_dense_ones_in_blocks_too(related, rng, monkeypatch):
    features, _ = related
    marks = rng.random((200, 7)) < 0.3
    dense = Moments.of(features, marks)
    monkeypatch.setattr("hashbench_baselines.shared.blocks._ROWS", 64)
    thin = Moments.of(features, sparse.csr_array(marks))
    for name in ("features", "cross", "targets"):
        assert getattr(thin, name) == pytest.approx(getattr(dense, name))


def test_ridges_are_measured_by_variance(related):
    features, targets = related
    one, thrice = Moments.of(features, targets), Moments.of(3 * features, targets)
    assert one.feature_ridge(0.5) == pytest.approx(0.5 * one.features.trace() / 200)
    assert thrice.feature_ridge(0.5) == pytest.approx(9 * one.feature_ridge(0.5))
    assert one.target_ridge(2) == pytest.approx(2 * one.targets.diagonal().mean())
    still = Moments.of(np.ones((4, 2), dtype=np.float32), np.ones((4, 1)))
    assert (still.feature_ridge(0.5), still.target_ridge(2)) == (0.5, 2)


# regression


def test_regression_is_scikit_learns(related):
    from sklearn.linear_model import Ridge

    features, targets = related
    moments = Moments.of(features, targets)
    theirs = Ridge(alpha=200 * moments.feature_ridge(0.5)).fit(features.astype(np.float64), targets)
    weights = ridge_regression(moments, 0.5)
    assert weights == pytest.approx(theirs.coef_.T, rel=1e-4, abs=1e-6)


def test_leading_predictions_are_the_principal_components_of_predictions(related):
    from sklearn.decomposition import PCA

    features, targets = related
    moments = Moments.of(features, targets)
    weights = ridge_regression(moments, 0.5)
    centred = features - features.mean(axis=0, dtype=np.float64)
    theirs = PCA().fit_transform(centred @ weights)
    ours = centred @ leading_predictions(weights, moments.features, 1)
    assert np.abs(ours) == pytest.approx(np.abs(theirs), rel=1e-3, abs=1e-3)
    weighted = (centred @ leading_predictions(weights, moments.features, 2)).std(axis=0)
    assert weighted == pytest.approx(theirs.std(axis=0) ** 2 / theirs.std(axis=0)[0], rel=1e-4)


def test_predictions_that_do_not_vary_give_no_direction(related):
    features, targets = related
    targets[:, 0] = 1
    moments = Moments.of(features, np.hstack([targets, targets]))
    directions = leading_predictions(ridge_regression(moments, 0.5), moments.features, 1.5)
    assert directions.shape == (12, 4)
    assert leading_predictions(np.zeros((12, 3)), moments.features, 1.5).shape == (12, 0)


# canonical correlations


def test_canonical_correlations_are_scikit_learns(related):
    from sklearn.cross_decomposition import CCA

    features, targets = related
    directions, correlations = canonical_directions(Moments.of(features, targets), 1e-9, 1e-9)
    theirs = CCA(n_components=5, scale=False, max_iter=5000, tol=1e-12).fit(
        features.astype(np.float64), targets
    )
    one, other = theirs.transform(features.astype(np.float64), targets)
    assert correlations == pytest.approx(
        [np.corrcoef(one[:, k], other[:, k])[0, 1] for k in range(5)], abs=1e-4
    )
    assert subspace_angles(directions[:, :2], theirs.x_rotations_[:, :2]).max() < 1e-2


@pytest.mark.parametrize("wide", [False, True], ids=["more features", "more targets"])
def test_canonical_directions_solve_the_eigenproblem(rng, wide):
    features = rng.standard_normal((100, 6)).astype(np.float32)
    targets = (rng.random((100, 9 if wide else 3)) < 0.3).astype(np.float64)
    targets[:, 0] += features[:, 0]
    moments = Moments.of(features, targets)
    directions, correlations = canonical_directions(moments, 0.5, 2.0)
    own = moments.features + moments.feature_ridge(0.5) * np.eye(6)
    theirs = moments.targets + moments.target_ridge(2.0) * np.eye(targets.shape[1])
    told = moments.cross @ np.linalg.inv(theirs) @ moments.cross.T
    assert told @ directions == pytest.approx(own @ directions * correlations**2, abs=1e-9)
    assert directions.T @ own @ directions == pytest.approx(np.eye(len(correlations)), abs=1e-9)
    assert np.all(np.diff(correlations) <= 0)
    assert len(correlations) == (6 if wide else 3)


def test_directions_are_weighted_by_correlations_to_a_power(related):
    moments = Moments.of(*related)
    directions, correlations = canonical_directions(moments, 0.25, 10)
    weighted = weighted_directions(moments, CCAConfig(power=3))
    assert weighted == pytest.approx(directions * correlations**3)


def test_a_tag_that_all_carry_and_one_that_nobody_has_count_for_nothing(related, rng):
    features, _ = related
    marks = (rng.random((200, 4)) < 0.3).astype(np.float64)
    extended = np.hstack([marks, np.ones((200, 1)), np.zeros((200, 1))])
    plain, _ = canonical_directions(Moments.of(features, marks), 0.25, 1e-9)
    other, _ = canonical_directions(Moments.of(features, extended), 0.25, 1e-9)
    assert plain.shape == other.shape
    assert np.abs(plain) == pytest.approx(np.abs(other), rel=1e-3, abs=1e-6)


# bits


def test_fewer_directions_are_spread_over_all_bits(rng):
    projected = rng.standard_normal((300, 5)) * [3, 2, 1, 1, 1]
    projected -= projected.mean(axis=0)
    start, _ = np.linalg.qr(rng.standard_normal((16, 16)))
    errors = []
    for iterations in range(6):
        rows = rotate_or_spread(projected, start, iterations)
        assert rows @ rows.T == pytest.approx(np.eye(5))
        turned = projected @ rows
        errors.append(np.square(np.where(turned > 0, 1, -1) - turned).sum())
    assert np.all(np.diff(errors) <= 1e-9)
    assert len(np.unique(projected @ rows > 0, axis=1).T) == 16


@pytest.mark.parametrize("cls", [RidgeITQ, CCAITQ], ids=lambda cls: cls.PLUGIN_NAME)
def test_more_bits_than_directions_tell_more(cls, pictures):
    view = pictures.train(Supervision.TAGS)
    method = cls(cls.Config(), Context(bits=256))
    method.fit(view)
    assert method.projection.shape == (pictures.features.shape[1], 256)
    assert np.linalg.matrix_rank(method.projection) < 256
    codes = signs(method, pictures.features)
    assert len(np.unique(codes, axis=1).T) > 200


# tags


def test_an_images_target_is_the_mean_of_its_known_tags():
    lists = [["cat", "dog"], ["zzqx"], [], ["cat", "zzqx"]]
    table = TagTable.from_lists(lists, ("cat", "dog", "zzqx"))
    means, tagged = tag_means(table, GLOVE)
    cat, dog = embed_tags(("cat", "dog")).vectors
    assert tagged.tolist() == [0, 3]
    assert means == pytest.approx(np.stack([(cat + dog) / 2, 0 * cat, 0 * cat, cat]), rel=1e-6)


def test_images_without_a_tag_are_left_out_of_the_regression(pictures, monkeypatch):
    features = pictures.features[:60]
    lists = [["cat"], ["dog"], ["house", "cat"], []] * 15
    seen = []
    count = Moments.of
    monkeypatch.setattr(Moments, "of", lambda *given: seen.append(given) or count(*given))
    fit(RidgeITQ, features, lists)
    assert seen[0][2].tolist() == [n for n in range(60) if n % 4 != 3]


@every_control
@pytest.mark.parametrize("lists", [[[]] * 40, [["cat"]] + [[]] * 39])
def test_tags_that_are_all_missing_are_refused(cls, lists, pictures):
    with pytest.raises(DataError, match=r"^[01] of 40 training images have a tag.* Expected 2 or more: "):
        fit(cls, pictures.features[:40], lists)


@pytest.mark.parametrize("cls", [RidgeITQ, FusedPQ], ids=lambda cls: cls.PLUGIN_NAME)
def test_tags_that_no_word_vector_knows_are_refused(cls, pictures):
    with pytest.raises(DataError, match="know none of the 1 tags"):
        fit(cls, pictures.features[:40], [["zzqx"]] * 40)


@every_control
@pytest.mark.parametrize(
    "lists",
    [[["cat"]] * 40, [["cat"], ["dog"], [], ["dog", "cat"]] * 10],
    ids=["one tag on all", "some without"],
)
@pytest.mark.parametrize("kind", ["pictures", "duplicates", "constant"])
def test_odd_collections_give_finite_codes_that_duplicates_share(cls, lists, kind, pictures):
    features = pictures.features[:40]
    features = {
        "pictures": features,
        "duplicates": np.resize(features[:3], features.shape),
        "constant": np.full_like(features, 0.5),
    }[kind]
    method = fit(cls, features, lists)
    assert all(np.isfinite(array).all() for array in method.state().values())
    embedded = method.embed(ImageView(features=features))
    assert np.isfinite(embedded).all()
    if kind == "duplicates":
        assert embedded[3:6] == pytest.approx(embedded[:3], abs=1e-4)


@pytest.mark.parametrize("cls", [RidgeITQ, FusedPQ], ids=lambda cls: cls.PLUGIN_NAME)
def test_word_vectors_are_part_of_the_key(cls, tmp_path):
    assert cls(cls.Config(), Context(bits=16)).sources() == {"embeddings": GLOVE}
    file = tmp_path / "words.txt"
    file.write_text("cat 1 2\n")
    assert cls(cls.Config(embeddings=str(file)), Context(bits=16)).sources()["embeddings"] != GLOVE


# fusion


def test_fused_vectors_are_features_beside_weighted_unit_predictions(pictures):
    method = FusedPQ(FusedPQ.Config(weight=3, dimensions=16), Context(bits=16))
    view = pictures.train(Supervision.TAGS)
    method.fit(view)
    vectors = unit_length(view.images.features)
    means, tagged = tag_means(view.tags, GLOVE)
    weights = ridge_regression(Moments.of(vectors, means, tagged), 0.5)
    predicted = (vectors - vectors.mean(axis=0)) @ weights
    predicted /= np.linalg.norm(predicted, axis=1, keepdims=True)
    fused = np.hstack([vectors, 3 * predicted])
    assert method.embed(view.images) == pytest.approx(fused @ method.projection, abs=1e-3)
    left, singular, _ = np.linalg.svd((fused - fused.mean(axis=0)).T, full_matrices=False)
    assert singular[15] > singular[16]
    assert np.cos(subspace_angles(method.projection, left[:, :16])).min() > 1 - 1e-4


def test_without_weight_fusion_is_pq_on_principal_directions(pictures):
    view = pictures.train(Supervision.TAGS)
    method = FusedPQ(FusedPQ.Config(weight=0, dimensions=16), Context(bits=16))
    method.fit(view)
    assert not method.projection[pictures.features.shape[1] :].any()
