"""`hashbench datasets`: what can be run on."""

from __future__ import annotations

from hashbench.cli.output import print_rows


def datasets() -> None:
    """List the installed data sets, tag protocols and backbones."""
    from hashbench.plugins import Plugins

    plugins = Plugins()
    kinds = (
        ("data set", plugins.datasets),
        ("tag protocol", plugins.tag_protocols),
        ("backbone", plugins.backbones),
    )
    rows = [
        (kind, f"{name} (default)" if cls.IS_DEFAULT else name, cls.DESCRIPTION)
        for kind, known in kinds
        for name, cls in known.items()
    ]
    print_rows(("kind", "name", "what it is"), rows)
