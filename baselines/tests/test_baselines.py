"""Each baseline on real pictures: above chance, on budget, the same twice; and against FAISS."""

import faiss
import numpy as np
import pytest

from hashbench.codes.binary import BinaryCodes
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import ConfigError
from hashbench.methods.method import Context
from hashbench.metrics.presets import SUITE
from hashbench.metrics.score import score
from hashbench.plugins import Plugins
from hashbench.ranking.distances import aqd, hamming
from hashbench.ranking.kernels.choice import resolve_kernel
from hashbench.ranking.relevance import Relevance
from hashbench_baselines.itq import ITQ, ITQConfig
from hashbench_baselines.lsh import LSH
from hashbench_baselines.opq import OPQ
from hashbench_baselines.pca import principal_directions
from hashbench_baselines.pcah import PCAH
from hashbench_baselines.pq import PQ
from hashbench_baselines.product import at_least

METHODS = [LSH, PCAH, ITQ, PQ, OPQ]


@pytest.fixture(scope="module")
def subset(pictures):
    """Features of real pictures, queries first."""
    return pictures.features, pictures.labels


def fitted(cls, features, bits=32, seed=0, **settings):
    method = cls(cls.Config(**settings), Context(bits=bits, seed=seed))
    view = TrainView(
        ImageView(features=features), Supervision.NONE, load_tags=list, load_web=list, load_labels=list
    )
    method.fit(view)
    return method


def codes_of(method, features):
    return next(iter(method.encode(ImageView(features=features)).arrays().values()))


def mean_ap(method, query, database, query_labels, database_labels):
    codes = method.encode(ImageView(features=database))
    if isinstance(codes, BinaryCodes):
        distances = hamming(method.encode(ImageView(features=query)), codes)
    else:
        distances = aqd(method.embed(ImageView(features=query)), codes)
    relevance = Relevance.of(query_labels, database_labels)
    return score(distances, relevance, [SUITE], resolve_kernel())[SUITE.name].means()


@pytest.mark.parametrize("cls", METHODS)
def test_beats_chance_on_real_pictures(cls, subset):
    features, labels = subset
    query, database = slice(None, 64), slice(64, None)
    method = fitted(cls, features[database])
    means = mean_ap(method, features[query], features[database], labels[query], labels[database])
    assert means["map@all"] > 1.2 * means["chance"]


