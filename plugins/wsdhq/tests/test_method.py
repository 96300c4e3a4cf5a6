"""WSDHQ as a whole, on real pictures: learns from tags, keeps its promises, every ablation runs."""

import warnings

import numpy as np
import pytest
import torch

from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import ConfigError, DataError, SupervisionError
from hashbench.methods.config import resolve_config
from hashbench.methods.method import Context
from hashbench.metrics.presets import SUITE
from hashbench.metrics.score import score
from hashbench.plugins import Plugins
from hashbench.progress import SilentProgress
from hashbench.ranking.distances import aqd, feature
from hashbench.ranking.kernels.choice import resolve_kernel
from hashbench.ranking.relevance import Relevance
from hashbench.training.layers import Network
from hashbench_wsdhq.config import PAPER, SMALL, WSDHQConfig
from hashbench_wsdhq.method import WSDHQ
from hashbench_wsdhq.network import Head, rate_multiplier
from hashbench_wsdhq.semantics import meanings, semantics

QUICK = {"iterations": 12, "hidden": 64, "update_every": 1}


def fitted(view, bits=32, seed=0, **settings):
    method = WSDHQ(WSDHQConfig(**{**SMALL.config, **settings}), Context(bits=bits, seed=seed))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        method.fit(view)
    return method


@pytest.fixture(scope="module")
def view(pictures):
    return pictures.train(Supervision.TAGS)


def test_learns_from_tags_on_real_pictures(pictures, view):
    method = fitted(view, iterations=80)
    query, codes = method.embed(pictures.query()), method.encode(pictures.database())
    relevance = Relevance.of(pictures.labels[: pictures.queries], pictures.labels[pictures.queries :])
    learnt = aqd(query, codes)
    raw = feature(
        pictures.features[: pictures.queries], pictures.features[pictures.queries :], codes.similarity
    )
    kernel = resolve_kernel()
    scores, unlearnt = (
        score(distances, relevance, [SUITE], kernel)[SUITE.name].means() for distances in (learnt, raw)
    )
    assert scores["map@all"] > 1.5 * scores["chance"]
    assert scores["map@all"] > unlearnt["map@all"]


