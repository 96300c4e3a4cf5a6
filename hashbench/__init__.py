"""Benchmark of compact image codes learnt from weak supervision.

For a set of images and their weak tags: which method gives the best retrieval for the bits, memory
and time that can be paid? Plugin authors import `hookimpl` from here; whoever has codes scores them
with `evaluate`.
"""

from typing import TYPE_CHECKING

from hashbench.api_version import API_VERSION
from hashbench.hookspecs import hookimpl

if TYPE_CHECKING:
    from hashbench.evaluation import evaluate

__all__ = ["API_VERSION", "__version__", "evaluate", "hookimpl"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import `evaluate` when it is asked for: the command line and plugins start without it."""
    if name != "evaluate":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hashbench.evaluation import evaluate  # noqa: PLC0415 - see above

    return evaluate
