"""What a worker of Ray's has to carry runs out, and what it hands back: the files, or why there are none.

It writes to a store of its own, which is gone when the run is over; the store that counts has one writer.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

from hashbench.children import Told
from hashbench.engines.post import BEGUN, Sender
from hashbench.errors import StoreError
from hashbench.files import cache_root, scratch_folder
from hashbench.plugins import Plugins
from hashbench.progress import Progress
from hashbench.runs.record import RunRecord
from hashbench.runs.request import Preparer, RunRequest
from hashbench.runs.runner import Mishap, Workplace, recorded
from hashbench.runs.store import RunStore
from hashbench.training.device import resolve_device

# In the cache of the machine where a worker is: its stores.
SCRATCH = "scratch"


@dataclass(frozen=True)
class Asked:
    """A run as it travels: what is asked for, and the key of the identity that this had."""

    request: RunRequest
    key: str


@dataclass(frozen=True)
class Fell:
    """A run that left no record, and the `environment` of the place where."""

    mishap: Mishap
    environment: dict[str, Any]


@dataclass(frozen=True)
class Crew:
    """Makes workers.

    Attributes:
        device: Where to compute, as torch names it; `auto` is looked up where the worker is.
        together: How many of them at most share a machine.
        post: Where they say how far they are.
    """

    device: str
    together: int
    post: Any

    def __call__(self) -> Worker:
        """One of them.

        Raises:
            ConfigError: There is no such device where it is.
        """
        return Worker(Preparer(Plugins()), resolve_device(self.device), self.together, self.post)


@dataclass(frozen=True)
class Worker:
    """Carries one run out after the other; what it has opened stays open."""

    preparer: Preparer
    device: str
    together: int
    post: Any

    def __call__(self, asked: Asked) -> Mapping[str, bytes] | Fell:
        """What the files of its folder hold, by name.

        Raises:
            StoreError: The disk refuses.
        """
        told = Told(Sender(self.post, asked.key))
        told.say(BEGUN)
        # Standard output is for results, whatever a plugin prints.
        with scratch_folder(cache_root() / SCRATCH) as folder, redirect_stdout(sys.stderr):
            place = Workplace(RunStore(folder), cache_root(), self.device, self.together)
            made = self._made(asked, place, told)
            if isinstance(made, Mishap):
                return Fell(made, place.environment())
            written = place.store.root / made.spec.run_id()
            return {path.name: path.read_bytes() for path in written.iterdir()}

    def _made(self, asked: Asked, place: Workplace, progress: Progress) -> RunRecord | Mishap:
        try:
            return recorded(self.preparer.again(asked.request, asked.key), place, progress)
        except StoreError:
            raise
        except (Exception, SystemExit) as error:
            return Mishap.of(error, [])
