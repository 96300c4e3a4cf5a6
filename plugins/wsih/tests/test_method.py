"""WSIH as a whole, on real pictures: learns from web images, keeps its promises, every ablation runs."""

import warnings

import numpy as np
import pytest
import torch

from hashbench.codes.binary import BinaryCodes
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView, WebView
from hashbench.errors import ConfigError, DataError, SupervisionError
from hashbench.methods.config import resolve_config
from hashbench.methods.method import Context
from hashbench.metrics.presets import SUITE
from hashbench.metrics.score import score
from hashbench.plugins import Plugins
from hashbench.ranking.distances import hamming
from hashbench.ranking.kernels.choice import resolve_kernel
from hashbench.ranking.relevance import Relevance
from hashbench_wsih.config import PAPER_COCO, PAPER_NUS21, SMALL, WSIHConfig
from hashbench_wsih.method import WSIH
from hashbench_wsih.network import Encoder

QUICK = {"layer1": 64, "layer2": 48, "layer3": 32, "decoder": 32, "web_epochs": 3, "epochs": 10}


def fitted(view, bits=32, seed=0, **settings):
    method = WSIH(WSIHConfig(**{**SMALL.config, **settings}), Context(bits=bits, seed=seed))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        method.fit(view)
    return method


def codes(method, images):
    return method.encode(images).packed


@pytest.fixture(scope="module")
def view(pictures):
    return pictures.train(Supervision.WEB)


@pytest.fixture(scope="module")
def quick(view):
    return fitted(view, **QUICK)


def test_learns_from_web_images_on_real_pictures(pictures, view):
    method = fitted(view)
    found = hamming(method.encode(pictures.query()), method.encode(pictures.database()))
    relevance = Relevance.of(pictures.labels[: pictures.queries], pictures.labels[pictures.queries :])
    means = score(found, relevance, [SUITE], resolve_kernel())[SUITE.name].means()
    assert means["map@all"] > 1.4 * means["chance"]


def test_target_images_lie_near_the_prototype_code_of_what_they_show(pictures, view):
    """Concepts that were learnt from emoji are found in clip art; concepts that mean nothing are not."""
    shuffled = np.random.default_rng(0).permutation(view.web.concepts)
    nonsense = WebView(view.web.images, shuffled, view.web.names)
    misled = TrainView(
        view.images, Supervision.WEB, load_tags=list, load_web=lambda: nonsense, load_labels=list
    )
    shown = pictures.labels[pictures.queries :].argmax(axis=1)

    def found(given):
        method = fitted(given, web_epochs=40)
        nearness = method.embed(pictures.database()) @ method.encoder.prototype_codes.numpy().T
        return (nearness.argmax(axis=1) == shown).mean()

    assert found(view) > 2 * found(misled)


@pytest.mark.parametrize("bits", [8, 16, 32, 64, 128])
def test_spends_the_bits_it_was_given(pictures, view, bits):
    found = fitted(view, bits, **QUICK).encode(pictures.query())
    assert isinstance(found, BinaryCodes)
    assert (found.bits, len(found)) == (bits, 64)
    assert len(np.unique(found.packed, axis=0)) > 3


@pytest.mark.parametrize(
    "settings",
    [
        {"web_stage": False},
        {"attention": False},
        {"relation": 0.0},
        {"semantic": 0.0},
        {"sign": 0.0},
        {"similarity": 0.0},
        {"classification": 0.0},
        {"balance": 0.0, "decorrelation": 0.0},
        {"web_batch": 32},
        {"dropout": 0.0},
    ],
    ids=str,
)
def test_every_ablation_is_one_setting(pictures, view, quick, settings):
    found = codes(fitted(view, **{**QUICK, **settings}), pictures.database())
    assert len(np.unique(found, axis=0)) > 10
    assert not np.array_equal(found, codes(quick, pictures.database()))


def test_the_same_seed_gives_the_same_codes(pictures, view, quick):
    same, other = (codes(fitted(view, seed=seed, **QUICK), pictures.database()) for seed in (0, 1))
    assert np.array_equal(codes(quick, pictures.database()), same)
    assert not np.array_equal(same, other)


@pytest.mark.parametrize("size", [1, 7, 64, 65, 256])
def test_encoding_does_not_depend_on_the_batch(pictures, quick, size):
    images = pictures.database().features
    parts = [
        quick.embed(ImageView(features=images[start : start + size]))
        for start in range(0, len(images), size)
    ]
    assert np.array_equal(np.concatenate(parts), quick.embed(pictures.database()))


def test_encoding_does_not_depend_on_the_order(pictures, quick):
    images = pictures.database().features
    backwards = quick.embed(ImageView(features=images[::-1]))
    assert np.array_equal(backwards[::-1], quick.embed(pictures.database()))


