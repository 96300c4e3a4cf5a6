"""Where a fit keeps how far it is, so that it goes on from there when it was killed."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hashbench.files import remove_file, whole_file

# How often at most; `$HASHBENCH_CHECKPOINT_SECONDS` says otherwise.
_EVERY_SECONDS = 30.0
_VARIABLE = "HASHBENCH_CHECKPOINT_SECONDS"
# Writing may take that share of the time.
_SHARE = 0.02


@dataclass
class Checkpoint:
    """A file with the state of a fit that is not over.

    Attributes:
        path: The file; whole or not there.
        identity: What the fit depends on: a file of another identity is not gone on from.
        seconds_before: Time that fitting took before it was interrupted, as the file says.
    """

    path: Path
    identity: str
    seconds_before: float = 0.0
    _start: float = field(default_factory=time.perf_counter)
    _due: float = 0.0

    def begin(self) -> None:
        """The fit begins now."""
        self._start = time.perf_counter()
        self._due = self._start + _seconds()

    def take(self) -> dict[str, Any] | None:
        """The state that was kept last; None where there is none of this identity, or it is damaged."""
        import torch  # noqa: PLC0415 - start-up stays fast without it

        try:
            kept = torch.load(self.path, map_location="cpu", weights_only=True)
            if kept["identity"] != self.identity:
                return None
            self.seconds_before = float(kept["seconds"])
            state: dict[str, Any] = kept["state"]
        # What torch raises for a file that is no checkpoint is of many kinds.
        except Exception:
            return None
        return state

    @property
    def is_due(self) -> bool:
        """Whether the last one is long enough ago."""
        return time.perf_counter() >= self._due

    def keep(self, state: Mapping[str, Any]) -> None:
        """Write the state; the file is replaced when the new one is whole.

        Raises:
            StoreError: The disk refuses.
        """
        import torch  # noqa: PLC0415

        start = time.perf_counter()
        seconds = self.seconds_before + start - self._start
        with whole_file(self.path) as partial:
            torch.save({"identity": self.identity, "seconds": seconds, "state": dict(state)}, partial)
        end = time.perf_counter()
        self._due = end + max(_seconds(), (end - start) / _SHARE if _seconds() else 0)

    def drop(self) -> None:
        """Remove the file, if there is one.

        Raises:
            StoreError: The disk refuses.
        """
        remove_file(self.path)


def _seconds() -> float:
    try:
        return float(os.environ.get(_VARIABLE, _EVERY_SECONDS))
    except ValueError:
        return _EVERY_SECONDS
