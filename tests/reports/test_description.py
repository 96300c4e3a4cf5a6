"""What a data set's description counts, against loops and scikit-learn."""

import json
from collections import Counter
from itertools import combinations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from scipy import sparse
from sklearn.metrics import mutual_info_score

from hashbench import fingerprint
from hashbench.codes.binary import BinaryCodes
from hashbench.data.collection import FeatureCollection, GroundTruth
from hashbench.data.split import Split
from hashbench.metrics.presets import SUITE
from hashbench.metrics.score import CHANCE, score
from hashbench.ranking.distances import hamming
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.relevance import Relevance
from hashbench.reports import description
from hashbench.reports.description import describe, entropy_explained, mutual_information, telling
from hashbench.runs.data import Opener, PreparedDataset
from hashbench.tags.noise import Noise
from hashbench.tags.protocol import PlainTags, TagsWithoutLabelWords
from hashbench.tags.recipe import TagRecipe

IMAGES = 60
LABELS = ("sea", "sky")


class Few(PlainTags):
    """Every tag that two training images carry."""

    PLUGIN_NAME = "few"
    MIN_IMAGES = 2


class Made:
    """A data set of given tags and labels, of which the first image is the only query."""

    tags = "typed"

    def __init__(self, tags, labels, contents=None, names=LABELS):
        self.truth = GroundTruth(names, np.array(labels, dtype=bool))
        ids = tuple(f"image{n}" for n in range(len(tags)))
        hashes = tuple(fingerprint.of_strings([c]) for c in (contents or ids))
        features = np.zeros((len(tags), 3), dtype=np.float32)
        self.collection = FeatureCollection("made", ids, hashes, tuple(map(tuple, tags)), features)

    def label_names(self):
        return self.truth.names

    def ground_truth(self):
        return self.truth

    def opened(self, **parts):
        given = {"query": np.array([0]), "database": np.arange(1, len(self.collection))} | parts
        return PreparedDataset(self, self.collection, Split("made", **given), {})


@pytest.fixture
def shapes():
    from hashbench.plugins import Plugins

    return Opener(Plugins()).open("shapes", "late", None)


def naive(incidence, labels):
    """Mutual information of each tag and label in bits, from scikit-learn, one pair at a time."""
    return np.array(
        [[mutual_info_score(tag, label) for label in labels.T] for tag in incidence.T]
    ) / np.log(2)


def drawn(seed, images=IMAGES, tags=13, labels=5):
    generator = np.random.default_rng(seed)
    truth = generator.random((images, labels)) < 0.3
    noise = generator.random((images, tags)) < 0.1
    noise[:, :labels] |= truth & (generator.random((images, labels)) < 0.7)
    return noise, truth


def told(incidence, labels, **more):
    return telling(sparse.csr_array(incidence), labels, **more)


def test_mutual_information_by_hand():
    """Of 8 images 4 carry the tag, 2 the label, and all of the latter the tag."""
    given = np.array([[2]]), np.array([4]), np.array([2]), 8
    # H(label) = H(1/4); known the tag it is H(1/2) = 1 for one half and 0 for the other.
    expected = (0.25 * 2 + 0.75 * np.log2(4 / 3)) - 0.5
    assert mutual_information(*given)[0, 0] == pytest.approx(expected)
    assert entropy_explained(np.array([expected]), given[2], 8) == pytest.approx(
        expected / (expected + 0.5)
    )


@given(arrays(bool, (17, 4)), arrays(bool, (17, 3)))
def test_mutual_information_is_that_of_scikit_learn(incidence, labels):
    joint = incidence.T.astype(int) @ labels.astype(int)
    found = mutual_information(joint, incidence.sum(axis=0), labels.sum(axis=0), 17)
    np.testing.assert_allclose(found, naive(incidence, labels), atol=1e-12)
    assert (found >= 0).all()


@given(st.integers(0, 1000))
def test_labels_are_explained_in_part(seed):
    incidence, labels = drawn(seed)
    found = told(incidence, labels)
    share = entropy_explained(found.best, labels.sum(axis=0), IMAGES)
    assert 0 <= share <= 1 + 1e-12


