"""GPUs: what the driver tells, what torch sees, and whether it computes there."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from hashbench.doctor.driver import Driver, driver
from hashbench.doctor.finding import Finding, State, size
from hashbench.errors import ConfigError, reason
from hashbench.training.device import resolve_device

_HIDING = "CUDA_VISIBLE_DEVICES"
# It takes the build of torch that fits the driver.
_FITTING = "uv pip install --reinstall --torch-backend=auto torch torchvision"


def gpus(device: str) -> Iterator[Finding]:
    """What the driver tells and what torch sees, and whether the device that was asked for can be used.

    Args:
        device: What a run would be given: `auto`, `cpu`, `cuda` or `cuda:N`.
    """
    seen = driver()
    state = State.NOTE if seen.trouble else State.OK
    what = f"{seen.what}: {seen.trouble}" if seen.trouble else seen.what
    mend = "install NVIDIA's driver, or give the container its GPUs" if seen.trouble else ""
    yield Finding("gpu", what, state, mend)
    for name in ("torch", "torchvision"):
        try:
            import_module(name)
        except Exception as error:  # libraries that are missing or do not fit raise many kinds
            what = f"{name} cannot be imported ({type(error).__name__}: {reason(error)})"
            yield Finding("torch", what, State.PROBLEM, _FITTING)
            return
    yield from _torch(seen)
    yield _asked(device)


def _torch(seen: Driver) -> Iterator[Finding]:
    """What torch was built for, and the GPUs that it sees."""
    import torch  # noqa: PLC0415 - start-up stays fast without it

    built = _built(torch)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        available = torch.cuda.is_available()
    if available:
        for index in range(torch.cuda.device_count()):
            yield _computes(torch, index)
        if torch.cuda.device_count() < seen.cards:
            yield _fewer(torch.cuda.device_count(), seen.cards)
    elif seen.works:
        yield _unused(built, " ".join(" ".join(str(warning.message).split()) for warning in said))
    else:
        yield Finding("torch", f"{_words(built)}; it sees no GPU and computes on the CPU")
    if torch.backends.mps.is_available():
        yield Finding("torch", "it sees Apple's GPU, which --device auto does not take")


def _built(torch: Any) -> str:
    """CUDA or ROCm with its version, or nothing where torch was built for the CPU alone."""
    for name, version in (("CUDA", torch.version.cuda), ("ROCm", getattr(torch.version, "hip", None))):
        if version:
            return f"{name} {version}"
    return ""


def _words(built: str) -> str:
    return f"torch is built for {built}" if built else "torch is built without CUDA"


def _computes(torch: Any, index: int) -> Finding:
    """One GPU that torch sees: it may be seen, and too old or too new for this build to compute on."""
    device = f"cuda:{index}"
    try:
        properties = torch.cuda.get_device_properties(index)
        total = int(torch.ones(2, device=device).sum().item())
    except Exception as error:
        what = f"{device} is seen and does not compute ({reason(error)}): --device auto would fail"
        return Finding("torch", what, State.PROBLEM, f"{_FITTING}  # or --device cpu")
    if total != 2:
        return Finding("torch", f"{device} computes wrong sums", State.PROBLEM, "run with --device cpu")
    memory = size(properties.total_memory)
    what = f"{_words(_built(torch))}; {device} is {properties.name} with {memory}, and computes"
    return Finding("torch", what)


def _unused(built: str, said: str) -> Finding:
    """A driver is here and torch does not use it: why, as far as that is seen."""
    if not built:
        what = "a driver is here, but torch is built without CUDA: runs compute on the CPU"
        return Finding("torch", what, State.NOTE, _FITTING)
    if _HIDING in os.environ:
        what = f"{_HIDING}={os.environ[_HIDING]!r} hides the GPUs from torch: runs compute on the CPU"
        return Finding("torch", what, State.NOTE, f"unset {_HIDING}")
    why = f" ({said})" if said else ""
    what = f"a driver is here and {_words(built)}, but it sees no GPU{why}: runs compute on the CPU"
    return Finding("torch", what, State.NOTE, f"{_FITTING}  # or a newer driver")


def _fewer(seen: int, cards: int) -> Finding:
    """Torch sees some of the GPUs."""
    hidden = f": {_HIDING}={os.environ[_HIDING]!r}" if _HIDING in os.environ else ""
    return Finding("torch", f"it sees {seen} of {cards} GPUs{hidden}", State.NOTE)


def _asked(device: str) -> Finding:
    """Where a run with that `--device` would compute."""
    try:
        resolved = resolve_device(device)
    except ConfigError as error:
        return Finding(
            "device", reason(error), State.PROBLEM, "leave out --device, or mend what is told of torch"
        )
    return Finding("device", f"--device {device} computes on {resolved}")
