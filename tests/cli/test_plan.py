"""`hashbench plan`, as a user calls it."""

import json

import numpy as np
import psutil
import pytest
from brief import shorten


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    """Few rounds of little work, on a machine that has nothing else to do."""
    shorten(monkeypatch)
    monkeypatch.setattr(psutil, "getloadavg", lambda: (0.0, 0.0, 0.0))


@pytest.fixture
def plan(cli, tmp_path):
    """Call the command on the drawn shapes; returns exit status, output and errors."""

    def call(*arguments, items="1e9"):
        where = ("--dataset", "shapes", "--backbone", "pooled", "--runs", tmp_path / "runs")
        return cli("plan", "--items", items, *where, *arguments)

    return call


@pytest.fixture
def planned(plan):
    """The same as JSON, parsed strictly."""

    def call(*arguments, **options):
        status, out, err = plan(*arguments, "--format", "json", **options)
        assert status in (0, None), err
        return json.loads(out, parse_constant=pytest.fail)

    return call


def test_the_run_is_carried_out_first_and_then_taken_from_the_store(plan):
    _, _, first = plan("--method", "pq", "--bits", "16")
    _, _, second = plan("--method", "pq", "--bits", "16")
    assert "it is carried out first" in first and "it is carried out first" not in second
    assert "pq_16b_shapes_tags_s0" in second and "is in the store" in second


def test_the_numbers_follow_from_what_was_measured(planned):
    told = planned(
        *("--method", "pq", "--bits", "16", "--queries-per-second", "3", "--latency-ms", "500"),
        *("--machine-memory", "2", "--memory-share", "0.5", "--cores", "4", "--id-bytes", "10"),
    )
    code, steps = told["code"], told["encoding"]
    # Two bytes of code, and the part of the distance that no query changes.
    assert (code["code_bytes"], code["scan"]["item_bytes"]) == (2, 2 + 4)
    assert code["memory"] == 6 * 10**9
    assert code["disk"] == 12 * 10**9 + code["shared_bytes"]
    seconds = sum(
        step["seconds"] * step["threads"] / 4 for step in steps.values() if isinstance(step, dict)
    )
    assert code["encode_seconds"] == pytest.approx(1e9 * seconds)
    pair = code["scan"]["pair"]
    assert code["search_seconds"] == pytest.approx(1e9 * pair["seconds"] * pair["threads"] / 4)
    assert code["alone_seconds"] == pytest.approx(1e9 * code["scan"]["alone"]["seconds"])
    assert code["machines"]["memory"] == -(-6 * 10**9 // (2**30 - code["machine_bytes"]))
    assert set(code["machines"]) == {"memory", "load", "latency"}
    assert code["count"] == max(code["machines"].values())
    assert told["asked"]["items"] == 10**9 and told["bits"] == 16
    floats = told["float32"]
    assert floats["code_bytes"] > code["code_bytes"] and floats["memory"] > code["memory"]


def test_the_table_says_how_each_number_follows(plan):
    status, out, _ = plan("--method", "itq", "--bits", "16", "--latency-ms", "250", items="10_000_000")
    assert status in (0, None)
    for text in (
        *("10,000,000 x 4 bytes (2 of code, 2 beside it)", "2 of code + 16 of name", "as float32"),
        *("machines for memory", "machines for load", "a search alone / 250 ms", "decode", "network"),
        *("kernel numba", "hamming", "threads", "Run itq_16b_shapes_tags_s0"),
    ):
        assert text in out, text
    assert "Other work" not in out
    assert "thumbnail" not in out


def test_a_busy_machine_is_told_of(plan, monkeypatch):
    monkeypatch.setattr(psutil, "getloadavg", lambda: (64.0, 0.0, 0.0))
    _, out, _ = plan("--method", "itq", "--bits", "16", "--thumbnail-bytes", "5000")
    assert "Other work was running: the load was 64.0" in " ".join(out.split())
    assert "5,000 of thumbnail" in out


def test_codes_of_their_own_size(planned):
    told = planned("--method", "int8")
    assert told["code"]["scan"]["distance"] == "aqd"
    assert told["code"]["scan"]["item_bytes"] == told["float32"]["scan"]["item_bytes"]


def test_features_that_others_published(cli, tmp_path):
    generator = np.random.default_rng(0)
    features = generator.standard_normal((240, 16)).astype(np.float32)
    np.savez(tmp_path / "set.npz", features=features, labels=np.arange(240) % 3)
    status, out, err = cli(
        *("plan", "--items", "5", "--method", "itq", "--bits", "16", "--dataset", "features"),
        *("--data-root", tmp_path / "set.npz", "--runs", tmp_path / "runs", "--format", "json"),
    )
    assert status in (0, None), err
    steps = json.loads(out)["encoding"]
    assert steps["decode"] is None and steps["network"] is None and steps["method"]["seconds"] > 0


@pytest.mark.parametrize("items", ["0", "-5", "2.5", "many", "nan", "inf", "1e17", ""])
def test_what_is_no_number_of_images(plan, items):
    status, out, err = plan("--method", "pq", items=items)
    assert (status, out) == (2, "")
    assert err.strip() == (
        f"error: --items {items!r}: Expected a whole number above 0, as 1e9 or 10_000_000."
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--method", "pqq"), "unknown method 'pqq'. Did you mean 'pq'?"),
        (("--method", "all"), "unknown method 'all'."),
        (("--method", "pq", "--bits", "12"), "bits=12: Expected a positive multiple of 8."),
        (("--method", "pq", "--bits", "many"), "Invalid value for '--bits'"),
        (("--method", "pq", "--backbone", "pool"), "unknown backbone 'pool'"),
        (("--method", "pq", "--queries-per-second", "0"), "queries a second 0."),
        (("--method", "pq", "--latency-ms", "nan"), "seconds a search nan."),
        (("--method", "pq", "--memory-share", "2"), "share of the memory 2. Expected at most 1."),
        (("--method", "pq", "--machine-memory", "-1"), "bytes of memory"),
        (("--method", "pq", "--cores", "0"), "0 cores. Expected one or more."),
        (("--method", "pq", "--device", "toaster"), "device 'toaster' cannot be used here"),
        (
            ("--method", "pq", "--bits", "16", "--machine-memory", "0.001"),
            "that a machine needs beside its items",
        ),
        (("--bits", "16"), "Missing option '--method'"),
    ],
)
def test_bad_options(plan, arguments, message):
    status, out, err = plan(*arguments)
    assert (status, out) == (2, "")
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and message in errors[0]
    assert "Traceback" not in err
