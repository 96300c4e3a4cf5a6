"""The unsupervised quantizers against FAISS, scikit-learn and naive formulations, on real features."""

from itertools import pairwise

import faiss
import numpy as np
import pytest

from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import ConfigError
from hashbench.methods.config import resolve_config
from hashbench.methods.method import Context
from hashbench.ranking.distances import aqd
from hashbench_baselines.aq import AQ, refit_codebooks, squared_error
from hashbench_baselines.lsq import LSQ
from hashbench_baselines.opq import OPQ
from hashbench_baselines.pq import PQ
from hashbench_baselines.prq import PRQ
from hashbench_baselines.rq import RQ, beam_search, one_thread
from hashbench_baselines.shared.product import ProductQuantizer
from hashbench_baselines.shared.quantizer import WORDS, ProjectedQuantizer

METHODS = [PQ, OPQ, RQ, PRQ, AQ, LSQ]
# Enough for what these tests are about.
QUICK = {LSQ: {"iterations": 10, "train_rounds": 4}, AQ: {"updates": 3}, OPQ: {"rotations": 10}}

every_quantizer = pytest.mark.parametrize("cls", METHODS, ids=lambda cls: cls.PLUGIN_NAME)


class ReducedPQ(ProductQuantizer, ProjectedQuantizer):
    """PQ in the dimensions that the other quantizers work in."""

    PLUGIN_NAME = "reduced-pq"

    class Config(ProductQuantizer.Config, ProjectedQuantizer.Config):
        """The settings of both."""


def fitted(cls, features, bits=32, seed=0, **settings):
    method = cls(cls.Config(**QUICK.get(cls, {}) | settings), Context(bits=bits, seed=seed))
    view = TrainView(
        ImageView(features=features), Supervision.NONE, load_tags=list, load_web=list, load_labels=list
    )
    method.fit(view)
    return method


def error(method, features):
    vectors = method.embed(ImageView(features=features))
    return float(np.square(vectors - method.quantize(vectors).reconstruct()).sum())


@pytest.fixture(scope="module")
def features(pictures):
    """Features of 336 images in ten pieces each: 3,360 vectors, more than a few codewords can repeat."""
    return np.ascontiguousarray(pictures.database().features.reshape(-1, 128))


@pytest.fixture(scope="module")
def trained(features):
    """Methods fitted with 32 bits and seed 0; each once."""
    known = {}

    def get(cls):
        if cls not in known:
            known[cls] = fitted(cls, features)
        return known[cls]

    return get


def load(vector, codebooks):
    faiss.copy_array_to_vector(np.ascontiguousarray(codebooks).ravel(), vector)