@pytest.mark.parametrize("cls", METHODS)
@pytest.mark.parametrize("bits", [8, 24, 64])
def test_spends_the_bits_it_was_given(cls, bits, subset):
    features, _ = subset
    codes = fitted(cls, features, bits).encode(ImageView(features=features[:10]))
    assert (codes.bits, codes.bytes_per_item, len(codes)) == (bits, bits // 8, 10)


@pytest.mark.parametrize("cls", METHODS)
def test_state_gives_the_method_back(cls, subset):
    features, _ = subset
    method = fitted(cls, features)
    other = cls(cls.Config(), Context(bits=32, seed=5))
    other.load_state(method.state())
    assert np.array_equal(codes_of(method, features), codes_of(other, features))
    assert method.trained_parameters > 0


@pytest.mark.parametrize("cls", [LSH, ITQ, PQ, OPQ])
def test_the_seed_decides(cls, subset):
    features, _ = subset
    one, same, other = (codes_of(fitted(cls, features, seed=seed), features) for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("cls", METHODS)
def test_encoding_does_not_depend_on_the_batch(cls, subset):
    features, _ = subset
    method = fitted(cls, features)
    whole = codes_of(method, features)
    parts = [codes_of(method, features[start : start + 70]) for start in range(0, len(features), 70)]
    # one product of another shape may round a projection across zero
    assert (np.concatenate(parts) != whole).mean() < 1e-3


@pytest.mark.parametrize("cls", METHODS)
def test_features_are_not_changed(cls, subset):
    features, _ = subset
    before = features.copy()
    fitted(cls, features).encode(ImageView(features=features))
    assert np.array_equal(features, before)


def test_principal_directions_equal_scikit_learns():
    from sklearn.decomposition import PCA

    values = np.random.default_rng(0).standard_normal((200, 12)) * np.arange(1, 13)
    ours = principal_directions(values - values.mean(axis=0), 5)
    theirs = PCA(5, svd_solver="full").fit(values).components_.T
    assert np.abs((ours * theirs).sum(axis=0)) == pytest.approx(np.ones(5))
    assert ours.T @ ours == pytest.approx(np.eye(5), abs=1e-10)


def test_itq_lowers_the_sign_error_with_every_iteration(subset):
    features, _ = subset
    errors = []
    for iterations in (1, 2, 5, 10, 30):
        method = fitted(ITQ, features, iterations=iterations)
        projected = method.embed(ImageView(features=features))
        errors.append(np.square(np.sign(projected) - projected).sum())
    assert errors == sorted(errors, reverse=True)


def test_itq_keeps_the_principal_subspace(subset):
    features, _ = subset
    pcah, itq = fitted(PCAH, features), fitted(ITQ, features)
    rotation = pcah.projection.T @ itq.projection
    assert rotation @ rotation.T == pytest.approx(np.eye(32), abs=1e-3)
    assert ITQConfig().iterations == 50


def test_pq_finds_the_neighbours_that_faiss_finds(subset):
    features, _ = subset
    method = fitted(PQ, features)
    vectors = method.embed(ImageView(features=features))
    index = faiss.IndexPQ(vectors.shape[1], 4, 8)
    faiss.copy_array_to_vector(method.codebooks.ravel(), index.pq.centroids)
    index.is_trained = True
    index.add(vectors[100:])
    squared, _ = index.search(vectors[:20], 10)
    ours = np.sort(aqd(vectors[:20], method.quantize(vectors[100:])).tile(slice(0, 20)), axis=1)[:, :10]
    assert ours + np.square(vectors[:20]).sum(axis=1, keepdims=True) == pytest.approx(squared, abs=1e-4)


def test_opq_quantizes_better_than_pq_in_the_same_dimensions(subset):
    features, _ = subset
    errors = {}
    for rotations in (1, 20):
        method = fitted(OPQ, features, rotations=rotations)
        vectors = method.embed(ImageView(features=features))
        errors[rotations] = np.square(vectors - method.quantize(vectors).reconstruct()).sum()
    assert errors[20] < errors[1]


def test_more_bits_reconstruct_better(subset):
    features, _ = subset
    errors = []
    for bits in (8, 16, 32, 64):
        method = fitted(PQ, features, bits)
        vectors = method.embed(ImageView(features=features))
        errors.append(np.square(vectors - method.quantize(vectors).reconstruct()).sum())
    assert errors == sorted(errors, reverse=True)


def test_a_width_that_bits_do_not_divide_is_padded(subset):
    features, _ = subset
    method = fitted(PQ, np.ascontiguousarray(features[:, :50]))
    assert method.embed(ImageView(features=features[:, :50])).shape == (320, 52)


def test_fewer_images_than_codewords(subset, capfd):
    features, _ = subset
    assert len(at_least(features[:40], 256)) == 256
    for cls in (PQ, OPQ):
        codes = fitted(cls, features[:40], dimensions=32) if cls is OPQ else fitted(cls, features[:40])
        assert len(codes.encode(ImageView(features=features[:40]))) == 40
    assert "WARNING" not in capfd.readouterr().err


def test_more_bits_than_dimensions_are_refused(subset):
    features, _ = subset
    with pytest.raises(ConfigError, match="64 bits need as many principal components; features have 20"):
        fitted(PCAH, np.ascontiguousarray(features[:, :20]), 64)
    with pytest.raises(ConfigError, match="8 codebooks for features of 4 dimensions"):
        fitted(PQ, np.ascontiguousarray(features[:, :4]), 64)


def test_all_of_them_are_registered():
    assert {cls.PLUGIN_NAME for cls in METHODS} <= set(Plugins().methods)
