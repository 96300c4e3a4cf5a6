"""`hashbench plugin`: for those who write one."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from hashbench.cli import plugin_new
from hashbench.cli.options import numbers
from hashbench.cli.output import Format, print_rows
from hashbench.errors import ConfigError

if TYPE_CHECKING:
    from hashbench.testing.running import Result

app = typer.Typer(no_args_is_help=True, help="Begin a plugin, and check it.")
app.command("new")(plugin_new.new)
# Exit status where a check fails.
FAILED = 1


@app.command("check")
def check(
    name: Annotated[str, typer.Argument(help="A method, see `hashbench methods`.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting, to make the method quick; repeat."),
    ] = None,
    expected: Annotated[
        list[str] | None,
        typer.Option("--xfail", metavar="CHECK=REASON", help="A check that fails, and why; repeat."),
    ] = None,
    bits: Annotated[str, typer.Option(help="Bits an image to honour besides 32, a comma list.")] = "8,16",
    output: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
) -> None:
    """Look whether a method keeps the contract, on pictures that come with hashbench."""
    from hashbench.plugins import Plugins
    from hashbench.progress import on_stderr
    from hashbench.runs.request import Preparer
    from hashbench.testing.checks import CHECKS
    from hashbench.testing.running import expected_failures, run_checks
    from hashbench.testing.subject import Subject

    method = Preparer(Plugins()).method(name)
    subject = Subject(method, _pairs("--set", settings), bits=numbers("--bits", bits))
    subject.config  # noqa: B018 - what cannot be set is bad input, and no failure of the method
    reasons = expected_failures(_pairs("--xfail", expected))
    results: list[Result] = []
    with on_stderr().task(f"checking {name}", len(CHECKS)) as task:
        for result in run_checks(subject, reasons):
            results.append(result)
            task(1)
    _print(results, output)
    if any(result.outcome == "failed" for result in results):
        raise typer.Exit(FAILED)


def _print(results: list[Result], output: Format) -> None:
    if output is Format.JSON:
        sys.stdout.write(json.dumps([asdict(result) for result in results], indent=2) + "\n")
        return
    rows = [(one.check, one.outcome.value, escape(one.message)) for one in results]
    print_rows(("check", "outcome", "why, and what to do"), rows)


def _pairs(option: str, given: list[str] | None) -> dict[str, str]:
    """Values by key from `key=value`.

    Raises:
        ConfigError: One has no key or no equals sign, or comes twice.

    >>> _pairs("--set", ["width=8", "depth = 2"])
    {'width': '8', 'depth': '2'}
    """
    found: dict[str, str] = {}
    for pair in given or []:
        key, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or not key:
            raise ConfigError(f"{option} {pair!r}: Expected key=value.")
        if key in found:
            raise ConfigError(f"{option} {pair!r}: {key} is given twice. Expected one value.")
        found[key] = value
    return found
