"""`hashbench datasets`: what can be run on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from hashbench.cli import describe, web_set
from hashbench.cli.output import print_rows
from hashbench.errors import HashbenchError

if TYPE_CHECKING:
    from hashbench.data.dataset import Dataset

app = typer.Typer()
app.command("describe")(describe.describe)
app.command("web")(web_set.web)
_WEB_SET = "images found by searching for words; see `hashbench datasets web`"


@app.callback(invoke_without_command=True)
def datasets(context: typer.Context) -> None:
    """List the installed data sets, web sets, tag protocols and backbones."""
    if context.invoked_subcommand is not None:
        return
    from hashbench.plugins import Plugins

    plugins = Plugins()
    kinds: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("data set", plugins.datasets),
        ("tag protocol", plugins.tag_protocols),
        ("backbone", plugins.backbones),
    )
    rows = [
        (kind, f"{name} (default)" if cls.IS_DEFAULT else name, cls.DESCRIPTION)
        for kind, known in kinds
        for name, cls in known.items()
    ]
    webs = [
        ("web set", f"{web} (of {name})", _WEB_SET)
        for name, cls in plugins.datasets.items()
        for web in _web_sets(cls)
    ]
    families = [
        ("backbones", f"{prefix}/NAME", cls.DESCRIPTION)
        for prefix, cls in plugins.backbone_families.items()
    ]
    after = len(plugins.datasets)
    print_rows(("kind", "name", "what it is"), rows[:after] + webs + rows[after:] + families)


def _web_sets(cls: type[Dataset]) -> tuple[str, ...]:
    """The names of a data set's web sets; none where it tells nothing without its files."""
    try:
        return tuple(cls().web_sets())
    except HashbenchError:
        return ()
