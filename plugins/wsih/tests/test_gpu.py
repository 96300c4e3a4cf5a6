"""WSIH on a GPU agrees with WSIH on the CPU."""

import numpy as np
import pytest

from hashbench.data.supervision import Supervision
from hashbench.methods.method import Context
from hashbench_wsih.config import WSIHConfig
from hashbench_wsih.method import WSIH

pytestmark = pytest.mark.gpu


def test_a_whole_run_agrees_within_tolerance(pictures):
    outputs = {}
    for device in ("cpu", "cuda"):
        config = WSIHConfig(layer1=64, layer2=48, layer3=32, dropout=0.0, web_epochs=3, epochs=4)
        method = WSIH(config, Context(bits=32, seed=0, device=device))
        method.fit(pictures.train(Supervision.WEB))
        outputs[device] = method.embed(pictures.query())
        other = WSIH(config, Context(bits=32, seed=0, device=device))
        other.load_state(method.state())
        assert np.array_equal(other.embed(pictures.query()), outputs[device])
    assert np.abs(outputs["cpu"] - outputs["cuda"]).max() < 0.05
