"""Batches on the device, read ahead of time, so that the device need not wait for them.

B = batch, b = images of it that this process sends through the network.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice, starmap

import numpy as np
import torch
from scipy import sparse

from hashbench.errors import PluginError
from hashbench.training.objective import Stage
from hashbench.training.source import Source

# Batches that are read while one is computed on.
_AHEAD = 2


@dataclass(frozen=True)
class Loaded:
    """What was read for a step.

    Attributes:
        iteration: The step.
        indices: int64 (B,), the images' places in the stage.
        rows: Features of all of them (B, F), or pixels of this process's share (b, S, S, 3).
        targets: Rows (B, ...) of the objective's targets.
    """

    iteration: int
    indices: torch.Tensor
    rows: torch.Tensor
    targets: dict[str, torch.Tensor]

    def each(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Loaded:
        """The same with something done to every tensor."""
        targets = {name: change(tensor) for name, tensor in self.targets.items()}
        return Loaded(self.iteration, change(self.indices), change(self.rows), targets)


class Loader:
    """Reads what each step needs, and keeps count of the time.

    Attributes:
        read_seconds: Time that reading took, here or on the thread that reads ahead.
        waited_seconds: Time that the loop waited for that thread.
    """

    def __init__(self, stage: Stage, source: Source, share: slice) -> None:
        """Read for a stage; `share` of a batch's pixels is this process's to read.

        Raises:
            PluginError: A target has not a row an image.
        """
        for name, target in stage.objective.targets.items():
            if target.shape[0] != len(stage.images):
                raise PluginError(
                    f"{stage.title}: target {name!r} has {target.shape[0]} rows, for {len(stage.images)} "
                    "images. Expected a row an image."
                )
        self._stage = stage
        self._source = source
        self._share = share if source.reads_pixels else slice(None)
        self.read_seconds = self.waited_seconds = 0.0

    def batches(self, steps: Iterable[tuple[int, torch.Tensor]]) -> Iterator[Loaded]:
        """What steps need, on the device: each is a number, and the places of its images, int64 (B,)."""
        # To hand a few features over to another thread takes longer than to read them.
        reads_ahead = self._source.reads_pixels or self._source.device.type == "cuda"
        for loaded in self._ahead(iter(steps)) if reads_ahead else starmap(self._read, steps):
            yield self._moved(loaded)

    def _ahead(self, steps: Iterator[tuple[int, torch.Tensor]]) -> Iterator[Loaded]:
        """The batches of some steps, read on a thread."""
        with ThreadPoolExecutor(1, "batches") as pool:
            pending = deque(pool.submit(self._read, *step) for step in islice(steps, _AHEAD))
            try:
                while pending:
                    start = time.perf_counter()
                    loaded = pending.popleft().result()
                    self.waited_seconds += time.perf_counter() - start
                    pending.extend(pool.submit(self._read, *step) for step in islice(steps, 1))
                    yield loaded
            finally:
                pool.shutdown(cancel_futures=True)

    def _read(self, iteration: int, places: torch.Tensor) -> Loaded:
        start = time.perf_counter()
        rows = places.numpy()
        targets = {
            name: torch.from_numpy(_dense(target, rows))
            for name, target in self._stage.objective.targets.items()
        }
        read = self._source.read(self._stage.images, rows[self._share])
        loaded = Loaded(iteration, places, read, targets)
        if self._source.device.type == "cuda":
            loaded = loaded.each(torch.Tensor.pin_memory)
        self.read_seconds += time.perf_counter() - start
        return loaded

    def _moved(self, loaded: Loaded) -> Loaded:
        device = self._source.device
        return loaded.each(lambda tensor: tensor.to(device, non_blocking=True))


def _dense(target: np.ndarray | sparse.csr_array, rows: np.ndarray) -> np.ndarray:
    found = target[rows]
    return found.toarray() if sparse.issparse(found) else np.ascontiguousarray(found)
