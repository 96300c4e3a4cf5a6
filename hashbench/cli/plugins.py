"""`hashbench plugins`: what is installed, and what is broken."""

from __future__ import annotations

import typer
from rich.markup import escape

from hashbench.cli.output import print_rows


def plugins() -> None:
    """List the installed plugins; a broken one is shown with the reason, and makes the exit status 1."""
    from hashbench.plugins import Plugins

    reports = Plugins().reports()
    rows = [
        (
            report.name,
            report.distribution,
            report.version,
            escape(report.error or f"works; {report.note}".removesuffix("; ")),
        )
        for report in reports
    ]
    print_rows(("plugin", "distribution", "version", "state"), rows)
    if any(report.error for report in reports):
        raise typer.Exit(1)
