"""`hashbench plugins`: what is installed, and what is broken."""

from __future__ import annotations

from hashbench.cli.output import print_rows


def plugins() -> None:
    """List the installed plugins; a broken one is shown with the reason."""
    from hashbench.plugins import Plugins

    rows = [
        (report.name, report.distribution, report.version, report.error or "works")
        for report in Plugins().reports()
    ]
    print_rows(("plugin", "distribution", "version", "state"), rows)
