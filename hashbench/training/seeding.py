"""One seed in, everything random derived from it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive(seed: int, purpose: str) -> int:
    """A seed of its own for each purpose, so that one more draw here moves nothing there.

    >>> derive(0, "batches") == derive(0, "batches"), derive(0, "batches") == derive(0, "k-means")
    (True, False)
    """
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:4], "little")


def numpy_generator(seed: int, purpose: str) -> np.random.Generator:
    """A NumPy generator for one purpose."""
    return np.random.default_rng(derive(seed, purpose))


def torch_generator(seed: int, purpose: str) -> torch.Generator:
    """A torch generator for one purpose, on the CPU: draws do not depend on the device."""
    import torch  # noqa: PLC0415 - methods that do without torch use this module too

    return torch.Generator().manual_seed(derive(seed, purpose))


def reseed(seed: int, purpose: str, device: torch.device | None = None) -> None:
    """Let what torch draws from now on, on the CPU and on that device, follow the seed and the purpose."""
    import torch  # noqa: PLC0415

    value = derive(seed, purpose)
    # `torch.manual_seed` asks every kind of device that there could be, which takes as long as a step may.
    torch.default_generator.manual_seed(value)
    if device is not None and device.type == "cuda":
        torch.cuda.manual_seed(value)
