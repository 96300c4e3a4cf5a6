"""`hashbench datasets describe`: what is in a data set, before hours are spent on it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from hashbench.cli.options import DataRoot, NoiseSeed, Tags, Vocabulary
from hashbench.cli.output import Format, stdout
from hashbench.errors import ConfigError

if TYPE_CHECKING:
    from hashbench.runs.data import PreparedDataset

# Data sets of hundreds of labels would push everything else off the screen.
_LABELS = 40
# What lets every table fit 100 columns.
_NAME_WIDTH, _VALUE_WIDTH = 27, 68


def describe(
    name: Annotated[
        str | None,
        typer.Argument(help="Data set; see `hashbench datasets`.", show_default="the default one"),
    ] = None,
    tags: Tags = None,
    protocol: Annotated[str | None, typer.Option(help="Tag protocol.")] = None,
    vocabulary: Vocabulary = None,
    noise: Annotated[
        str | None,
        typer.Option(metavar="KIND=LEVEL", help="Damage the tags, as `hashbench run` does."),
    ] = None,
    noise_seed: NoiseSeed = 0,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Split of the data set, or its manifest (.json).",
            show_default="the data set's first",
        ),
    ] = None,
    data_root: DataRoot = None,
    output: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also write a few database images a label to this .png or .webp file."
        ),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write the split to this .json file, for `--split FILE`."),
    ] = None,
) -> None:
    """Say what is in a data set: split, tags, labels, and how much tags tell of labels."""
    if picture is not None:
        _check(picture)
    if manifest is not None and (manifest.suffix != ".json" or manifest.is_dir()):
        raise ConfigError(f"--manifest {str(manifest)!r}: Expected a file name in .json.")
    from hashbench.files import cache_root
    from hashbench.plugins import Plugins
    from hashbench.progress import on_stderr
    from hashbench.reports import description
    from hashbench.runs.request import Preparer

    preparer = Preparer(Plugins())
    recipe = preparer.recipe(protocol, vocabulary, noise, noise_seed)
    data = preparer.opener.open(name, split, data_root, tags)
    if picture is not None:
        _write(picture, _drawn(data, picture))
    if manifest is not None:
        _write(manifest, json.dumps(data.split.manifest(data.images)).encode())
    near = data.near_duplicates(cache_root(), on_stderr())
    summary = description.describe(data, recipe, len(near))
    if output is Format.JSON:
        sys.stdout.write(json.dumps(summary, indent=2, allow_nan=False) + "\n")
    else:
        _print(summary)


def _check(picture: Path) -> None:
    """Refuse what cannot become a picture before anything is opened.

    Raises:
        ConfigError: The suffix is none that can be written, or there is a folder of that name.
    """
    from hashbench.reports.contact_sheet import FORMATS

    if picture.suffix.lower() not in FORMATS:
        raise ConfigError(f"--picture {str(picture)!r}: Expected a file name in {' or '.join(FORMATS)}.")
    if picture.is_dir():
        raise ConfigError(f"--picture {str(picture)!r} is a folder. Expected a file name.")


def _drawn(data: PreparedDataset, picture: Path) -> bytes:
    """The contact sheet as a file of the picture's kind."""
    from hashbench.reports.contact_sheet import contact_sheet, encode

    return encode(contact_sheet(data), picture.suffix.lower())


def _write(path: Path, content: bytes) -> None:
    """Write a file and say where it is."""
    from hashbench.files import whole_file

    with whole_file(path) as partial:
        partial.write_bytes(content)
    sys.stderr.write(f"wrote {path}\n")


def _print(summary: Mapping[str, Any]) -> None:
    """Tables of the whole, of labels, of tags, and of what tags tell."""
    told = summary["telling"]["pairs"]
    labels = sorted(summary["labels"]["each"], key=lambda label: -label["images"])
    console = stdout()
    console.print(_overview(summary))
    columns = ("name", "images", "queries", "database")
    rows = ([label[column] for column in columns] for label in labels[:_LABELS])
    console.print(_table(f"labels of {len(labels):,}", ("label", *columns[1:]), rows))
    if len(labels) > _LABELS:
        more = f"The {_LABELS} most frequent labels; --format json lists all."
        console.print(more, style="dim", highlight=False)
    frequent = ((tag["tag"], tag["images"]) for tag in summary["frequent_tags"])
    console.print(_table("most frequent tags", ("tag", "training images"), frequent))
    headers = ("tag", "label", "bits", "P(label | tag)", "P(label)")
    console.print(_table("most telling tags", headers, (_shown(pair) for pair in told)))


