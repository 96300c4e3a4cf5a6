"""`--method all`: every method that finds in the data set what it learns from."""

import json

import pytest

from hashbench.codes.additive import Similarity
from hashbench.codes.floats import FloatCodes
from hashbench.methods.method import Method
from hashbench.plugins import Plugins


class Raw(Method):
    """Features as they are, whatever the budget."""

    PLUGIN_NAME = "raw"
    DESCRIPTION = "features"
    SUPERVISION = "none"

    def bits_for(self, width):
        return 32 * width

    def fit(self, view):
        pass

    def embed(self, images):
        return images.features

    def quantize(self, embeddings):
        return FloatCodes(embeddings, Similarity.SQUARED_L2)

    def state(self):
        return {}

    def load_state(self, state):
        pass


@pytest.fixture
def few(monkeypatch):
    """Some of the methods that are installed, and one whose codes have a size of their own."""
    known = Plugins().methods
    chosen = {name: known[name] for name in ("lsh", "crowd", "signs")}
    Raw.SUPERVISION = known["lsh"].SUPERVISION
    monkeypatch.setattr(Plugins, "methods", {**chosen, "raw": Raw})


@pytest.mark.usefixtures("few")
def test_all_runs_what_it_can_and_says_what_it_cannot(cli, tmp_path):
    status, out, err = cli(
        "run", "--dataset", "shapes", "--backbone", "pooled", "--runs", tmp_path / "runs",
        "--format", "json", "--method", "all", "--bits", "8,16",
    )  # fmt: skip
    assert status in (0, None), err
    assert "crowd is left out: shapes has no web set" in err
    ran = {(record["method"], record["bits"]) for record in json.loads(out)}
    assert {("lsh", 8), ("lsh", 16), ("signs", 8), ("signs", 16)} < ran
    # Its codes take what they take: one run, under their true size.
    assert len(ran) == 5
    assert next(bits for name, bits in ran if name == "raw") % 32 == 0


@pytest.mark.usefixtures("few")
def test_a_web_set_of_the_users_brings_its_methods_back(run, web):
    records = run("--method", "all", "--bits", "8", "--web", web)
    assert {record["method"] for record in records} == {"lsh", "crowd", "signs", "raw"}


@pytest.mark.usefixtures("few")
def test_a_method_that_is_named_beside_all_is_not_left_out(cli, tmp_path):
    status, _, err = cli(
        "run", "--dataset", "shapes", "--backbone", "pooled", "--runs", tmp_path / "runs",
        "--method", "all", "--method", "crowd",
    )  # fmt: skip
    assert status not in (0, None)
    assert "has no web set" in err


@pytest.mark.usefixtures("few")
def test_floats_are_one_row_with_their_true_bytes(run):
    (record,) = run("--method", "raw", "--bits", "8,16,32")
    assert record["code_bytes"] * 8 == record["bits"]
    assert record["metrics"]["map@all"] > record["metrics"]["chance"]
