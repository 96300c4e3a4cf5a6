"""`hashbench plugin new`: a distribution to begin with."""

from __future__ import annotations

import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer


def new(
    name: Annotated[str, typer.Argument(help="The method's name: what follows `--method`.")],
    deep: Annotated[bool, typer.Option("--deep", help="A network that learns from a loss.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="The folder to make.", show_default="hashbench-NAME in the current folder"
        ),
    ] = None,
) -> None:
    """Make a distribution that brings one method, with tests that it passes as it is."""
    from hashbench.plugins import Plugins
    from hashbench.scaffold.make import make
    from hashbench.scaffold.names import Names

    names = Names.of(name, Plugins().methods)
    folder = output or Path(names.distribution)
    files = make(folder, names, deep=deep)
    for line in (
        f"{len(files)} files in {folder}; what to write is {names.package}/method.py there. Go on with",
        f"  {_installer()} install -e {shlex.quote(f'{folder}[dev]')}",
        f"  pytest {shlex.quote(str(folder))}",
        f"  hashbench run --method {names.method}",
    ):
        typer.echo(line)


def _installer() -> str:
    """Pip, where the environment has it, else uv's."""
    return "pip" if find_spec("pip") else "uv pip"
