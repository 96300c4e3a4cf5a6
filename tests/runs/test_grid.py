"""Failures: recorded, told, no other run's harm, and gone when the run succeeds."""

import json

import pytest

from hashbench.runs.store import RunStore

BASE = ("run", "--dataset", "shapes", "--backbone", "pooled", "--bits", "16")
SOME = ("--method", "signs", "--method", "lsh")


@pytest.fixture
def call(cli, tmp_path):
    """Call `hashbench run`, its store in `runs`."""
    return lambda *arguments: cli(*BASE, "--runs", tmp_path / "runs", *arguments)


def test_a_failing_run_is_recorded_and_stops_no_other(call, tmp_path):
    status, out, err = call(*SOME, "--set", "signs.fail=bug")
    assert status == 1 and "lsh" in out and "Traceback" not in err
    (failure,) = RunStore(tmp_path / "runs").failures()
    assert failure.error == "ValueError: it does not fit"
    assert "in fit" in failure.traceback and failure.supervision == "none"
    assert f"training {failure.run_id}" in failure.log
    assert err.splitlines()[-2:] == [
        "2 runs: 1 done, 0 from the store, 1 failed",
        f"{failure.run_id} failed: ValueError: it does not fit. That is a bug of method 'signs'; its "
        f"traceback is in '{tmp_path}/runs/failures/{failure.run_id}.json'.",
    ]


def test_what_is_wrong_with_the_input_needs_no_traceback(call, tmp_path):
    status, _, err = call(*SOME, "--set", "signs.fail=budget")
    (failure,) = RunStore(tmp_path / "runs").failures()
    assert status == 1 and failure.traceback == ""
    assert err.splitlines()[-1] == f"{failure.run_id} failed: {failure.error}"


def test_where_every_run_fails_it_is_bad_input(call):
    status, out, err = call("--method", "signs", "--seed", "1,2", "--set", "signs.fail=bug")
    assert (status, out) == (2, "")
    assert err.splitlines()[-1].startswith("error: ValueError: it does not fit. That is a bug")
    assert "Traceback" not in err


def test_a_failure_is_forgotten_when_the_run_succeeds(call, tmp_path, monkeypatch):
    store = RunStore(tmp_path / "runs")
    with monkeypatch.context() as broken:
        broken.setattr("hashbench.runs.runner.evaluate", None)
        status, _, err = call("--method", "lsh")
        assert status == 2 and "TypeError" in err
    assert len(store.failures()) == 1
    assert call("--method", "lsh")[0] in (0, None)
    assert store.failures() == []


def test_a_full_disk_stops_everything(call, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hashbench.runs.store.write_run", full)
    status, _, err = call(*SOME)
    assert status == 2
    assert "No space left on device" in err.splitlines()[-1]
    assert "failed" not in err


def test_a_method_of_a_plugin_that_did_not_load_is_explained(call, monkeypatch):
    from hashbench.plugins import PluginReport, Plugins

    report = PluginReport("mine", "mine", "1", "ImportError: no module")
    monkeypatch.setattr(Plugins, "reports", lambda self: [report])
    status, _, err = call("--method", "mine")
    assert status == 2
    assert err.rstrip().endswith("Plugins that could not be loaded: mine (ImportError: no module).")


@pytest.mark.parametrize(("way", "said"), [("exit", "SystemExit: 0"), ("wordless", "Wordless: Wordless")])
def test_however_a_method_ends_its_run_fails_and_the_others_go_on(call, way, said):
    status, out, err = call(*SOME, "--set", f"signs.fail={way}", "--format", "json")
    assert status == 1
    assert "a word for nobody" not in out and json.loads(out)
    assert said in err and "Traceback" not in err
