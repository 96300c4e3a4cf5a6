"""How fast images become codes, by whatever way they do."""

from dataclasses import dataclass

import numpy as np
import pytest

from hashbench.codes.binary import BinaryCodes
from hashbench.data.collection import FeatureCollection, ImageCollection
from hashbench.data.images import decode
from hashbench.planning.encoding import PHOTO, made_photo, measure_encoding
from hashbench.plugins import Plugins
from hashbench.runs.trained import Trained

NOTHING = ImageCollection("none", (), (), (), read=None)


@dataclass
class Signs:
    """Stands for a fitted method."""

    inputs: str
    seen: tuple = ()

    def encode(self, view):
        held = view.pixels if self.inputs == "pixels" else view.features
        self.seen = held.shape
        return BinaryCodes.from_signs(np.asarray(held[:].reshape(len(held), -1)[:, :8], dtype=np.float32))


@pytest.fixture
def pooled():
    return Plugins().backbone("pooled")(None)


def test_the_photo_is_always_the_same():
    photo = made_photo()
    assert photo == made_photo()
    assert 50_000 < len(photo) < 100_000
    assert decode(photo, 32).shape == (32, 32, 3)
    assert PHOTO == (500, 375)


def test_frozen_features_go_through_three_steps(pooled):
    method = Signs("features")
    found = measure_encoding(Trained(None, method, pooled), NOTHING, "cpu")
    assert method.seen == (1024, pooled.DIM)
    assert min(rate.seconds for rate in (found.decode, found.network, found.method)) > 0
    whole = found.decode.core_seconds + found.network.core_seconds + found.method.core_seconds
    assert found.seconds(1) == pytest.approx(whole)


def test_a_method_on_pixels_has_its_own_network(pooled):
    method = Signs("pixels")
    found = measure_encoding(Trained(None, method, pooled), NOTHING, "cpu")
    assert method.seen == (8, pooled.SIDE, pooled.SIDE, 3)
    assert found.network is None and found.decode is not None


def test_features_that_are_given_are_only_quantized():
    features = np.random.default_rng(0).standard_normal((3, 8)).astype(np.float32)
    names = ("a", "b", "c")
    given = FeatureCollection("given", names, names, ((),) * 3, features)
    found = measure_encoding(Trained(None, Signs("features"), None), given, "cpu")
    assert found.decode is None and found.network is None and found.photo_bytes == 0