@pytest.mark.parametrize("block", [1, 11, 1 << 18])
@pytest.mark.parametrize("most", [1, 20, 500])
def test_the_most_telling_pairs_whatever_the_blocks(monkeypatch, block, most):
    monkeypatch.setattr(description, "_BLOCK", block)
    incidence, labels = drawn(1)
    found, expected = told(incidence, labels, most=most), naive(incidence, labels)
    highest = np.sort(expected.ravel())[::-1][:most]
    np.testing.assert_allclose(found.bits, highest, atol=1e-12)
    np.testing.assert_allclose(expected[tuple(found.pairs.T)], found.bits, atol=1e-12)
    np.testing.assert_allclose(found.best, expected.max(axis=0), atol=1e-12)
    assert len({tuple(pair) for pair in found.pairs.tolist()}) == len(found.pairs)
    for (tag, label), together in zip(found.pairs, found.together, strict=True):
        assert together == (incidence[:, tag] & labels[:, label]).sum()


def test_pairs_that_tell_as_much_stay_in_order(monkeypatch):
    labels = np.arange(8)[:, None] % 2 == 0
    for block in (1, 2, 100):
        monkeypatch.setattr(description, "_BLOCK", block)
        found = told(np.repeat(labels, 5, axis=1), labels, most=3)
        assert found.pairs.tolist() == [[0, 0], [1, 0], [2, 0]]


def test_many_images_and_tags_take_seconds():
    import time

    generator = np.random.default_rng(0)
    incidence = sparse.random_array((50_000, 3000), density=0.003, format="csr", rng=generator).astype(bool)
    labels = generator.random((50_000, 80)) < 0.04
    before = incidence.copy()
    start = time.perf_counter()
    found = telling(incidence, labels)
    assert time.perf_counter() - start < 10
    assert (before != incidence).nnz == 0
    tag, label = found.pairs[0]
    expected = mutual_info_score(incidence[:, [tag]].toarray().ravel(), labels[:, label]) / np.log(2)
    assert found.bits[0] == pytest.approx(expected)


def test_entropy_is_explained_by_the_label_and_by_its_opposite():
    labels = np.arange(12)[:, None] % 3 == np.arange(2)
    for tags in (labels, ~labels):
        best = told(tags, labels).best
        assert entropy_explained(best, labels.sum(axis=0), 12) == pytest.approx(1)


def test_entropy_weights_the_labels():
    incidence, labels = drawn(3)
    best, counts = told(incidence, labels).best, labels.sum(axis=0)
    p = counts / IMAGES
    entropy = -p * np.log2(p) - (1 - p) * np.log2(1 - p)
    expected = np.average(best / entropy, weights=entropy)
    assert entropy_explained(best, counts, IMAGES) == pytest.approx(expected)


def test_labels_that_tell_nothing_apart_have_no_entropy():
    assert entropy_explained(np.zeros(2), np.array([0, 4]), 4) is None


def test_a_data_set_made_by_hand():
    tags = [["Sea", "blue"], ["sea", "blue"], ["SEA"], ["sky", "Blue", "zzqx"], ["sky", "zzqx"], []]
    labels = [[1, 0], [1, 0], [1, 0], [0, 1], [0, 1], [0, 0]]
    made = Made(tags, labels, contents=["a", "b", "b", "c", "d", "d"])
    found = describe(made.opened(), TagRecipe(Few()))
    assert found["kind"] == "features of 3 dimensions"
    assert found["split"] == {"name": "made", "query": 1, "database": 5, "train": 5}
    assert (found["without_tag"], found["without_label"]) == (1, 1)
    assert found["duplicates"] == {"images": 4, "contents": 2, "near_queries": 0}
    assert (found["truth"], found["notices"]) == ("labels", [])
    assert found["typed_tags"] == {
        "kind": "typed",
        "distinct": 7,
        "an_image": {"mean": pytest.approx(10 / 6), "median": 2, "max": 3},
    }
    assert found["protocol"] == {
        "name": "few",
        "version": 1,
        "vocabulary": None,
        "noise": None,
        "steps": list(Few().steps()),
        "tags": 4,
        "an_image": {"mean": pytest.approx(8 / 5), "median": 2, "max": 3},
        "without_tag": 1,
    }
    assert [tag["tag"] for tag in found["frequent_tags"]] == ["blue", "sea", "sky", "zzqx"]
    assert found["word_vectors"] == {"source": "glove-6b-50d", "tags": 3 / 4, "occurrences": 6 / 8}
    assert found["labels"] == {
        "an_image": pytest.approx(5 / 6),
        "each": [
            {"name": "sea", "images": 3, "queries": 1, "database": 2},
            {"name": "sky", "images": 2, "queries": 0, "database": 2},
        ],
    }
    # One query, two relevant items of five: the mean over the ten orders that there are.
    orders = [np.mean([1 / (1 + i), 2 / (1 + j)]) for i, j in combinations(range(5), 2)]
    assert found["chance"] == {
        "map@all": pytest.approx(np.mean(orders)),
        "queries_without_relevant": 0,
    }
    assert found["telling"]["entropy_explained"] == pytest.approx(1)
    first, second = found["telling"]["pairs"][:2]
    assert (first["tag"], first["label"], second["tag"], second["label"]) == ("sea", "sea", "sky", "sky")
    assert (first["label_given_tag"], first["label_share"]) == (1, 2 / 5)


