"""The processor and the memory, on machines that tell more or less of them."""

from types import SimpleNamespace

import pytest

from hashbench.doctor import machine
from hashbench.doctor.finding import Finding, State, guarded, worst
from hashbench.runs import environment


@pytest.mark.parametrize(
    ("cpuinfo", "told"),
    [
        ("flags\t\t: fpu avx2 avx512f amx_bf16\n", "has AVX2, AVX-512, AMX with bfloat16 of what"),
        ("flags : fpu sse\n", "has none of what speeds up training; lacks AVX2"),
        ("Features : fp asimd bf16\n", "has NEON, bfloat16 of what speeds up training; lacks SVE"),
        ("Hardware : something\n", "not seen: the system lists none"),
    ],
)
def test_what_the_processor_can_do(monkeypatch, tmp_path, cpuinfo, told):
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    monkeypatch.setattr(machine, "_CPUINFO", tmp_path / "cpuinfo")
    assert told in machine._abilities()


def test_a_system_that_does_not_list_it(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "_CPUINFO", tmp_path / "none")
    assert "not seen" in machine._abilities()


def test_more_threads_than_cores(monkeypatch):
    monkeypatch.setattr(machine, "usable_cores", lambda: 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    first, _ = machine.processors()
    assert (first.state, first.mend) == (State.NOTE, "export OMP_NUM_THREADS=2")


@pytest.mark.parametrize(
    ("limit", "told", "state"),
    [("max\n", False, State.OK), (f"{2**33}\n", True, State.OK), (f"{2**30}\n", True, State.NOTE)],
)
def test_the_memory_of_a_container(monkeypatch, tmp_path, limit, told, state):
    (tmp_path / "limit").write_text(limit)
    monkeypatch.setattr(environment, "_LIMITS", (tmp_path / "limit",))
    now = SimpleNamespace(total=2**36, available=2**35)
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: now)
    (found,) = machine.memory()
    assert found.state is state and ("container" in found.what) is told


def test_a_look_that_fails_is_a_finding():
    def look():
        yield Finding("one", "here")
        raise SystemExit("a library ends\nthe program")

    first, second = guarded("one", look)
    assert first.what == "here" and second.state is State.PROBLEM
    assert "SystemExit: a library ends the program" in second.what


def test_an_interrupt_is_none():
    def look():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guarded("one", look)


def test_nothing_found_is_nothing_wrong():
    assert worst([]) is State.OK
