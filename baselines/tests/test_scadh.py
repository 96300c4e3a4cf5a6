"""SCADH: each step against its definition, the objective falls, and tags and images that say nothing."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import sparse

from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import DataError
from hashbench.methods.method import Context
from hashbench.tags.table import TagTable
from hashbench_baselines.scadh import (
    SCADH,
    Problem,
    SCADHConfig,
    Solution,
    first_codes,
    shrink_rank,
    visual_graph,
)
from hashbench_baselines.shared.anchors import anchor_affinities, choose_anchors, kernel_width

VOCABULARY = ("cat", "dog", "house", "tree", "water")


def features(images=60, seed=0):
    rng = np.random.default_rng(seed)
    centres = 3 * rng.standard_normal((4, 12))
    return (centres[np.arange(images) % 4] + rng.standard_normal((images, 12))).astype(np.float32)


def tag_lists(images=60):
    return [[VOCABULARY[n % 4]] + ["water"] * (n % 3 == 0) for n in range(images)]


def fitted(given, lists, bits=8, vocabulary=VOCABULARY, **settings):
    method = SCADH(SCADHConfig(**{"anchors": 10} | settings), Context(bits=bits))
    table = TagTable.from_lists(lists, vocabulary)
    loaders = {"load_tags": lambda: table, "load_web": None, "load_labels": None}
    method.fit(TrainView(ImageView(features=given), Supervision.TAGS, **loaders))
    return method


def codes(method, given):
    return method.encode(ImageView(features=given)).packed


def problem(images=60, **settings):
    tags = TagTable.from_lists(tag_lists(images), VOCABULARY).incidence.toarray().astype(float)
    return Problem(tags, visual_graph(features(images), 10, 3, 0), SCADHConfig(**settings))


def random_codes(images=60, bits=6, seed=0):
    return np.random.default_rng(seed).choice([-1.0, 1.0], (images, bits))


def random_solution(posed, seed=0):
    rng = np.random.default_rng(seed)
    images, tags = posed.tags.shape
    refined = posed.tags + 0.3 * rng.standard_normal(posed.tags.shape)
    return Solution(refined, rng.standard_normal((tags, 6)), random_codes(images, seed=seed))


def test_objective_is_the_sum_of_its_five_terms():
    posed = problem(images=12, graph=3.0, noise=0.2, fidelity=2.0, codes=5.0, shrinkage=0.7)
    given = random_solution(posed)
    affinity = (posed.graph @ posed.graph.T).toarray()
    rough = sum(
        affinity[i, j] * np.square(given.codes[i] - given.codes[j]).sum() / 2
        for i in range(12)
        for j in range(12)
    )
    noise = 0.0
    for r in (posed.tags - given.tags).ravel():
        # the best noise e of r = e + rest, by trying
        tried = np.linspace(-2, 2, 40_001)
        noise += (0.2 * np.abs(tried) + np.square(r - tried)).min()
    expected = (
        np.linalg.norm(given.tags, ord="nuc")
        + noise
        + 2.5 * np.square(given.codes - given.tags @ given.mapping).sum()
        + 0.35 * np.square(given.mapping).sum()
        + 3 * rough
    )
    assert posed.objective(given) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "settings",
    [{}, {"graph": 100.0}, {"noise": 0.1, "fidelity": 1.0, "codes": 0.1}, {"graph": 0.0}, {"codes": 1e4}],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_no_step_raises_the_objective(settings, seed):
    posed = problem(**settings)
    solution = random_solution(posed, seed)
    values = [posed.objective(solution)]
    for _ in range(8):
        for step in posed.steps:
            solution = step(solution)
            values.append(posed.objective(solution))
    slack = 1e-6 * values[0]
    assert all(after <= before + slack for before, after in pairwise(values))
    assert values[-1] < values[0]


def test_the_mapping_is_the_best_there_is():
    posed = problem()
    solution = posed.with_mapping(random_solution(posed))
    best = posed.objective(solution)
    rng = np.random.default_rng(2)
    for _ in range(20):
        near = solution.mapping + 1e-2 * rng.standard_normal(solution.mapping.shape)
        assert posed.objective(Solution(solution.tags, near, solution.codes)) > best


def test_codes_stay_where_nothing_is_asked_of_them():
    posed = problem(graph=0.0)
    silent = Solution(posed.tags, np.zeros((len(VOCABULARY), 6)), random_codes())
    assert np.array_equal(posed.with_codes(silent).codes, silent.codes)


def test_shrink_rank_lowers_singular_values():
    matrix = np.random.default_rng(0).standard_normal((20, 5))
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    for threshold in (0.1, values[2], values[0] + 1):
        expected = (left * np.maximum(values - threshold, 0)) @ right
        assert shrink_rank(matrix, threshold) == pytest.approx(expected, abs=1e-9)


def test_the_graph_is_the_anchor_graph():
    given = features()
    anchors = choose_anchors(given, 10, 0)
    ties = anchor_affinities(given, anchors, 3, kernel_width(given, anchors, 3)).toarray()
    literal = ties @ np.diag(1 / ties.sum(axis=0)) @ ties.T
    graph = visual_graph(given, 10, 3, 0)
    assert (graph @ graph.T).toarray() == pytest.approx(literal, abs=1e-6)
    assert literal.sum(axis=1) == pytest.approx(np.ones(60))


def test_first_codes_agree_for_images_of_the_same_tags():
    tags = np.repeat(np.eye(4, dtype=np.float32), 5, axis=0)
    nobody = sparse.csr_array((20, 3), dtype=np.float32)
    found = first_codes(tags, nobody, 16, 0).reshape(4, 5, 16)
    assert (found == found[:, :1]).all()
    assert len(np.unique(found[:, 0], axis=0)) == 4


@pytest.mark.parametrize("bits", [8, 64])
def test_more_bits_than_tags_and_than_features(bits):
    given = features()
    assert len(np.unique(codes(fitted(given, tag_lists(), bits), given), axis=0)) > 4


def test_order_and_number_of_tags_do_not_matter():
    given, generator = features(), np.random.default_rng(2)
    shuffled = [list(generator.permutation(tags * 2)) for tags in tag_lists()]
    one, same = (codes(fitted(given, lists), given) for lists in (tag_lists(), shuffled))
    assert np.array_equal(one, same)


def test_images_without_a_tag_take_their_neighbours_codes():
    tags = np.repeat(np.eye(4, dtype=np.float32), 5, axis=0)
    hidden = tags.copy()
    hidden[::5] = 0

    def wrong(graph):
        """How far an untagged image's code is from those of its kind, over how far from all others."""
        problem = Problem(hidden, graph, SCADHConfig())
        found = problem.solve(first_codes(hidden, graph, 32, 0), lambda steps: None).codes
        apart = np.abs(found[::5, None] - found).mean(axis=2)
        own = tags[::5] @ tags.T > 0
        others = np.arange(20) % 5 != 0
        return apart[own & others].mean() / apart[~own & others].mean()

    connected = sparse.csr_array(np.repeat(np.eye(4), 5, axis=0) / np.sqrt(5)).astype(np.float32)
    assert wrong(connected) < 0.1
    assert wrong(sparse.csr_array((20, 4), dtype=np.float32)) > 0.5


@pytest.mark.parametrize("anchors", [2, 500])
def test_fewer_and_more_anchors_than_images(anchors):
    given = features(30)
    state = fitted(given, tag_lists(30), anchors=anchors).state()
    assert all(np.isfinite(array).all() for array in state.values())


def test_features_all_alike_are_no_error():
    state = fitted(np.ones((60, 12), dtype=np.float32), tag_lists()).state()
    assert all(np.isfinite(array).all() for array in state.values())


def test_no_image_with_a_tag_is_one_clear_error():
    with pytest.raises(DataError, match="0 of 60 training images have a tag"):
        fitted(features(), [[]] * 60)
