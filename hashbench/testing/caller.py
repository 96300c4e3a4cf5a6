"""What belongs to the caller of a method: the states of random generators, and switches of libraries."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

_OTHER_SEED = 20_231
_cudnn = torch.backends.cudnn
_SHARED: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "random's state": (random.getstate, random.setstate),
    "numpy.random's state": (lambda: np.random.get_state(legacy=False), np.random.set_state),  # noqa: NPY002
    "torch's random state": (torch.random.get_rng_state, torch.random.set_rng_state),
    "torch's gradients": (torch.is_grad_enabled, torch.set_grad_enabled),
    "torch's deterministic algorithms": (
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    "torch's float32 precision": (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    "torch's default type": (torch.get_default_dtype, torch.set_default_dtype),
    "torch's threads": (torch.get_num_threads, torch.set_num_threads),
    "cuDNN's benchmark": (lambda: _cudnn.benchmark, lambda on: setattr(_cudnn, "benchmark", on)),
    "cuDNN's determinism": (lambda: _cudnn.deterministic, lambda on: setattr(_cudnn, "deterministic", on)),
    "numpy's error handling": (np.geterr, lambda kept: np.seterr(**kept)),
}


class Caller:
    """What the caller had at one moment."""

    def __init__(self) -> None:
        self._kept = {name: get() for name, (get, _) in _SHARED.items()}

    def changed(self) -> list[str]:
        """What is not any more as it was, by name."""
        return [name for name, (get, _) in _SHARED.items() if not _same(get(), self._kept[name])]

    def restore(self) -> None:
        """Make it as it was."""
        for name in self.changed():
            _SHARED[name][1](self._kept[name])


@contextmanager
def undisturbed() -> Iterator[Caller]:
    """What the caller has; whatever the block does to it is undone."""
    before = Caller()
    try:
        yield before
    finally:
        before.restore()


def draw_elsewhere() -> None:
    """Bring the global random generators into another state, as a caller's own work would."""
    random.seed(_OTHER_SEED)
    np.random.seed(_OTHER_SEED)  # noqa: NPY002
    torch.manual_seed(_OTHER_SEED)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, torch.Tensor | np.ndarray):
        return np.array_equal(np.asarray(one), np.asarray(other))
    return bool(one == other)
