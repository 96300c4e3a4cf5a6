"""What is known of a run that failed: kept beside the runs until it succeeds."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hashbench.errors import StoreError, reason
from hashbench.runs.spec import RunSpec


@dataclass(frozen=True)
class Failure:
    """A run that was tried and ended in an error.

    Attributes:
        run_id: The folder name that the run would have.
        spec: Its identity, as `RunSpec.as_json` gives it.
        supervision: What the method was allowed to learn from.
        error: What went wrong, in one line.
        traceback: Where, for whoever mends it; empty where the error says it all.
        log: What the run had reported, line by line.
        finished: UTC time, ISO 8601.
        environment: Versions and hardware.
    """

    run_id: str
    spec: dict[str, Any]
    supervision: str
    error: str
    traceback: str
    log: list[str]
    finished: str
    environment: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


def read_failure(path: Path) -> Failure:
    """What such a file says.

    Raises:
        StoreError: It is missing or damaged.
    """
    try:
        failure = Failure(**json.loads(path.read_text(encoding="utf-8")))
        RunSpec(**{name: value for name, value in failure.spec.items() if name != "version"})
        return failure
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise StoreError(
            f"{str(path)!r} is damaged ({reason(error)}). Expected a failed run; remove it."
        ) from error
