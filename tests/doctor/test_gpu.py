"""GPUs as the driver and as torch tell of them: on this machine there may be none."""

import subprocess
import sys
import warnings
from types import SimpleNamespace

import pytest
import torch
import torchvision  # noqa: F401 - while torch is as it is: it looks at the version that the tests change

from hashbench.doctor import driver as driver_module
from hashbench.doctor import gpu
from hashbench.doctor.driver import Driver, driver
from hashbench.doctor.finding import State

LISTED = (
    "name, memory.total [MiB], memory.free [MiB], driver_version\n"
    "NVIDIA A100, 81920 MiB, 80000 MiB, 570.86.15\n"
    "NVIDIA GB10, [N/A], [N/A], 570.86.15\n"
)
SUMMARY = "| NVIDIA-SMI 570.86.15    Driver Version: 570.86.15   CUDA Version: 12.8 |\n"
TWO = Driver(True, "driver 570.86.15, for CUDA up to 12.8: two GPUs", 2)
NONE = Driver(False, "no NVIDIA GPU and no driver is seen")


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """A machine on which nothing of NVIDIA is seen."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(driver_module.shutil, "which", lambda name: None)
    monkeypatch.setattr(driver_module, "_LOADED", tmp_path / "version")
    monkeypatch.setattr(driver_module, "_DEVICES", tmp_path / "dev")
    monkeypatch.setattr(driver_module, "_BUS", tmp_path / "bus")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    return tmp_path


def answering(monkeypatch, answer):
    """Put an nvidia-smi on the path that does as `answer` does."""
    monkeypatch.setattr(driver_module.shutil, "which", lambda name: name)
    monkeypatch.setattr(driver_module.subprocess, "run", answer)


def program(listed=LISTED, summary=SUMMARY, status=0, complaint=""):
    def answer(command, **_):
        return subprocess.CompletedProcess(command, status, listed if command[1:] else summary, complaint)

    return answer


def test_nothing_is_seen():
    assert driver() == NONE


def test_the_program_tells_of_every_gpu(monkeypatch):
    answering(monkeypatch, program())
    seen = driver()
    assert (seen.works, seen.cards, seen.trouble) == (True, 2, "")
    assert seen.what == (
        "driver 570.86.15, for CUDA up to 12.8: NVIDIA A100 (80.0 GiB, 78.1 GiB free); "
        "NVIDIA GB10 (memory not seen)"
    )


def test_a_summary_without_a_cuda_version(monkeypatch):
    answering(monkeypatch, program(summary="something new"))
    assert "CUDA version not seen" in driver().what


def test_the_program_finds_no_driver(monkeypatch):
    answering(monkeypatch, program("NVIDIA-SMI has failed\nbecause\n", status=9))
    seen = driver()
    assert not seen.works
    assert seen.trouble == "NVIDIA-SMI has failed because"


def test_the_program_never_answers(monkeypatch):
    def hang(command, **_):
        raise subprocess.TimeoutExpired(command, 10)

    answering(monkeypatch, hang)
    assert not driver().works and "timed out" in driver().trouble


def test_a_driver_without_the_program(bare):
    (bare / "version").write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.15  Thu\n")
    assert driver().trouble == "no GPU is handed to this container or user"
    (bare / "dev").mkdir()
    (bare / "dev" / "nvidia0").touch()
    assert driver() == Driver(
        True, "driver 570.86.15 is loaded, nvidia-smi is not installed: 1 GPUs, memory not seen", 1
    )


@pytest.mark.parametrize(("kind", "seen"), [("0x030200", True), ("0x020000", False)])
def test_a_card_without_a_driver(bare, kind, seen):
    card = bare / "bus" / "0000:01:00.0"
    card.mkdir(parents=True)
    (card / "vendor").write_text("0x10de\n")
    (card / "class").write_text(f"{kind}\n")
    (bare / "bus" / "without").mkdir()
    assert (driver().trouble == "no driver for it is seen") is seen


def seen_by_torch(monkeypatch, seen, cuda="12.8", available=False, count=0):
    """The findings about torch where it and the driver are like that."""
    monkeypatch.setattr(gpu, "driver", lambda: seen)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(
        torch.cuda,
        "get_device_properties",
        lambda index: SimpleNamespace(name="NVIDIA A100", total_memory=80 * 2**30),
    )
    return [finding for finding in gpu.gpus("cpu") if finding.topic == "torch"]


def test_no_gpu_is_as_it_should_be(monkeypatch):
    (finding,) = seen_by_torch(monkeypatch, NONE)
    assert finding.state is State.OK and "built for CUDA 12.8; it sees no GPU" in finding.what


def test_a_gpu_that_computes(monkeypatch):
    monkeypatch.setattr(torch, "ones", lambda *_, **__: torch.tensor([1.0, 1.0]))
    first, second = seen_by_torch(monkeypatch, TWO, available=True, count=2)
    assert first.state is second.state is State.OK
    assert "cuda:1 is NVIDIA A100 with 80.0 GiB, and computes" in second.what


def test_some_of_the_gpus(monkeypatch):
    monkeypatch.setattr(torch, "ones", lambda *_, **__: torch.tensor([1.0, 1.0]))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    *_, fewer = seen_by_torch(monkeypatch, TWO, available=True, count=1)
    assert (fewer.state, fewer.what) == (State.NOTE, "it sees 1 of 2 GPUs: CUDA_VISIBLE_DEVICES='1'")


def test_a_gpu_that_this_build_cannot_compute_on(monkeypatch):
    def ones(*_, **__):
        raise RuntimeError("CUDA error: no kernel image is available\nfor execution")

    monkeypatch.setattr(torch, "ones", ones)
    (finding,) = seen_by_torch(monkeypatch, TWO, available=True, count=1)[:1]
    assert finding.state is State.PROBLEM and "no kernel image" in finding.what
    assert "--torch-backend=auto" in finding.mend


def test_a_driver_and_a_torch_without_cuda(monkeypatch):
    (finding,) = seen_by_torch(monkeypatch, TWO, cuda=None)
    assert finding.state is State.NOTE
    assert "a driver is here, but torch is built without CUDA" in finding.what
    assert finding.mend == "uv pip install --reinstall --torch-backend=auto torch torchvision"


def test_a_driver_whose_gpus_are_hidden(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    (finding,) = seen_by_torch(monkeypatch, TWO)
    assert (finding.state, finding.mend) == (State.NOTE, "unset CUDA_VISIBLE_DEVICES")


def test_a_driver_that_is_too_old(monkeypatch):
    def refuses():
        warnings.warn("The NVIDIA driver on your system\nis too old", stacklevel=1)
        return False

    seen_by_torch(monkeypatch, TWO)
    monkeypatch.setattr(torch.cuda, "is_available", refuses)
    (finding,) = gpu._torch(TWO)
    assert finding.state is State.NOTE and "(The NVIDIA driver on your system is too old)" in finding.what


@pytest.mark.parametrize("name", ["torch", "torchvision"])
def test_a_library_that_cannot_be_imported(monkeypatch, name):
    def broken(wanted):
        if wanted == name:
            raise OSError(f"lib{name}.so: cannot open shared object file")

    monkeypatch.setattr(gpu, "import_module", broken)
    last = list(gpu.gpus("auto"))[-1]
    assert last.state is State.PROBLEM and last.what.startswith(f"{name} cannot be imported (OSError: ")


def test_the_device_that_is_asked_for(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu._asked("auto").what == "--device auto computes on cpu"
    assert gpu._asked("nonsense").state is State.PROBLEM


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_a_program_of_that_name_is_really_run(monkeypatch, tmp_path):
    script = tmp_path / "nvidia-smi"
    script.write_text("#!/bin/sh\necho no devices were found >&2\nexit 6\n")
    script.chmod(0o755)
    monkeypatch.setattr(driver_module.shutil, "which", lambda name: str(script))
    assert driver().trouble == "no devices were found"
