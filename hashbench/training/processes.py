"""Training that several processes share, with a device each; the first of them reports.

They are started afresh, see their share of every batch, and end with the fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import active_children, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, Protocol

import numpy as np
import torch

from hashbench.children import Heard, Told, end_with_parent, inherited
from hashbench.data.views import TrainView
from hashbench.errors import HashbenchError
from hashbench.methods.method import Context
from hashbench.progress import Progress, SilentProgress
from hashbench.tags.table import TagTable
from hashbench.threads import cores
from hashbench.training.fabric import Fabric
from hashbench.training.machine import fabric_of


class Shareable(Protocol):
    """What can be fitted by several processes: see `DeepMethod`."""

    config: Any
    context: Context

    def __init__(self, config: Any, context: Context) -> None: ...

    def fit_here(self, view: TrainView[TagTable], fabric: Fabric) -> None:
        """Fit as one of them."""

    def state(self) -> dict[str, np.ndarray]:
        """All that came of it."""


def fit_side_by_side(method: Shareable, view: TrainView[TagTable]) -> dict[str, np.ndarray]:
    """The state that a method has after `context.devices` processes have fitted it together.

    Raises:
        HashbenchError: The first process says why there is none.
    """
    context = method.context
    if context.checkpoint:
        # The processes go on from it; this one learns what time it took before.
        context.checkpoint.take()
    fabric = fabric_of(context.device, context.devices, method.config)
    threads = max(1, cores() // context.devices)
    # What a process returns has to fit a pipe that nobody reads before all have ended: the state goes by
    # a file.
    with TemporaryDirectory() as folder:
        file = Path(folder) / "state.npz"
        with _listening(context.progress) as told, inherited(threads), _ended():
            error = fabric.launch(_Work(method, view, told, file))
        if error:
            raise error
        with np.load(file) as state:
            return dict(state)


class _Work:
    """What each process does; the first one writes the state that it came to, or returns why not."""

    def __init__(self, method: Shareable, view: TrainView[TagTable], to: Connection, file: Path) -> None:
        self._class, self._config = type(method), method.config
        self._context = replace(method.context, progress=SilentProgress())
        self._view, self._to, self._file = view, to, file

    def __call__(self, fabric: Fabric) -> HashbenchError | None:
        """Fit as one of them, which Fabric tells apart."""
        end_with_parent()
        torch.set_num_threads(cores())
        first = fabric.is_global_zero
        context = replace(self._context, progress=Told(self._to)) if first else self._context
        method = self._class(self._config, context)
        try:
            method.fit_here(self._view, fabric)
        except HashbenchError as error:
            # All processes compute the same loss: none is left waiting for another.
            return error
        if first:
            np.savez(self._file, allow_pickle=False, **method.state())
        return None


@contextmanager
def _listening(progress: Progress) -> Iterator[Connection]:
    """The end of a connection whose other end passes on what it is told."""
    ours, theirs = get_context("spawn").Pipe(duplex=False)
    heard = Heard(progress)

    def listen() -> None:
        try:
            while True:
                what, *told = ours.recv()
                getattr(heard, what)(*told)
        except (EOFError, OSError):
            return

    listener = Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield theirs
    finally:
        theirs.close()
        listener.join()
        heard.close_all()


@contextmanager
def _ended() -> Iterator[None]:
    """Leave no process behind that the block has started."""
    before = active_children()
    try:
        yield
    finally:
        for child in active_children():
            if child not in before:
                child.terminate()
                child.join()
