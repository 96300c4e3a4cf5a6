"""`hashbench datasets`: what can be run on, and what is in a web set."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from hashbench.cli.output import Format, print_rows, progress, stdout
from hashbench.errors import DataError, HashbenchError

if TYPE_CHECKING:
    from hashbench.data.dataset import Dataset
    from hashbench.data.web import WebSet
    from hashbench.runs.data import PreparedDataset

app = typer.Typer()
_WEB_SET = "images found by searching for words; see `hashbench datasets web`"


@app.callback(invoke_without_command=True)
def datasets(context: typer.Context) -> None:
    """List the installed data sets, web sets, tag protocols and backbones."""
    if context.invoked_subcommand is not None:
        return
    from hashbench.plugins import Plugins

    plugins = Plugins()
    kinds: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("data set", plugins.datasets),
        ("tag protocol", plugins.tag_protocols),
        ("backbone", plugins.backbones),
    )
    rows = [
        (kind, f"{name} (default)" if cls.IS_DEFAULT else name, cls.DESCRIPTION)
        for kind, known in kinds
        for name, cls in known.items()
    ]
    webs = [
        ("web set", f"{web} (of {name})", _WEB_SET)
        for name, cls in plugins.datasets.items()
        for web in _web_sets(cls)
    ]
    after = len(plugins.datasets)
    print_rows(("kind", "name", "what it is"), rows[:after] + webs + rows[after:])


@app.command()
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
    data_root: Annotated[
        Path | None, typer.Option(help="Folder of the data set's files, where it needs one.")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
) -> None:
    """Describe a web set and check every picture of it."""
    from hashbench.data.collection import ImageCollection
    from hashbench.data.images import undecodable
    from hashbench.plugins import Plugins
    from hashbench.runs.data import Opener

    data = Opener(Plugins()).open(dataset, "test", data_root)
    found = data.web_set(name)
    images = found.images
    damaged = undecodable(images, progress()) if isinstance(images, ImageCollection) else {}
    summary = _summary(data, found, damaged)
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


def _web_sets(cls: type[Dataset]) -> tuple[str, ...]:
    """The names of a data set's web sets; none where it tells nothing without its files."""
    try:
        return tuple(cls().web_sets())
    except HashbenchError:
        return ()


def _summary(data: PreparedDataset, found: WebSet, damaged: Mapping[int, str]) -> dict[str, Any]:
    """What is in a web set, as JSON says it."""
    places = list(zip(found.images.hashes, found.found_by.tolist(), strict=True))
    searches = Counter(content for content, _ in set(places))
    counts = {
        "images": Counter(concept for _, concept in places),
        "undecodable": Counter(places[index][1] for index in damaged),
        "found_by_others": Counter(concept for content, concept in places if searches[content] > 1),
    }
    named = {_plain(concept) for concept in found.concepts}
    return {
        "name": found.images.name,
        "images": len(found.images),
        "concepts": [
            {"name": concept, **{what: count[place] for what, count in counts.items()}}
            for place, concept in enumerate(found.concepts)
        ],
        "undecodable": {found.images.ids[index]: reason for index, reason in damaged.items()},
        "holds_none_of": {"dataset": data.images.name, "images": len(data.images)},
        "labels_without_concept": [
            label for label in data.dataset.label_names() if _plain(label) not in named
        ],
    }


def _plain(name: str) -> str:
    """A name without regard to case and to what its words are joined by."""
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


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
