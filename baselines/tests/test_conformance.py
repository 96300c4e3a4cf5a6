"""Every baseline keeps the contract of a method."""

from hashbench.testing import parametrize_with_checks
from hashbench.testing.subject import Subject
from hashbench_baselines.bihalf import BiHalf
from hashbench_baselines.catalog import METHODS

QUICK = {
    "itq": {"iterations": 5},
    "agh": {"anchors": 100},
    "pq": {"iterations": 5},
    "opq": {"rotations": 3, "iterations": 3, "dimensions": 64},
    "rq": {"iterations": 2, "dimensions": 32},
    "prq": {"iterations": 2, "dimensions": 32},
    "aq": {"updates": 1, "iterations": 2, "dimensions": 32},
    "lsq": {"iterations": 3, "train_rounds": 2, "encode_rounds": 4, "dimensions": 32},
    "greedyhash": {"iterations": 60},
    "bihalf": {"iterations": 40},
    "cibhash": {"iterations": 40},
    "mecoq": {"iterations": 40},
    "wdht": {"iterations": 60, "hidden": 64},
    "scadh": {"anchors": 150, "iterations": 2},
    "ridge-itq": {"iterations": 5},
    "cca-itq": {"iterations": 5},
    "fused-pq": {"iterations": 5},
    "cca-itq-labels": {"iterations": 5},
    "sdh": {"anchors": 200, "iterations": 2, "sweeps": 3},
    "orthohash": {"iterations": 40, "hidden": 128},
}
# What a network is trained on at every step may be pixels; one network stands for all.
PIXELS = {"augment": "crop", "iterations": 4, "batch_size": 8}
ORDER = "DeepMethod.load_state takes the width from the first array, and a file keeps no order"
EXPECTED = {name: {"check_state_restores": ORDER} for name in ("wdht", "orthohash")}
ALL = [*METHODS, Subject(BiHalf, PIXELS, bits=[8], name="bihalf-on-pixels")]


@parametrize_with_checks(ALL, settings=QUICK, xfail=EXPECTED)
def test_conformance(method, check):
    check(method)
