"""`hashbench published`: published figures beside what the runs of a store reach."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hashbench.cli.options import DEFAULT_STORE, Runs
from hashbench.cli.output import print_rows, stdout
from hashbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hashbench.reports.published.outcomes import Outcome


class Face(StrEnum):
    """How the comparison looks."""

    TABLE = "table"
    MARKDOWN = "markdown"
    JSON = "json"


def published(
    figures: Annotated[
        Path, typer.Argument(metavar="FIGURES.csv", help="Table of figures; docs/published.csv is one.")
    ],
    runs: Runs = DEFAULT_STORE,
    face: Annotated[Face, typer.Option("--format", help="How to print it.")] = Face.TABLE,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it there, as Markdown or JSON, instead of printing it."),
    ] = None,
    between: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Write it into that place of the Markdown file --output."),
    ] = None,
) -> None:
    """Compare published figures with the runs of a store that match them, or say why none does."""
    from hashbench.plugins import Plugins
    from hashbench.progress import on_stderr
    from hashbench.reports.published import faces
    from hashbench.reports.published.figures import read_figures
    from hashbench.reports.published.outcomes import compare
    from hashbench.reports.requested import Published, Sources
    from hashbench.reports.writing import write_text
    from hashbench.runs.store import RunStore

    if output and face is Face.TABLE:
        raise ConfigError("--output: Expected --format markdown or --format json beside it.")
    if between and not (output and face is Face.MARKDOWN):
        raise ConfigError(f"--between {between!r}: Expected --output FILE and --format markdown beside it.")
    if output and face is Face.MARKDOWN:
        report = Published(published=figures, output=output, between=between)
        report.write(Sources(RunStore(runs), Plugins(), on_stderr()))
        return
    outcomes = compare(read_figures(figures), list(RunStore(runs).records(on_stderr())), Plugins())
    if face is Face.TABLE:
        _print(outcomes)
    elif face is Face.MARKDOWN:
        sys.stdout.write(faces.markdown(outcomes))
    else:
        text = json.dumps([outcome.as_json() for outcome in outcomes], indent=2) + "\n"
        if output:
            write_text(output, text)
        else:
            sys.stdout.write(text)


def _print(outcomes: Sequence[Outcome]) -> None:
    """Print the table, and below it its notes."""
    from hashbench.reports.published import faces

    table = faces.lines(outcomes)
    print_rows(table.headings, table.rows, whole=True)
    for number, note in enumerate(table.notes, start=1):
        stdout().print(f"{number}. {note}", highlight=False, markup=False)
