"""Baselines for hashbench: the methods that a new one has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hashbench import hookimpl

if TYPE_CHECKING:
    from hashbench.methods.method import Method

HASHBENCH_API = 1


@hookimpl
def hashbench_methods() -> list[type[Method]]:
    """Bring all of the catalogue."""
    from hashbench_baselines.catalog import METHODS  # noqa: PLC0415

    return METHODS
