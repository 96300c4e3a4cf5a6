"""`hashbench plugin`: what helps to write one."""

from __future__ import annotations

import typer

from hashbench.cli import plugin_new

app = typer.Typer(help="Begin a plugin.", no_args_is_help=True)
app.command("new")(plugin_new.new)
