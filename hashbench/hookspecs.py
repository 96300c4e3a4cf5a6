"""The hooks through which everything named is found: built-in or a stranger's, the same way.

A plugin distribution declares an entry point in the group `hashbench` whose module holds functions of
these names, marked with `hashbench.hookimpl`. Import what you return inside the function: then a
command that needs no method does not pay for importing torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from hashbench.data.dataset import Dataset
    from hashbench.features.backbone import Backbone
    from hashbench.features.family import BackboneFamily
    from hashbench.methods.method import Method
    from hashbench.runs.record import RunRecord
    from hashbench.tags.protocol import TagProtocol

PROJECT = "hashbench"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def hashbench_methods() -> list[type[Method]]:  # type: ignore[empty-body]
    """Return the `Method` subclasses that the plugin brings."""


@hookspec
def hashbench_datasets() -> list[type[Dataset]]:  # type: ignore[empty-body]
    """Return the `Dataset` subclasses that the plugin brings."""


@hookspec
def hashbench_tag_protocols() -> list[type[TagProtocol]]:  # type: ignore[empty-body]
    """Return the `TagProtocol` subclasses that the plugin brings."""


@hookspec
def hashbench_backbones() -> list[type[Backbone]]:  # type: ignore[empty-body]
    """Return the `Backbone` subclasses that the plugin brings."""


@hookspec
def hashbench_backbone_families() -> list[type[BackboneFamily]]:  # type: ignore[empty-body]
    """Return the `BackboneFamily` subclasses that the plugin brings, for `--backbone PREFIX/NAME`."""


@hookspec
def hashbench_run_finished(record: RunRecord) -> None:
    """Look at a run that was just stored; its files lie in `record.folder`, and none may be changed.

    Called once a run, in the process that stores it, and not for runs found in the store. What it
    raises is told and stops nothing.
    """
