"""`hashbench methods`: what can be run."""

from __future__ import annotations

from hashbench.cli.output import print_rows


def methods() -> None:
    """List the installed methods, what they learn from, and their presets."""
    from hashbench.plugins import Plugins

    rows = [
        (name, cls.SUPERVISION.value, ", ".join(cls.PRESETS), cls.DESCRIPTION)
        for name, cls in Plugins().methods.items()
    ]
    print_rows(("method", "learns from", "presets", "what it is"), rows)
