"""The command line: one thin file a command, and one place where errors become one line."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from hashbench import API_VERSION, __version__
from hashbench.cli import (
    chart,
    compare,
    datasets,
    doctor,
    encode,
    evaluate,
    export,
    index,
    leaderboard,
    methods,
    plan,
    plugin,
    plugins,
    published,
    run,
    runs,
    search,
    serve,
    sweep,
)
from hashbench.errors import HashbenchError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    """Say the version and stop."""
    if asked:
        typer.echo(f"hashbench {__version__}, plugin API {API_VERSION}")
        raise typer.Exit


@app.callback()
def hashbench(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and exit.")
    ] = False,
) -> None:
    """Benchmark compact image codes learnt from weak supervision."""


app.command("run")(run.run)
app.command("sweep")(sweep.sweep)
app.command("leaderboard")(leaderboard.leaderboard)
app.command("compare")(compare.compare)
app.command("chart")(chart.chart)
app.command("published")(published.published)
app.command("evaluate")(evaluate.evaluate)
app.command("encode")(encode.encode)
app.command("export")(export.export)
app.command("index")(index.index)
app.command("search")(search.search)
app.command("serve")(serve.serve)
app.command("methods")(methods.methods)
app.command("plan")(plan.plan)
app.add_typer(datasets.app, name="datasets")
app.add_typer(runs.app, name="runs")
app.command("doctor")(doctor.doctor)
app.command("plugins")(plugins.plugins)
app.add_typer(plugin.app, name="plugin")

BAD_INPUT = 2
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 not all of it, 2 bad input, 130 interrupted."""
    # Waiting threads that spin starve the working one as soon as another program wants a core:
    # training then takes 20 times as long. It has to be said before the numerical libraries load.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    command = typer.main.get_command(app)
    try:
        # Typer itself turns an interrupt into this status.
        status = command.main(arguments, prog_name="hashbench", standalone_mode=False)
    except HashbenchError as error:
        status = BAD_INPUT
        _complain(f"error: {error}")
    except Exception as error:
        # Usage errors are raised by Typer's own copy of Click, which has no public name.
        if not hasattr(error, "format_message"):
            raise
        status = BAD_INPUT
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message(), file=sys.stderr)  # noqa: T201
        else:
            _complain(f"error: {error.format_message().replace('Value error, ', '')}")
    if status == INTERRUPTED:
        _complain(
            "interrupted: what was running left no record. The same command takes what is finished from "
            "the store, and goes on with training from its last checkpoint, where there is one."
        )
    sys.exit(status)


def _complain(message: str) -> None:
    print(" ".join(message.split()), file=sys.stderr)  # noqa: T201
