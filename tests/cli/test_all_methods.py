"""`--method all`: every method that finds in the data set what it learns from."""

import json

import pytest

from hashbench.codes.additive import Similarity
from hashbench.codes.floats import FloatCodes
from hashbench.errors import DataError
from hashbench.methods.config import Preset
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


def test_a_method_that_cannot_be_run_costs_no_other_its_row(cli, few, tmp_path, monkeypatch):
    def refuse(self, view):
        raise DataError("nothing to learn")

    monkeypatch.setattr(Raw, "fit", refuse)
    arguments = ("run", "--dataset", "shapes", "--backbone", "pooled", "--runs", tmp_path / "runs")
    status, out, err = cli(*arguments, "--method", "all", "--format", "json")
    assert status == 1
    assert {record["method"] for record in json.loads(out)} == {"lsh", "signs"}
    assert err.splitlines()[-2] == "3 runs: 2 done, 0 from the store, 1 failed"
    assert err.splitlines()[-1].endswith("failed: nothing to learn")
    status, _, err = cli(*arguments, "--method", "raw")
    assert status == 2
    assert err.splitlines()[-1] == "error: nothing to learn"


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


def test_a_size_that_codes_cannot_have_is_refused(cli, few, tmp_path, monkeypatch):
    monkeypatch.setattr(Raw, "bits_for", lambda self, width: 12)
    arguments = ("--dataset", "shapes", "--backbone", "pooled", "--runs", tmp_path / "runs")
    status, _, err = cli("run", *arguments, "--method", "raw", "--bits", "16")
    assert status not in (0, None)
    assert "says that its codes take 12 bits. Expected a positive multiple of 8" in err


def test_nothing_installed_is_one_line(cli, monkeypatch, tmp_path):
    monkeypatch.setattr(Plugins, "methods", {})
    status, _, err = cli("run", "--dataset", "shapes", "--runs", tmp_path / "runs", "--method", "all")
    assert status not in (0, None)
    assert err.splitlines()[-1] == "error: no method is installed that could be run."


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        (("--bits", "12"), "error: bits=12: Expected a positive multiple of 8."),
        (("--backbone", "nobodys"), "error: unknown backbone 'nobodys'."),
    ],
)
def test_what_is_no_methods_fault_is_one_line(cli, tmp_path, wrong, line):
    arguments = ("--dataset", "shapes", "--runs", tmp_path / "runs", "--method", "all")
    status, _, err = cli("run", *arguments, *wrong)
    assert status not in (0, None)
    assert err.splitlines()[-1].startswith(line)
    assert "left out: bits" not in err
    assert "left out: unknown" not in err


@pytest.mark.usefixtures("few")
def test_a_wrong_setting_of_a_method_that_it_names_ends_the_call(cli, tmp_path):
    arguments = ("--dataset", "shapes", "--backbone", "pooled", "--runs", tmp_path / "runs")
    status, _, err = cli("run", *arguments, "--method", "all", "--set", "signs.nothing=1")
    assert status not in (0, None)
    assert err.splitlines()[-1].startswith("error: unknown signs setting 'nothing'.")


def test_presets_are_checked_before_anything_is_fetched(cli, tmp_path):
    arguments = ("--dataset", "shapes", "--runs", tmp_path / "runs", "--preset", "paper")
    status, _, err = cli("run", *arguments, "--method", "wsdhq", "--method", "itq")
    assert status not in (0, None)
    assert err.splitlines()[-1] == "error: unknown itq preset 'paper'. Known: default."


@pytest.mark.usefixtures("few")
def test_a_method_without_the_preset_is_left_out(cli, tmp_path, monkeypatch):
    known = Plugins().methods
    monkeypatch.setattr(known["lsh"], "PRESETS", {"default": Preset("usual"), "other": Preset("another")})
    status, out, err = cli(
        *("run", "--dataset", "shapes", "--backbone", "pooled", "--runs", tmp_path / "runs"),
        *("--method", "all", "--preset", "other", "--format", "json"),
    )
    assert status in (0, None), err
    assert [record["method"] for record in json.loads(out)] == ["lsh"]
    assert "signs is left out: it has no preset 'other'" in err


def test_a_bug_in_preparing_leaves_a_method_out_or_is_one_line(cli, few, tmp_path, monkeypatch):
    def fall(self, width):
        raise ZeroDivisionError("no width")

    monkeypatch.setattr(Raw, "bits_for", fall)
    arguments = ("run", "--dataset", "shapes", "--backbone", "pooled", "--runs", tmp_path / "runs")
    said = "raw at 32 bits cannot be prepared (ZeroDivisionError: no width)"
    status, _, err = cli(*arguments, "--method", "all")
    assert status in (0, None) and f"left out: {said}" in err
    status, _, err = cli(*arguments, "--method", "raw")
    assert status == 2 and err.startswith(f"error: {said}")


def test_a_method_that_draws_nothing_is_one_run_whatever_the_seed(run, few, monkeypatch):
    monkeypatch.setattr(Raw, "RANDOM", False)
    (record,) = run("--method", "raw", "--seed", "3,4")
    assert record["seed"] == 0
