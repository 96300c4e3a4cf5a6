"""`hashbench datasets web`: what is in a web set, and whether anything leaks from it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from hashbench.cli.options import DataRoot
from hashbench.cli.output import Format, stdout
from hashbench.errors import DataError


def web(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|PATH",
            help="Web set of the data set, or a folder with a folder a concept.",
            show_default="the data set's first",
        ),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="Data set that it is to be used with.")] = None,
    data_root: DataRoot = None,
    output: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
) -> None:
    """Describe a web set and check every picture of it."""
    from hashbench.data.collection import ImageCollection
    from hashbench.data.images import undecodable
    from hashbench.plugins import Plugins
    from hashbench.progress import on_stderr
    from hashbench.reports.web_set import describe
    from hashbench.runs.data import Opener

    data = Opener(Plugins()).open(dataset, None, data_root)
    found = data.web_set(name)
    images = found.images
    damaged = undecodable(images, on_stderr()) if isinstance(images, ImageCollection) else {}
    summary = describe(found, data, damaged)
    if output is Format.JSON:
        sys.stdout.write(json.dumps(summary, indent=2) + "\n")
    else:
        _print(summary)
    if damaged:
        for image, reason in summary["undecodable"].items():
            sys.stderr.write(f"{image}: {reason}\n")
        raise DataError(
            f"web set {images.name!r}: {len(damaged):,} of {len(images):,} pictures cannot be decoded. "
            "Remove those listed above: no run takes them."
        )


def _print(summary: Mapping[str, Any]) -> None:
    """A row a concept, and below it what holds of the whole."""
    table = Table(header_style="bold", show_footer=True)
    whats = {
        "images": "images",
        "undecodable": "cannot be decoded",
        "found_by_others": "found by another concept, too",
    }
    table.add_column("concept", "total", overflow="fold")
    for what, header in whats.items():
        total = sum(concept[what] for concept in summary["concepts"])
        table.add_column(header, f"{total:,}", justify="right")
    for concept in summary["concepts"]:
        table.add_row(Text(concept["name"]), *(f"{concept[what]:,}" for what in whats))
    target = summary["holds_none_of"]
    lines = [f"Web set {summary['name']} holds none of {target['dataset']}'s {target['images']:,} images."]
    if summary["labels_without_concept"]:
        missing = ", ".join(summary["labels_without_concept"])
        lines.append(f"Labels of {target['dataset']} that no concept is named like: {missing}.")
    console = stdout()
    console.print(table)
    console.print("\n".join(lines), style="dim", highlight=False, markup=False)
