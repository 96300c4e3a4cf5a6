"""What ranks: compiled code where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from hashbench.doctor.finding import Finding, State
from hashbench.errors import reason


def ranking() -> Iterator[Finding]:
    """Whether Numba is there, and agrees with the other packages: a run takes it wherever it is."""
    if find_spec("numba") is None:
        what = "Numba is not installed: without a GPU, NumPy ranks, which is slower"
        yield Finding("ranking", what, State.NOTE, "uv pip install 'hashbench[fast]'")
        return
    try:
        import_module("numba")
    except Exception as error:  # it raises what it likes where NumPy is too new for it
        what = f"Numba is installed and cannot be imported ({reason(error)}): a run on the CPU would fail"
        mend = "uv pip install --upgrade-package numba 'hashbench[fast]'"
        yield Finding("ranking", what, State.PROBLEM, mend)
    else:
        yield Finding("ranking", "Numba ranks on the CPU, torch on a GPU")