def faiss_index(method, width):
    """FAISS's index of the method's codebooks, empty."""
    if isinstance(method, ProductQuantizer):
        index = faiss.IndexPQ(width, method.books, 8)
        load(index.pq.centroids, method.codebooks)
        index.is_trained = True
        return index
    if isinstance(method, PRQ):
        index = faiss.IndexProductResidualQuantizer(width, 2, method.books // 2, 8)
        quantizer = index.prq
    elif isinstance(method, LSQ):
        index = faiss.IndexLocalSearchQuantizer(width, method.books, 8)
        quantizer = index.lsq
    else:
        index = faiss.IndexResidualQuantizer(width, method.books, 8)
        quantizer = index.rq
    load(quantizer.codebooks, method.codebooks)
    quantizer.is_trained = index.is_trained = True
    return index


@every_quantizer
def test_reconstructions_are_what_faiss_decodes(cls, trained, features):
    method = trained(cls)
    vectors = method.embed(ImageView(features=features[:50]))
    codes = method.quantize(vectors)
    decoded = faiss_index(method, vectors.shape[1]).sa_decode(codes.indices)
    assert codes.reconstruct() == pytest.approx(decoded, abs=1e-6)


@every_quantizer
def test_ranks_as_faiss_does(cls, trained, features, pictures):
    method = trained(cls)
    query = method.embed(ImageView(features=pictures.query().features[:20, :128]))
    codes = method.encode(ImageView(features=features[:500]))
    index = faiss_index(method, query.shape[1])
    index.add_sa_codes(codes.indices)
    squared, found = index.search(query, len(codes))
    ours = aqd(query, codes).tile(slice(0, 20)) + np.square(query).sum(axis=1, keepdims=True)
    assert np.take_along_axis(ours, found, axis=1) == pytest.approx(squared, abs=1e-5)
    assert np.sort(ours, axis=1) == pytest.approx(squared, abs=1e-5)


@every_quantizer
def test_the_number_of_threads_changes_nothing(cls, features):
    threads = faiss.omp_get_max_threads()
    codes = []
    try:
        for count in (1, 2):
            faiss.omp_set_num_threads(count)
            method = fitted(cls, features[:1000], 16)
            codes.append(method.encode(ImageView(features=features[:1000])).indices)
    finally:
        faiss.omp_set_num_threads(threads)
    assert np.array_equal(*codes)


@every_quantizer
def test_more_bits_reconstruct_better(cls, trained, features):
    errors = [error(fitted(cls, features, bits), features) for bits in (8, 16)]
    errors.append(error(trained(cls), features))
    assert errors == sorted(errors, reverse=True)


def test_errors_are_ordered_as_theory_says(trained, features):
    pq = error(fitted(ReducedPQ, features), features)
    opq = error(fitted(OPQ, features, rotations=50), features)
    rq, prq, aq = (error(trained(cls), features) for cls in (RQ, PRQ, AQ))
    lsq = error(fitted(LSQ, features, iterations=25, train_rounds=8), features)
    assert opq < pq
    assert rq < prq < pq
    assert aq < rq
    assert lsq < rq


@every_quantizer
def test_fewer_images_than_codewords(cls, features, capfd):
    method = fitted(cls, features[:40])
    codes = method.encode(ImageView(features=features[:60]))
    assert (len(codes), codes.bits) == (60, 32)
    assert np.isfinite(codes.reconstruct()).all()
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


@every_quantizer
def test_images_that_are_all_the_same(cls, features, capfd):
    same = np.repeat(features[:1], 300, axis=0)
    settings = {} if cls is PQ else {"dimensions": 16}
    assert error(fitted(cls, same, 16, **settings), same) == pytest.approx(0, abs=1e-3)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


@every_quantizer
def test_fewer_dimensions_than_bits(cls, features):
    narrow = np.ascontiguousarray(features[:, :10])
    method = fitted(cls, narrow[:300], 64, **{LSQ: {"iterations": 1}}.get(cls, {}))
    width = {PQ: 16, OPQ: 8}.get(cls, 10)
    assert method.embed(ImageView(features=narrow)).shape == (len(narrow), width)
    assert method.encode(ImageView(features=narrow)).bits == 64


@pytest.mark.parametrize("cls", [PQ, OPQ, PRQ], ids=lambda cls: cls.PLUGIN_NAME)
def test_fewer_dimensions_than_slices_are_refused(cls, features):
    slices = 2 if cls is PRQ else 8
    message = (
        f"bits=64: {cls.PLUGIN_NAME} cuts features into {slices} slices; "
        f"features have {slices - 1} dimensions."
    )
    with pytest.raises(ConfigError, match=message):
        fitted(cls, np.ascontiguousarray(features[:, : slices - 1]), 64)


@pytest.mark.parametrize(
    ("cls", "key", "value"),
    [
        (PQ, "iterations", "0"),
        (OPQ, "rotations", "0"),
        (OPQ, "dimensions", "-1"),
        (RQ, "beam", "0"),
        (PRQ, "beam", "257"),
        (AQ, "ridge", "0"),
        (LSQ, "perturbed", "0"),
    ],
)
def test_settings_out_of_range_are_refused(cls, key, value):
    with pytest.raises(ConfigError, match=f"{cls.PLUGIN_NAME} setting {key}='{value}'"):
        resolve_config(cls.PLUGIN_NAME, cls.Config, {}, {key: value})


def test_lengths_matter_unless_features_are_normalized(features):
    scaled = features * np.linspace(0.5, 2, len(features), dtype=np.float32)[:, None]
    for normalize, equal in ((True, True), (False, False)):
        one, other = (
            fitted(RQ, some, 16, normalize=normalize).embed(ImageView(features=some[:5]))
            for some in (features, scaled)
        )
        assert np.allclose(one, other, atol=1e-4) == equal


def test_pq_errs_as_scikit_learns_k_means_does(features):
    from sklearn.cluster import KMeans

    method = fitted(PQ, features, 16)
    unit = method.embed(ImageView(features=features))
    theirs = sum(
        KMeans(WORDS, init="random", n_init=1, max_iter=25, random_state=0).fit(half).inertia_
        for half in np.split(unit, 2, axis=1)
    )
    assert error(method, features) == pytest.approx(theirs, rel=0.05)


def test_opq_quantizes_better_with_every_rotation(features):
    errors = [error(fitted(OPQ, features, rotations=rotations), features) for rotations in (1, 20)]
    assert errors[1] < errors[0]


def test_opq_turns_without_stretching(trained):
    projection = trained(OPQ).projection
    assert projection.T @ projection == pytest.approx(np.eye(128), abs=1e-4)


def test_a_beam_that_keeps_all_is_exhaustive_search(features):
    method = fitted(RQ, features, 16, dimensions=16)
    vectors = method.embed(ImageView(features=features[:20]))
    first, second = method.codebooks
    sums = (first[:, None] + second[None]).reshape(-1, 16)
    distances = np.square(vectors[:, None] - sums).sum(axis=2)
    found = beam_search(vectors, method.codebooks, WORDS).astype(int)
    errors = np.take_along_axis(distances, found @ [[WORDS], [1]], axis=1)
    assert errors.ravel() == pytest.approx(distances.min(axis=1), abs=1e-6)


def test_a_beam_of_one_is_greedy(trained, features):
    method = trained(RQ)
    rest = method.embed(ImageView(features=features[:20]))
    found = beam_search(rest, method.codebooks, 1)
    for m, codebook in enumerate(method.codebooks):
        nearest = np.square(rest[:, None] - codebook).sum(axis=2).argmin(axis=1)
        assert np.array_equal(found[:, m], nearest)
        rest = rest - codebook[nearest]


def test_a_wider_beam_errs_less(trained, features):
    method = trained(RQ)
    vectors = method.embed(ImageView(features=features))
    errors = [
        squared_error(vectors, beam_search(vectors, method.codebooks, beam), method.codebooks)
        for beam in (1, 5, 32)
    ]
    assert errors == sorted(errors, reverse=True)


def test_prq_is_faiss_product_residual_quantizer(trained, features):
    method = trained(PRQ)
    vectors = method.embed(ImageView(features=features))
    theirs = faiss.ProductResidualQuantizer(vectors.shape[1], 2, 2, 8)
    for half in range(2):
        part = faiss.downcast_AdditiveQuantizer(theirs.subquantizer(half))
        part.max_beam_size = 1
        part.cp.niter, part.cp.min_points_per_centroid = method.config.iterations, 1
        part.cp.seed = method.faiss_seed("residual quantizer")
    with one_thread():
        theirs.train(vectors)
    for half in range(2):
        faiss.downcast_AdditiveQuantizer(theirs.subquantizer(half)).max_beam_size = method.config.beam
    assert np.array_equal(faiss.vector_to_array(theirs.codebooks), method.codebooks.ravel())
    assert np.array_equal(theirs.compute_codes(vectors), method.quantize(vectors).indices)


def test_prq_of_an_odd_number_of_codebooks_is_rq(features):
    one, other = (fitted(cls, features, 24).codebooks for cls in (PRQ, RQ))
    assert np.array_equal(one, other)


def small_problem():
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((60, 5)).astype(np.float32)
    codes = generator.integers(6, size=(60, 3)).astype(np.uint8)
    return vectors, codes, generator.standard_normal((3, 7, 5)).astype(np.float32)


def test_refitted_codebooks_solve_the_least_squares_problem():
    vectors, codes, codebooks = small_problem()
    chosen = np.zeros((60, 3, 7))
    for m in range(3):
        chosen[np.arange(60), m, codes[:, m]] = 1
    flat, ridge = codebooks.reshape(21, 5), 0.5
    stacked = np.vstack([chosen.reshape(60, 21), np.sqrt(ridge) * np.eye(21)])
    wanted, *_ = np.linalg.lstsq(stacked, np.vstack([vectors, np.sqrt(ridge) * flat]))
    found = refit_codebooks(vectors, codes, codebooks, ridge)
    assert found.reshape(21, 5) == pytest.approx(wanted, abs=1e-5)
    assert np.array_equal(found[:, 6], codebooks[:, 6])  # nobody uses the last codewords


@pytest.mark.parametrize("ridge", [1e-3, 1, 1e3])
def test_refitting_never_errs_more(ridge):
    vectors, codes, codebooks = small_problem()
    errors = []
    for _ in range(5):
        errors.append(squared_error(vectors, codes, codebooks))
        codebooks = refit_codebooks(vectors, codes, codebooks, ridge)
    assert all(later <= before * (1 + 1e-6) for before, later in pairwise(errors))


def test_the_error_is_that_of_the_sums_of_codewords():
    vectors, codes, codebooks = small_problem()
    wanted = 0.0
    for vector, row in zip(vectors, codes, strict=True):
        wanted += np.square(vector - sum(codebooks[m, word] for m, word in enumerate(row))).sum()
    assert squared_error(vectors, codes, codebooks) == pytest.approx(wanted, rel=1e-5)


def test_aq_starts_as_rq_and_gets_no_worse(features):
    methods = [fitted(AQ, features, updates=updates) for updates in (0, 2, 6)]
    assert np.array_equal(methods[0].codebooks, fitted(RQ, features).codebooks)
    errors = [error(method, features) for method in methods]
    assert errors == sorted(errors, reverse=True)


def test_lsq_finds_codes_as_good_as_faiss_does(trained, features):
    method = trained(LSQ)
    vectors = method.embed(ImageView(features=features))
    theirs = method.faiss_quantizer(vectors.shape[1])
    load(theirs.codebooks, method.codebooks)
    theirs.is_trained = True
    reference = squared_error(vectors, theirs.compute_codes(vectors), method.codebooks)
    assert error(method, features) == pytest.approx(reference, rel=0.03)


def test_no_lsq_code_can_be_bettered_by_one_codeword(trained, features):
    method = trained(LSQ)
    vectors = method.embed(ImageView(features=features[:30]))
    codes = method.quantize(vectors)
    rest = vectors - codes.reconstruct()
    lowest = np.square(rest).sum(axis=1)
    for m, codebook in enumerate(method.codebooks):
        without = rest + codebook[codes.indices[:, m]]
        best = np.square(without[:, None] - codebook).sum(axis=2).min(axis=1)
        # 4 sweeps end there for all but a few
        assert (lowest - best < 1e-5).mean() > 0.9


def test_lsq_codes_do_not_depend_on_the_other_images(trained, features):
    method = trained(LSQ)
    vectors = method.embed(ImageView(features=features[:50]))
    whole = method.find_codes(vectors)
    parts = [method.find_codes(np.ascontiguousarray(vectors[i : i + 1])) for i in range(50)]
    assert np.array_equal(whole, np.vstack(parts))


def test_lsq_with_more_rounds_errs_less(trained, features):
    method = trained(LSQ)
    errors = []
    for rounds in (1, 4, 16):
        other = LSQ(LSQ.Config(encode_rounds=rounds), Context(bits=32))
        other.load_state(method.state())
        errors.append(error(other, features))
    assert errors == sorted(errors, reverse=True)
