"""Every error that `hashbench` raises on purpose, with one base class.

The command line prints such an error as one line and exits with status 2, so a message says what was
wrong, where, and what was expected.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

# Of what another library says.
_LONGEST = 200


class HashbenchError(Exception):
    """Base of all errors caused by input, files or configuration rather than by a bug.

    Another process gets it as an error of the same class with the same line, whatever it was made from.
    """

    def __reduce__(self) -> tuple[Callable[..., HashbenchError], tuple[type[HashbenchError], str]]:
        return _again, (type(self), str(self))


class UnknownNameError(HashbenchError):
    """A method, data set, backbone, protocol, preset or key that nobody registered."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        listed = ", ".join(names) if names else "none"
        super().__init__(f"unknown {kind} {name!r}.{hint} Known: {listed}.")


class ConfigError(HashbenchError):
    """A configuration value that is unknown, of the wrong type or out of range."""


class DataError(HashbenchError):
    """A data set, image, tag file or split that is missing, damaged or inconsistent."""


class LeakError(HashbenchError):
    """Something would let the answers reach the learner: a query among the database images."""


class SupervisionError(HashbenchError):
    """A method asked for supervision that it did not declare."""


class WeightsError(HashbenchError):
    """Pretrained weights that cannot be found, fetched or read."""


class StoreError(HashbenchError):
    """A run folder that cannot be written or read."""


class PluginError(HashbenchError):
    """A plugin that breaks the contract of a hook."""


def _again(cls: type[HashbenchError], line: str) -> HashbenchError:
    """An error that another process raised."""
    return cls.__new__(cls, line)


def reason(error: BaseException) -> str:
    r"""What an error of another library says, as a part of one line: no control characters, not too long.

    >>> reason(ValueError("bad\n  header \x0f")), reason(EOFError())
    ('bad header �', 'EOFError')
    """
    try:
        said = (isinstance(error, OSError) and error.strerror) or str(error).strip()
    except Exception:  # of a class that cannot say what it is
        said = ""
    said = said or type(error).__name__
    line = " ".join(said.split())
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line)[:_LONGEST]
