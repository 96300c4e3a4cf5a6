"""WDHT: its losses against literal loops, tag weights by hand, and images and tags that say nothing."""

import math

import numpy as np
import pytest
import torch
from scipy import sparse

from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import DataError
from hashbench.methods.method import Context
from hashbench.tags.embeddings import TagEmbeddings
from hashbench.tags.table import TagTable
from hashbench_baselines.wdht import (
    WDHT,
    WDHTConfig,
    hinge_loss,
    image_tag_embeddings,
    pairwise_loss,
    quantization_loss,
    tag_weights,
)

QUICK = {"iterations": 20, "batch_size": 32}
BUNDLED_DIMENSIONS = 50
FEATURES = np.random.default_rng(0).standard_normal((60, 12)).astype(np.float32)
LISTS = [[("cat", "dog", "tree", "house")[n % 4]] + ["water"] * (n % 3 == 0) for n in range(60)]
VOCABULARY = ("cat", "dog", "house", "tree", "water")


@pytest.fixture(scope="module", autouse=True)
def word_vectors(tmp_path_factory):
    """A small file of them: to read the bundled ones takes seconds."""
    path = tmp_path_factory.mktemp("words") / "words.txt"
    rows = np.random.default_rng(3).standard_normal((len(VOCABULARY), BUNDLED_DIMENSIONS))
    path.write_text(
        "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in zip(VOCABULARY, rows, strict=True))
    )
    QUICK["embeddings"] = str(path)


@pytest.fixture
def batch():
    rng = np.random.default_rng(1)
    tags = rng.standard_normal((5, 3))
    tags /= np.linalg.norm(tags, axis=1, keepdims=True)
    return rng.random((5, 4)), rng.standard_normal((5, 3)), tags


def fitted(lists=LISTS, vocabulary=VOCABULARY, bits=8, **settings):
    method = WDHT(WDHTConfig(**QUICK | settings), Context(bits=bits))
    table = TagTable.from_lists(lists, vocabulary)
    images = ImageView(features=FEATURES)
    method.fit(
        TrainView(images, Supervision.TAGS, load_tags=lambda: table, load_web=None, load_labels=None)
    )
    return method


def codes(method):
    return method.encode(ImageView(features=FEATURES)).packed


def test_pairwise_loss_is_the_papers_double_sum(batch):
    bits, _, tags = batch
    literal = np.mean(
        [
            (np.square(bits[i] - bits[j]).sum() / 4 - (1 - tags[i] @ tags[j]) / 2) ** 2
            for i in range(5)
            for j in range(5)
        ]
    )
    assert float(pairwise_loss(torch.tensor(bits), torch.tensor(tags))) == pytest.approx(literal)


def test_hinge_loss_is_the_papers_double_sum(batch):
    _, meanings, tags = batch
    literal = np.mean(
        [
            max(0.0, 0.2 + tags[j] @ meanings[n] - tags[n] @ meanings[n])
            for n in range(5)
            for j in range(5)
            if j != n
        ]
    )
    assert literal > 0
    assert float(hinge_loss(torch.tensor(meanings), torch.tensor(tags), 0.2)) == pytest.approx(literal)


def test_hinge_loss_is_zero_where_every_image_knows_its_tags():
    tags = torch.eye(4)
    assert float(hinge_loss(3 * tags, tags, 0.2)) == 0


def test_quantization_loss_is_least_for_bits(batch):
    bits = batch[0]
    literal = -np.mean([(row - 0.5) @ (row - 0.5) / 4 for row in bits])
    assert float(quantization_loss(torch.tensor(bits))) == pytest.approx(literal)
    assert float(quantization_loss(torch.tensor(bits).round())) == -0.25


@pytest.mark.parametrize("images", [0, 1])
def test_losses_of_hardly_any_image_are_finite_with_finite_gradients(images):
    bits = torch.full((images, 4), 0.3, requires_grad=True)
    meanings, tags = torch.ones((images, 3), requires_grad=True), torch.ones((images, 3))
    loss = pairwise_loss(bits, tags) + hinge_loss(meanings, tags, 0.2) + quantization_loss(bits)
    loss.backward()
    assert all(torch.isfinite(part).all() for part in (loss, bits.grad, meanings.grad))


