"""Baselines for hashbench: the methods that a new one has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hashbench import hookimpl

if TYPE_CHECKING:
    from hashbench.methods.method import Method


@hookimpl
def hashbench_methods() -> list[type[Method]]:
    """Bring LSH, PCAH, ITQ, PQ and OPQ."""
    from hashbench_baselines.itq import ITQ  # noqa: PLC0415
    from hashbench_baselines.lsh import LSH  # noqa: PLC0415
    from hashbench_baselines.opq import OPQ  # noqa: PLC0415
    from hashbench_baselines.pcah import PCAH  # noqa: PLC0415
    from hashbench_baselines.pq import PQ  # noqa: PLC0415

    return [LSH, PCAH, ITQ, PQ, OPQ]