@pytest.mark.parametrize("bits", [8, 24, 32, 64])
def test_spends_the_bits_it_was_given_where_books_do_not_divide_the_dimensions(pictures, view, bits):
    codes = fitted(view, bits, **QUICK).encode(pictures.query())
    assert (codes.bits, len(codes)) == (bits, 64)
    assert codes.codebooks.shape == (bits // 8, 256, 50)


@pytest.mark.parametrize(
    "settings",
    [
        {"graph": False},
        {"merge": False},
        {"merge_min_tags": 2, "merge_radius": 0.5},
        {"restart": False, "ridge": 1e-3},
        {"normalize": False},
        {"sphere": False},
        {"standardize": False},
        {"loss": "wdht"},
        {"margin": "fixed"},
        {"gamma": 0.5},
        {"hardest": 5},
        {"quantization": "two-stage"},
        {"hidden": 0},
        {"fusion_multiplier": 10.0, "bias_multiplier": 2.0},
    ],
    ids=str,
)
def test_every_ablation_is_one_setting(pictures, view, settings):
    codes = fitted(view, **{**QUICK, **settings}).encode(pictures.query())
    assert len(np.unique(codes.indices, axis=0)) > 10
    assert np.isfinite(codes.codebooks).all()


def test_the_seed_decides(pictures, view):
    one, same, other = (fitted(view, seed=seed, **QUICK).encode(pictures.query()) for seed in (0, 0, 1))
    assert np.array_equal(one.indices, same.indices) and np.array_equal(one.codebooks, same.codebooks)
    assert not np.array_equal(one.indices, other.indices)


def test_state_gives_the_method_back(pictures, view):
    method = fitted(view, **QUICK)
    other = WSDHQ(method.config, Context(bits=32, seed=9))
    other.load_state(method.state())
    assert np.array_equal(other.embed(pictures.query()), method.embed(pictures.query()))
    assert np.array_equal(other.encode(pictures.query()).indices, method.encode(pictures.query()).indices)


def test_embeddings_lie_on_the_sphere_and_codes_do_not_depend_on_the_batch(pictures, view):
    method = fitted(view, **QUICK)
    embeddings = method.embed(pictures.database())
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(np.ones(336), abs=1e-5)
    whole = method.quantize(embeddings).indices
    parts = [method.quantize(embeddings[start : start + 50]).indices for start in range(0, 336, 50)]
    assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("sphere", [True, False])
def test_the_module_gives_what_embed_gives(pictures, view, sphere):
    method = fitted(view, **QUICK, sphere=sphere)
    with torch.inference_mode():
        found = method.module()(torch.from_numpy(np.array(pictures.query().features))).numpy()
    assert np.allclose(found, method.embed(pictures.query()), atol=1e-5)


def test_labels_are_out_of_reach(pictures):
    assert WSDHQ.SUPERVISION is Supervision.TAGS
    with pytest.raises(SupervisionError, match="asked for tags"):
        fitted(pictures.train(Supervision.NONE), **QUICK)


def test_tags_become_a_smaller_set_of_known_meanings(pictures):
    config = WSDHQConfig(merge_radius=0.4)
    meaning = semantics(pictures.tags, config)
    assert 0 < len(meaning.names) < len(pictures.tags.vocabulary)
    assert np.linalg.norm(meaning.vectors, axis=1) == pytest.approx(np.ones(len(meaning.names)), abs=1e-5)
    assert meaning.incidence.shape == (336, len(meaning.names))
    assert meaning.incidence.sum() <= pictures.tags.incidence.sum()


@pytest.mark.parametrize("standardize", [True, False])
def test_words_are_where_tags_were(pictures, standardize):
    config = WSDHQConfig(graph=False, merge=False, standardize=standardize)
    meaning = semantics(pictures.tags, config)
    # Of a phrase, tags take the words that are known.
    single = [place for place, name in enumerate(meaning.names) if " " not in name]
    found = meanings([meaning.names[place] for place in single], meaning.mean, config)
    assert found == pytest.approx(meaning.vectors[single], abs=1e-6)


def test_words_find_pictures_that_carry_them(pictures, view):
    method = fitted(view, iterations=80)
    names = [name for name in ("flower", "flag", "food") if name in pictures.tags.vocabulary]
    asked = method.embed_words(names)
    assert asked.shape == (len(names), 50) and asked.dtype == np.float32
    assert np.linalg.norm(asked, axis=1) == pytest.approx(np.ones(len(names)), abs=1e-5)
    near = asked @ method.embed(pictures.database()).T
    for name, row in zip(names, near, strict=True):
        carried = pictures.tags.incidence[:, [pictures.tags.vocabulary.index(name)]].toarray()[:, 0] > 0
        assert row[carried].mean() > row[~carried].mean() + 0.1


def test_words_are_known_after_a_state_came_back(view):
    method = fitted(view, **QUICK)
    other = WSDHQ(method.config, Context(bits=32, seed=9))
    other.load_state(method.state())
    assert np.array_equal(other.embed_words(["red house"]), method.embed_words(["red house"]))
    assert other.embed_words([]).shape == (0, 50)
    with pytest.raises(DataError, match="word 'qzx' has no vector"):
        other.embed_words(["house", "red qzx"])


def test_an_older_state_codes_as_it_did_and_knows_no_words(pictures, view):
    method = fitted(view, **QUICK)
    state = {name: array for name, array in method.state().items() if name != "head.tag_mean"}
    other = WSDHQ(method.config, Context(bits=32))
    other.load_state(state)
    assert np.array_equal(other.embed(pictures.query()), method.embed(pictures.query()))
    with pytest.raises(DataError, match="stored before searches by words were known"):
        other.embed_words(())


def test_learning_rates_are_multiplied_as_in_the_authors_code():
    network = Network(Head(8, 3, 1, WSDHQConfig(hidden=4)), 8, torch.nn.Linear(8, 8))
    config = resolve_config("wsdhq", WSDHQConfig, PAPER.config, {})
    shapes = {}
    for name, parameter in network.named_parameters():
        shapes.setdefault(rate_multiplier(name, config), []).append(tuple(parameter.shape))
    shapes = {factor: sorted(found) for factor, found in shapes.items()}
    assert shapes == {1.0: [(4, 8), (8, 8)], 2.0: [(4,), (8,)], 10.0: [(3, 4)], 20.0: [(3,)]}


def test_the_paper_preset_holds_the_papers_constants():
    config = resolve_config("wsdhq", WSDHQConfig, PAPER.config, {})
    assert (config.weight, config.gamma, config.ridge, config.icm_sweeps) == (1e-4, 1.0, 1e-3, 3)
    assert (config.learning_rate, config.decay, config.decay_every) == (3e-4, 0.5, 300)
    assert (config.batch_size, config.iterations, config.update_every) == (256, 800, 2)
    assert (config.restart, config.sphere, config.standardize) == (False, False, False)
    assert (config.finetune, config.hidden, config.dropout, config.crop) == ("all", 0, 0.5, 227)
    assert PAPER.backbone == "alexnet"


def test_the_whole_network_trains_on_pixels(tmp_path):
    from torchvision import models

    weights = tmp_path / "resnet18.pth"
    torch.save(models.get_model("resnet18", weights=None).state_dict(), weights)
    backbone = Plugins().backbones["resnet18"](weights)
    plugins = Plugins()
    dataset = plugins.datasets["openclipart"]()
    from hashbench.data.images import decode_one
    from hashbench.tags.protocol import PlainTags

    images = dataset.images()
    pixels = np.stack([decode_one(images, index, 64) for index in range(24)])
    tags = PlainTags().table([images.tags[i] for i in range(24) for _ in range(5)], ())
    tags = type(tags)(tags.vocabulary, tags.incidence[::5])
    view = TrainView(
        ImageView(pixels=pixels), Supervision.TAGS, load_tags=lambda: tags, load_web=list, load_labels=list
    )
    config = WSDHQConfig(finetune="all", iterations=2, batch_size=8, crop=48, hidden=0)
    before = {name: value.clone() for name, value in backbone.network().state_dict().items()}
    method = WSDHQ(config, Context(bits=8, seed=0, backbone=backbone, progress=SilentProgress()))
    method.fit(view)
    after = method.network.body.state_dict()
    changed = [name for name in before if not torch.equal(before[name], after[name])]
    assert "body.conv1.weight" in changed and "body.layer4.1.conv2.weight" in changed
    embeddings = method.embed(ImageView(pixels=pixels))
    assert embeddings.shape == (24, 50)
    other = WSDHQ(config, Context(bits=8, seed=1, backbone=backbone))
    other.load_state(method.state())
    assert np.allclose(other.embed(ImageView(pixels=pixels)), embeddings, atol=1e-5)


def test_merging_everything_into_one_tag_is_refused(view):
    with pytest.raises(DataError, match="1 tags are left after embedding and merging"):
        fitted(view, merge_radius=2.0, **QUICK)


def test_more_codebooks_than_dimensions_are_refused(view):
    with pytest.raises(ConfigError, match="at most one a dimension"):
        fitted(view, 408, **QUICK)
