"""WSIH keeps the contract of a method."""

from hashbench.testing import parametrize_with_checks
from hashbench_wsih.method import WSIH

QUICK = {"layer1": 64, "layer2": 48, "layer3": 32, "decoder": 32, "web_epochs": 3, "epochs": 5}
ORDER = "DeepMethod.load_state takes the width from the first array, and a file keeps no order"


@parametrize_with_checks([WSIH], settings={"wsih": QUICK}, xfail={"check_state_restores": ORDER})
def test_conformance(method, check):
    check(method)
