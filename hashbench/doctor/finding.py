"""What a look at the machine finds, and a look that never fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hashbench.errors import reason


class State(StrEnum):
    """How it stands with something: as it should, worth knowing, or something essential is broken."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        topic: What was looked at.
        what: What is there, or is not.
        state: How it stands with it.
        mend: The command that mends it, or what to do where there is no such command.
    """

    topic: str
    what: str
    state: State = State.OK
    mend: str = ""


Look = Callable[[], Iterable[Finding]]


def guarded(topic: str, look: Look) -> list[Finding]:
    """What a look finds; where it fails, what it found until then, and that it failed."""
    found: list[Finding] = []
    try:
        found.extend(look())
    # A library may also end the program while it is imported.
    except (Exception, SystemExit) as error:
        what = f"not seen: the look at it failed ({type(error).__name__}: {reason(error)})"
        found.append(Finding(topic, what, State.PROBLEM, "report what stands here as a bug"))
    return found


def worst(findings: Iterable[Finding]) -> State:
    """The worst state of any of them.

    >>> worst([Finding("a", "b"), Finding("c", "d", State.NOTE)]).value
    'note'
    """
    order = list(State)
    return max((finding.state for finding in findings), key=order.index, default=State.OK)


def size(count: float) -> str:
    """Bytes in words.

    >>> size(5 * 2**20), size(1.5 * 2**30), size(12)
    ('5.0 MiB', '1.5 GiB', '12 bytes')
    """
    for unit, step in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= step:
            return f"{count / step:.1f} {unit}"
    return f"{count:.0f} bytes"


def shown(path: Path) -> str:
    """A path for people, with ~ for their own folder."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # elsewhere, or this user has none
        return str(path)
