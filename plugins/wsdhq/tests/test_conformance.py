"""WSDHQ keeps the contract of a method, on features and on pixels."""

from hashbench.testing import parametrize_with_checks
from hashbench.testing.subject import Subject
from hashbench_wsdhq.method import WSDHQ

QUICK = {"iterations": 12, "hidden": 64, "update_every": 4}
PIXELS = {"finetune": "all", "iterations": 2, "batch_size": 8, "hidden": 0, "ten_crop": False}


@parametrize_with_checks([Subject(WSDHQ, QUICK), Subject(WSDHQ, PIXELS, bits=[8], name="wsdhq-on-pixels")])
def test_conformance(method, check):
    check(method)
