"""`hashbench serve`: a page on this machine that searches an index."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from hashbench.cli.options import Device, Weights
from hashbench.errors import ConfigError

_PACKAGES = ("fastapi", "python_multipart", "uvicorn")


def serve(
    index: Annotated[
        Path, typer.Argument(metavar="INDEX", help="A folder that `hashbench index` has made.")
    ],
    host: Annotated[str, typer.Option(help="Address to listen at; the default is this machine alone.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any that is free.")] = 8000,
    k: Annotated[int, typer.Option("-k", min=1, max=200, help="How many pictures a search shows.")] = 24,
    weights: Weights = None,
    device: Device = "auto",
) -> None:
    """Search an index in a browser, by pictures and words, until it is stopped."""
    if missing := [name for name in _PACKAGES if find_spec(name) is None]:
        raise ConfigError(f"the page needs {', '.join(missing)}. Expected hashbench[serve].")
    from hashbench.index.searcher import Searcher
    from hashbench.progress import on_stderr
    from hashbench.serving.serve import listening, serve

    with listening(host, port) as socket:
        searcher = Searcher.open(index, weights=weights, device=device)
        serve(searcher, host, socket, k, on_stderr())
