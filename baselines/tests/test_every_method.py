"""What holds for every baseline on real pictures, besides the contract: see test_conformance.py."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from hashbench.data.supervision import Supervision
from hashbench.methods.method import Context
from hashbench.training.deep import DeepMethod
from hashbench_baselines.catalog import METHODS
from hashbench_baselines.float32 import Float32
from hashbench_baselines.int8 import Int8
from hashbench_baselines.rabitq import RaBitQ

from .measuring import scores_of

# What learns nothing.
UNTRAINED = {"float32"}
# What no few torch operators do: anchors' neighbours, kernels, spheres.
WITHOUT_MODULE = {"agh", "sdh", "sph"}
# Whose codes have a size of their own.
SIZED = {RaBitQ, Int8, Float32}

every_method = pytest.mark.parametrize("cls", METHODS, ids=lambda cls: cls.PLUGIN_NAME)


def fitted(cls, pictures, bits=32, seed=0, *, quick=True):
    """A method with its usual settings; fewer iterations where what is reached does not matter."""
    settings = dict(next(iter(cls.PRESETS.values())).config)
    if quick and "iterations" in cls.Config.model_fields:
        settings["iterations"] = 30 if issubclass(cls, DeepMethod) else 2
    method = cls(cls.Config(**settings), Context(bits=bits, seed=seed))
    method.prepare()
    method.fit(pictures.train(cls.SUPERVISION))
    return method


@pytest.fixture(scope="module")
def trained(pictures):
    """Methods fitted with the usual settings, 32 bits and seed 0; each once."""
    known = {}

    def get(cls):
        if cls not in known:
            known[cls] = fitted(cls, pictures, quick=False)
        return known[cls]

    return get


@every_method
def test_usual_settings_beat_chance_on_real_pictures(cls, trained, pictures):
    reached = scores_of(trained(cls), pictures)
    assert reached["map@all"] > 1.1 * reached["chance"]
    assert all(np.isfinite(array).all() for array in trained(cls).state().values())


@every_method
def test_the_module_gives_what_embed_gives(cls, trained, pictures):
    method = trained(cls)
    module = method.module()
    assert (module is None) == (cls.PLUGIN_NAME in WITHOUT_MODULE)
    if module is not None:
        features = pictures.query().features
        with torch.inference_mode():
            found = module.eval()(torch.from_numpy(np.array(features))).numpy()
        expected = method.embed(pictures.query())
        assert found.dtype == np.float32 and found.shape == expected.shape
        assert np.allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize(
    "cls",
    [cls for cls in METHODS if cls.SUPERVISION is not Supervision.NONE],
    ids=lambda cls: cls.PLUGIN_NAME,
)
def test_what_it_learns_from_is_what_helps(cls, trained, pictures):
    """With tags or labels of other pictures, most of what was reached is gone."""
    queries = pictures.queries
    order = np.random.default_rng(0).permutation(len(pictures.labels) - queries)
    labels = np.concatenate([pictures.labels[:queries], pictures.labels[queries:][order]])
    tags = replace(pictures.tags, incidence=pictures.tags.incidence[order])
    misled = fitted(cls, replace(pictures, labels=labels, tags=tags), quick=False)
    reached = scores_of(trained(cls), pictures)["map@all"]
    assert reached > 1.5 * scores_of(misled, pictures)["map@all"]


@every_method
def test_spends_as_many_bits_as_features_allow(cls, pictures):
    method = fitted(cls, pictures, 128)
    codes = method.encode(pictures.query())
    taken = method.bits_for(pictures.features.shape[1])
    assert (codes.bits, codes.bytes_per_item, len(codes)) == (taken, taken // 8, pictures.queries)
    assert taken == 128 or cls in SIZED


@every_method
def test_only_what_copies_learns_nothing(cls, pictures):
    assert (fitted(cls, pictures).trained_parameters > 0) == (cls.PLUGIN_NAME not in UNTRAINED)


def test_to_list_them_loads_nothing_slow():
    code = (
        "import sys, hashbench_baselines.catalog;"
        "sys.exit(', '.join({'torch', 'faiss', 'sklearn'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