@pytest.mark.parametrize("settings", [{}, {"web_stage": False}, {"attention": False}], ids=str)
def test_state_gives_the_method_back(pictures, view, settings):
    method = fitted(view, **{**QUICK, **settings})
    other = WSIH(method.config, Context(bits=32, seed=9))
    other.load_state(method.state())
    assert np.array_equal(other.embed(pictures.query()), method.embed(pictures.query()))
    assert other.trained_parameters == method.trained_parameters


def test_features_may_be_of_any_width(view):
    narrow = ImageView(features=view.images.features[:, :96])
    web = WebView(ImageView(features=view.web.images.features[:, :96]), view.web.concepts, view.web.names)
    method = fitted(
        TrainView(narrow, Supervision.WEB, load_tags=list, load_web=lambda: web, load_labels=list), **QUICK
    )
    assert method.embed(narrow).shape == (336, 32)


def test_the_transfer_leaves_the_first_two_layers_as_the_web_images_made_them(view, quick):
    further = fitted(view, **{**QUICK, "epochs": 14})
    for name in ("head.layer1.0.weight", "head.layer2.1.bias", "head.prototypes"):
        assert np.array_equal(quick.state()[name], further.state()[name]), name
    for name in ("head.layer3.0.weight", "head.hash.0.weight"):
        assert not np.array_equal(quick.state()[name], further.state()[name]), name
    # Their batch normalisation goes on measuring, on the target's images now.
    measured = "head.layer1.1.running_mean"
    assert not np.allclose(quick.state()[measured], further.state()[measured])


def test_the_module_gives_what_embed_gives(pictures, quick):
    with torch.inference_mode():
        found = quick.module()(torch.from_numpy(np.array(pictures.query().features))).numpy()
    assert np.allclose(found, quick.embed(pictures.query()), atol=1e-5)


def test_prototypes_are_the_means_of_their_concepts(view, quick):
    state = quick.state()
    assert state["head.prototypes"].shape == (15, 64) and state["head.prototype_codes"].shape == (15, 32)
    assert (state["head.prototypes"] >= 0).all()
    assert set(np.unique(state["head.prototype_codes"])) <= {-1.0, 0.0, 1.0}


def test_trained_parameters_are_those_of_both_stages(quick):
    layers = (1280 * 64 + 64, 64 * 48 + 48, 48 * 32 + 32, 32 * 32 + 32)
    norms = 2 * (64 + 48 + 32 + 32)
    classifier = 32 * 15 + 15
    decoder = 32 * 32 + 32 + 2 * 32 + 32 * 1280 + 1280 + 2 * 1280
    assert quick.trained_parameters == sum(layers) + norms + classifier + decoder


@pytest.mark.parametrize("preset", [PAPER_COCO, PAPER_NUS21])
def test_the_paper_presets_hold_the_authors_constants(preset):
    config = resolve_config("wsih", WSIHConfig, preset.config, {})
    assert (config.layer1, config.layer2, config.layer3, config.decoder) == (4096, 2048, 1024, 1024)
    assert (config.learning_rate, config.dropout, config.web_batch) == (2e-4, 0.4, 0)
    assert (config.epochs, config.batch_size) == (50, 128)
    first = (config.web_epochs, config.classification, config.similarity)
    second = (config.balance, config.decorrelation, config.relation, config.sign, config.semantic)
    if preset is PAPER_COCO:
        assert (first, second) == ((180, 10, 1), (1e-5, 1e-5, 10, 1, 0.1))
    else:
        assert (first, second) == ((120, 10, 1e-3), (1e-6, 1e-5, 10, 10, 10))


def test_the_paper_presets_have_the_authors_widths():
    config = resolve_config("wsih", WSIHConfig, PAPER_COCO.config, {})
    with torch.device("meta"):
        encoder = Encoder(4096, 64, 80, config)
    shapes = [tuple(p.shape) for p in encoder.parameters() if p.ndim == 2]
    assert shapes == [(4096, 4096), (2048, 4096), (1024, 2048), (64, 1024)]


def test_labels_and_tags_are_out_of_reach(pictures, view):
    assert WSIH.SUPERVISION is Supervision.WEB
    with pytest.raises(SupervisionError, match="asked for web"):
        fitted(pictures.train(Supervision.TAGS), **QUICK)
    for name in ("tags", "labels"):
        with pytest.raises(SupervisionError, match=f"asked for {name}"):
            getattr(view, name)


def test_bad_settings_and_too_few_images_are_refused(view):
    with pytest.raises(ConfigError, match="dropout"):
        resolve_config("wsih", WSIHConfig, {}, {"dropout": "1.5"})
    one = ImageView(features=view.images.features[:1])
    alone = TrainView(one, Supervision.WEB, load_tags=list, load_web=lambda: view.web, load_labels=list)
    with pytest.raises(DataError, match="1 image to learn from"):
        fitted(alone, **QUICK)


def test_the_method_is_registered_and_looking_it_up_needs_no_torch():
    assert Plugins().methods["wsih"] is WSIH
