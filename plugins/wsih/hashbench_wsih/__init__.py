"""Webly Supervised Image Hashing, a hashbench plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hashbench import hookimpl

if TYPE_CHECKING:
    from hashbench.methods.method import Method

HASHBENCH_API = 1


@hookimpl
def hashbench_methods() -> list[type[Method]]:
    """Bring WSIH."""
    from hashbench_wsih.method import WSIH  # noqa: PLC0415

    return [WSIH]
