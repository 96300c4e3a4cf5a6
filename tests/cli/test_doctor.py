"""`hashbench doctor`, as a user calls it."""

import json
import socket
from importlib.metadata import EntryPoint

import pytest
import torch
import torchvision  # noqa: F401 - while torch is as it is: it looks at the version that the tests change

from hashbench.doctor import gpu, machine, ranking
from hashbench.doctor.driver import Driver
from hashbench.plugins import Plugins


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """A machine without a GPU, in an empty folder, and without a network."""

    def refuse(*_, **__):
        raise AssertionError("nothing is to be fetched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(gpu, "driver", lambda: Driver(False, "no NVIDIA GPU and no driver is seen"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def doctor(cli):
    """Exit status, and findings by topic, of `hashbench doctor --format json`."""

    def call(*arguments):
        status, out, err = cli("doctor", "--format", "json", *arguments)
        assert "Traceback" not in err
        told = json.loads(out)
        states = [finding["state"] for finding in told["findings"]]
        assert told["state"] == max(states, key=["ok", "note", "problem"].index)
        assert (status == 1) is (told["state"] == "problem")
        topics = {}
        for finding in told["findings"]:
            topics.setdefault(finding["topic"], []).append(finding)
        return status, topics

    return call


def test_a_machine_with_nothing_broken(doctor, alone):
    status, topics = doctor()
    assert status in (0, None)
    wanted = {"python", "packages", "processor", "memory", "gpu", "torch", "device", "ranking", "plugins"}
    assert wanted | {"cache", "run store", "weights of torch"} <= topics.keys()
    assert set(topics["gpu"][0]) == {"topic", "what", "state", "mend"}
    assert not any(alone.iterdir())


def test_the_table_and_what_mends(cli, monkeypatch):
    monkeypatch.setattr(ranking, "find_spec", lambda name: None)
    monkeypatch.setenv("COLUMNS", "60")
    status, out, err = cli("doctor")
    assert status in (0, None) and "looking at this machine" in err
    assert "topic" in out and "no NVIDIA GPU and no" in out
    # However narrow the terminal is, a command can be copied.
    assert "note: ranking: uv pip install 'hashbench[fast]'\n" in out


def test_a_gpu_that_is_asked_for_and_cannot_be_used(doctor):
    status, topics = doctor("--device", "cuda")
    if torch.version.cuda is None or topics["device"][0]["state"] == "problem":
        assert status == 1 and "device 'cuda' cannot be used here" in topics["device"][0]["what"]
    else:
        assert status in (0, None)


def test_a_driver_without_cuda_is_told_and_breaks_nothing(doctor, monkeypatch):
    monkeypatch.setattr(gpu, "driver", lambda: Driver(True, "driver 570: one GPU", 1))
    monkeypatch.setattr(torch.version, "cuda", None)
    status, topics = doctor()
    assert status in (0, None)
    assert topics["torch"][0]["state"] == "note" and "without CUDA" in topics["torch"][0]["what"]


def test_a_broken_plugin(doctor, monkeypatch):
    broken = Plugins([EntryPoint("gone", "no_such_module", "hashbench")])
    monkeypatch.setattr("hashbench.plugins.Plugins", lambda: broken)
    status, topics = doctor()
    works, gone = topics["plugins"]
    assert status == 1 and works["what"] == "work: built-in"
    assert "No module named 'no_such_module'" in gone["what"] and gone["mend"]


def test_plugins_that_cannot_even_be_looked_for(doctor, monkeypatch):
    def fails():
        raise OSError("a damaged distribution")

    monkeypatch.setattr("hashbench.plugins.Plugins", fails)
    status, topics = doctor()
    assert status == 1 and "a damaged distribution" in topics["plugins"][0]["what"]
    assert "cache" in topics


def test_a_cache_that_cannot_be_written(doctor, monkeypatch, alone):
    (alone / "file").write_text("no folder")
    monkeypatch.setenv("HASHBENCH_CACHE", str(alone / "file"))
    status, topics = doctor()
    assert status == 1 and topics["cache"][0]["state"] == "problem"


def test_a_check_that_fails_stops_no_other(doctor, monkeypatch):
    def fails():
        raise RuntimeError("no such call")

    monkeypatch.setattr(machine.psutil, "virtual_memory", fails)
    status, topics = doctor()
    assert status == 1 and "RuntimeError: no such call" in topics["memory"][0]["what"]
    assert "run store" in topics


def test_what_a_library_prints_is_no_result(doctor, monkeypatch):
    def noisy():
        print("welcome")  # noqa: T201
        return Plugins([])

    monkeypatch.setattr("hashbench.plugins.Plugins", noisy)
    assert doctor()[0] in (0, None)