def _shown(pair: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        pair["tag"],
        pair["label"],
        f"{pair['bits']:.4f}",
        f"{pair['label_given_tag']:.2f}",
        f"{pair['label_share']:.2f}",
    )


def _table(title: str, headers: tuple[str, ...], rows: Iterable[Iterable[object]]) -> Table:
    """A table of names at the left and numbers at the right."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for header in headers:
        name = header in ("tag", "label")
        table.add_column(
            header,
            justify="left" if name else "right",
            max_width=_NAME_WIDTH if name else None,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row))
    return table


def _overview(summary: Mapping[str, Any]) -> Table:
    """What holds of the whole, a line each."""
    notices = {f"notice {number}": said for number, said in enumerate(summary["notices"], 1)}
    table = Table(title=Text(summary["name"]), title_justify="left", show_header=False)
    table.add_column(max_width=_NAME_WIDTH - 3, overflow="fold", style="bold")
    table.add_column(max_width=_VALUE_WIDTH, overflow="fold")
    for what, value in (_of_images(summary) | _of_tags(summary) | _of_labels(summary) | notices).items():
        table.add_row(Text(what), Text(value))
    return table


def _of_images(summary: Mapping[str, Any]) -> dict[str, str]:
    split, copies = summary["split"], summary["duplicates"]
    return {
        "kind": summary["kind"],
        "images": f"{summary['images']:,}; {summary['without_tag']:,} without a tag, "
        f"{summary['without_label']:,} without a label",
        "equal images": f"{copies['images']:,}, of {copies['contents']:,} different contents"
        if copies["images"]
        else "none",
        "near-duplicates": f"{copies['near_queries']:,} of {split['query']:,} queries look like a database "
        "or training image",
        f"split {split['name']}": f"{split['query']:,} queries, {split['database']:,} database images, "
        f"{split['train']:,} training images",
    }


def _of_tags(summary: Mapping[str, Any]) -> dict[str, str]:
    from hashbench.tags.noise import noise_in_words

    protocol, vectors, typed = summary["protocol"], summary["word_vectors"], summary["typed_tags"]
    chosen = [f"vocabulary {protocol['vocabulary']['name']}"] if protocol["vocabulary"] else []
    damage = [f"noise {noise_in_words(protocol['noise'])}"] if protocol["noise"] else []
    return {
        f"tags as {typed['kind']}": f"{typed['distinct']:,} distinct; {_spread(typed['an_image'])}",
        f"protocol {protocol['name']}": ", ".join([*protocol["steps"], *chosen, *damage]),
        "tags to learn from": f"{protocol['tags']:,}; {_spread(protocol['an_image'])}; "
        f"{protocol['without_tag']:,} training images without any",
        vectors["source"]: "no tag to look up"
        if vectors["tags"] is None
        else f"knows {vectors['tags']:.1%} of these tags, {vectors['occurrences']:.1%} of their "
        "occurrences",
    }


def _of_labels(summary: Mapping[str, Any]) -> dict[str, str]:
    labels, chance, explained = (
        summary["labels"],
        summary["chance"],
        summary["telling"]["entropy_explained"],
    )
    return {
        summary["truth"]: f"{len(labels['each']):,}; {labels['an_image']:.2f} an image",
        "chance level": f"mAP@all {chance['map@all']:.3f}; "
        f"{chance['queries_without_relevant']:,} queries with nothing to find",
        "entropy explained": "not defined: no label tells training images apart"
        if explained is None
        else f"{explained:.1%} of the labels' entropy, by the best single tag of each",
    }


def _spread(counts: Mapping[str, float]) -> str:
    return f"{counts['mean']:.2f} an image (median {counts['median']:g}, most {counts['max']:,})"