def test_chance_is_that_of_the_scores():
    generator = np.random.default_rng(5)
    labels = generator.random((700, 9)) < 0.1
    made = Made([[]] * 700, labels, names=tuple("abcdefghi"))
    split = {"query": np.arange(300), "database": np.arange(300, 700)}
    relevance = Relevance.of(labels[:300], labels[300:])
    same = hamming(*(BinaryCodes.from_signs(np.ones((size, 8))) for size in (300, 400)))
    scores = score(same, relevance, [SUITE], NumpyKernel())[SUITE.name]
    found = describe(made.opened(**split), TagRecipe(Few()))["chance"]
    assert found["map@all"] == scores.means()[CHANCE]
    assert found["queries_without_relevant"] == np.isnan(scores.per_query[CHANCE]).sum() > 0


def test_no_tags_and_nothing_to_find():
    found = describe(Made([[]] * 4, [[0, 1], [1, 0], [1, 0], [1, 0]]).opened(), TagRecipe(Few()))
    assert found["protocol"]["tags"] == 0
    assert found["protocol"]["without_tag"] == 3
    assert (found["frequent_tags"], found["telling"]["pairs"]) == ([], [])
    assert found["word_vectors"]["tags"] is None
    assert found["telling"]["entropy_explained"] is None, "all training images carry the same labels"
    assert found["chance"] == {"map@all": 0, "queries_without_relevant": 1}
    json.dumps(found, allow_nan=False)


def test_tags_that_no_word_vector_knows():
    found = describe(Made([["zzqx"]] * 4, [[1, 0], [1, 0], [0, 1], [1, 0]]).opened(), TagRecipe(Few()))
    assert found["word_vectors"] == {"source": "glove-6b-50d", "tags": 0, "occurrences": 0}
    assert found["telling"]["entropy_explained"] == 0


def test_the_vocabulary_is_that_of_the_training_images(shapes):
    found = describe(shapes, TagRecipe(PlainTags()))
    typed = Counter(tag.lower() for i in shapes.split.train for tag in shapes.images.tags[i])
    kept = {tag: count for tag, count in typed.items() if count >= 5}
    assert found["protocol"]["tags"] == len(kept)
    assert {tag["tag"]: tag["images"] for tag in found["frequent_tags"]} == kept
    counts = [tag["images"] for tag in found["frequent_tags"]]
    assert counts == sorted(counts, reverse=True)
    assert found["telling"]["entropy_explained"] == pytest.approx(1), "the tags name the shapes"
    without = describe(shapes, TagRecipe(TagsWithoutLabelWords()))
    assert without["protocol"]["tags"] == len(kept) - 3
    assert 0 < without["telling"]["entropy_explained"] < 1


def test_only_training_images_tell(shapes):
    """What other images carry changes neither pairs nor the share."""
    tags, labels = [["sea"], *[["sea"], ["sky"]] * 4], [[1, 0], *[[1, 0], [0, 1]] * 4]
    more = Made(tags + [["sea"], ["sky"]] * 5, labels + [[0, 1], [1, 0]] * 5)
    given = {"database": np.arange(1, 19), "train": np.arange(1, 9)}
    assert (
        describe(more.opened(**given), TagRecipe(Few()))["telling"]
        == describe(Made(tags, labels).opened(), TagRecipe(Few()))["telling"]
    )


def test_noise_is_that_of_a_run(shapes):
    """It depends on the order of the images, which in a run is that of their content."""
    recipe = TagRecipe(PlainTags(), noise=Noise("missing", 0.5))
    train = sorted(shapes.split.train, key=lambda i: shapes.images.hashes[i])
    table = recipe.table([shapes.images.tags[i] for i in train], shapes.dataset.label_names())
    described = {tag["tag"]: tag["images"] for tag in describe(shapes, recipe)["frequent_tags"]}
    assert described == dict(zip(table.vocabulary, table.carried().tolist(), strict=True))
