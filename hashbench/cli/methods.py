"""`hashbench methods`: what can be run."""

from __future__ import annotations

from hashbench.cli.output import print_rows


def methods() -> None:
    """List the installed methods, by what they learn from, and their presets."""
    from hashbench.data.supervision import Supervision
    from hashbench.plugins import Plugins

    kinds = list(Supervision)
    found = sorted(Plugins().methods.items(), key=lambda item: kinds.index(item[1].SUPERVISION))
    rows = [(name, cls.SUPERVISION.value, ", ".join(cls.PRESETS), cls.DESCRIPTION) for name, cls in found]
    print_rows(("method", "learns from", "presets", "what it is"), rows)
