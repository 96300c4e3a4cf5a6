"""`hashbench doctor`: what this machine has, what is missing, and what mends it."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hashbench.cli.options import Device, Runs
from hashbench.cli.output import Format, print_rows, stdout

if TYPE_CHECKING:
    from hashbench.doctor.finding import Finding

SOMETHING_BROKEN = 1


def doctor(
    device: Device = "auto",
    runs: Runs = Path("runs"),
    output: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
) -> None:
    """Say what this machine has, what is missing or broken, and what mends it; fetch nothing.

    The exit status is 1 where something essential is broken.
    """
    from hashbench.doctor.examine import examine
    from hashbench.doctor.finding import State, worst
    from hashbench.plugins import Plugins
    from hashbench.progress import on_stderr

    # What a library prints when it is imported is no result.
    with redirect_stdout(sys.stderr):
        found = examine(Plugins, device, runs, on_stderr())
    if output is Format.JSON:
        contents = {"state": worst(found), "findings": [asdict(finding) for finding in found]}
        sys.stdout.write(json.dumps(contents, indent=2) + "\n")
    else:
        _print(found)
    if worst(found) is State.PROBLEM:
        raise typer.Exit(SOMETHING_BROKEN)


def _print(found: list[Finding]) -> None:
    """Print a table, and below it, unbroken, what mends what is not as it should be."""
    rows = [(finding.topic, finding.state.value, finding.what) for finding in found]
    print_rows(("topic", "state", "what is there"), rows)
    say = partial(stdout().print, markup=False, highlight=False, soft_wrap=True)
    for finding in found:
        if finding.mend:
            say(f"{finding.state.value}: {finding.topic}: {finding.mend}")