def test_tag_weights_by_hand():
    table = TagTable.from_lists([["cat", "pet"], ["cat"], ["cat"], []], ("cat", "pet"))
    assert tag_weights(table, "mean").tolist() == [1, 1]
    assert tag_weights(table, "tf").tolist() == [0.75, 0.25]
    assert tag_weights(table, "itf").tolist() == pytest.approx([math.log(4 / 3), math.log(4)])


def test_image_tag_embeddings_by_hand():
    table = TagTable.from_lists([["cat", "pet"], ["cat"], ["zzz"], []], ("cat", "pet", "zzz"))
    embedded = TagEmbeddings(np.array([[1.0, 0], [0, 1], [0, 0]]), np.array([True, True, False]))
    found = image_tag_embeddings(table, embedded, "itf")
    both = np.array([math.log(2), math.log(4)])
    assert found == pytest.approx(np.array([both / np.linalg.norm(both), [1, 0], [0, 0], [0, 0]]))


def test_embeddings_do_not_depend_on_the_order_or_number_of_tags():
    generator = np.random.default_rng(2)
    shuffled = [list(generator.permutation(tags * 2)) for tags in LISTS]
    assert np.array_equal(codes(fitted()), codes(fitted(shuffled)))


@pytest.mark.parametrize("weighting", ["mean", "tf", "itf"])
def test_images_without_a_known_tag_are_left_out(weighting):
    lists = [tags if n < 3 else ["qqqzz"] * (n % 2) for n, tags in enumerate(LISTS)]
    method = fitted(lists, (*VOCABULARY, "qqqzz"), weighting=weighting, batch_size=4)
    assert all(np.isfinite(array).all() for array in method.state().values())


def test_features_of_images_without_a_known_tag_do_not_matter(monkeypatch):
    lists = [tags if n else [] for n, tags in enumerate(LISTS)]
    before = fitted(lists).state()
    changed = FEATURES.copy()
    changed[0] = 100
    monkeypatch.setitem(globals(), "FEATURES", changed)
    after = fitted(lists).state()
    assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("bits", [8, 64])
def test_more_and_fewer_bits_than_word_vectors_have_dimensions(bits):
    assert codes(fitted(bits=bits)).shape == (60, bits // 8)


def test_no_hidden_layer():
    assert codes(fitted(hidden=0)).shape == (60, 1)


def test_no_tag_with_a_word_vector_is_one_clear_error():
    with pytest.raises(DataError, match="know none of the 2 tags"):
        fitted([["qqqzz", "zzzqq"]] * 60, ("qqqzz", "zzzqq"))


def test_one_image_with_a_known_tag_is_one_clear_error():
    with pytest.raises(DataError, match="1 of 60 training images have a tag with a word vector"):
        fitted([["cat"] if n == 0 else ["qqqzz"] for n in range(60)], ("cat", "qqqzz"))


def test_tags_are_not_changed():
    table = TagTable.from_lists(LISTS, VOCABULARY)
    before = sparse.csr_array(table.incidence, copy=True)
    image_tag_embeddings(table, TagEmbeddings(np.ones((5, 2)), np.ones(5, dtype=bool)), "tf")
    assert (table.incidence != before).nnz == 0


def test_the_word_vectors_are_part_of_a_runs_key(tmp_path):
    assert WDHT(WDHTConfig(), Context(bits=8)).sources() == {"embeddings": "glove-6b-50d"}
    keys = set()
    for text in ("cat 1 0\ndog 0 1\n", "cat 1 0\ndog 1 1\n"):
        (tmp_path / "words.txt").write_text(text)
        method = WDHT(WDHTConfig(embeddings=str(tmp_path / "words.txt")), Context(bits=8))
        keys.add(method.sources()["embeddings"])
    assert len(keys) == 2
