"""What holds for every baseline, on real pictures: above chance, on budget, the same twice."""

import subprocess
import sys

import numpy as np
import pytest

from hashbench.data.views import ImageView
from hashbench.methods.method import Context
from hashbench.metrics.presets import SUITE
from hashbench.metrics.score import score
from hashbench.ranking.distances import suited
from hashbench.ranking.kernels.choice import resolve_kernel
from hashbench.ranking.relevance import Relevance
from hashbench.training.deep import DeepMethod
from hashbench_baselines.catalog import METHODS
from hashbench_baselines.float32 import Float32
from hashbench_baselines.int8 import Int8
from hashbench_baselines.rabitq import RaBitQ

# What learns nothing.
UNTRAINED = {"float32"}
# Whose codes no seed changes.
UNSEEDED = {"float32", "int8", "pcah", "sh"}

# Whose codes have a size of their own.
SIZED = {RaBitQ, Int8, Float32}

every_method = pytest.mark.parametrize("cls", METHODS, ids=lambda cls: cls.PLUGIN_NAME)


def fitted(cls, pictures, bits=32, seed=0, *, quick=True):
    """A method with its usual settings; networks take fewer steps where it does not matter."""
    settings = dict(next(iter(cls.PRESETS.values())).config)
    if quick and issubclass(cls, DeepMethod):
        settings["iterations"] = 30
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


def code_rows(codes):
    return next(iter(codes.arrays().values()))


@every_method
def test_beats_chance_on_real_pictures(cls, trained, pictures):
    method = trained(cls)
    query, database = pictures.query(), pictures.database()
    distances = suited(method.encode(query), method.encode(database), method.embed(query))[0]
    relevance = Relevance.of(pictures.labels[: pictures.queries], pictures.labels[pictures.queries :])
    means = score(distances, relevance, [SUITE], resolve_kernel())[SUITE.name].means()
    assert means["map@all"] > 1.1 * means["chance"]


@every_method
@pytest.mark.parametrize("bits", [8, 64])
def test_spends_the_bits_it_was_given(cls, bits, pictures):
    method = fitted(cls, pictures, bits)
    codes = method.encode(pictures.query())
    taken = method.bits_for(pictures.features.shape[1])
    assert (codes.bits, codes.bytes_per_item, len(codes)) == (taken, taken // 8, pictures.queries)
    assert taken == bits or cls in SIZED


@every_method
def test_state_gives_the_method_back(cls, trained, pictures):
    method = trained(cls)
    other = cls(method.config, Context(bits=32, seed=5))
    other.load_state(method.state())
    one, same = (code_rows(m.encode(pictures.database())) for m in (method, other))
    assert np.array_equal(one, same)
    assert (method.trained_parameters > 0) == (cls.PLUGIN_NAME not in UNTRAINED)


@every_method
def test_the_seed_decides(cls, pictures):
    one, same, other = (
        code_rows(fitted(cls, pictures, seed=seed).encode(pictures.database())) for seed in (0, 0, 1)
    )
    assert np.array_equal(one, same)
    assert np.array_equal(one, other) == (cls.PLUGIN_NAME in UNSEEDED)


@every_method
def test_encoding_does_not_depend_on_the_batch(cls, trained, pictures):
    method, features = trained(cls), pictures.features
    whole = code_rows(method.encode(ImageView(features=features)))
    parts = [
        code_rows(method.encode(ImageView(features=features[start : start + 70])))
        for start in range(0, len(features), 70)
    ]
    # one product of another shape may round a projection across zero
    assert (np.concatenate(parts) != whole).mean() < 1e-2


@every_method
def test_features_are_not_changed(cls, trained, pictures):
    assert not pictures.features.flags.writeable
    before = pictures.features.copy()
    trained(cls).encode(pictures.query())
    assert np.array_equal(pictures.features, before)


@every_method
def test_weights_are_finite(cls, trained):
    assert all(np.isfinite(array).all() for array in trained(cls).state().values())


def test_to_list_them_loads_nothing_slow():
    code = (
        "import sys, hashbench_baselines.catalog;"
        "sys.exit(', '.join({'torch', 'faiss', 'sklearn'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
