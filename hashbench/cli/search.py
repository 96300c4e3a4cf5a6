"""`hashbench search`: what an index holds that is nearest to a picture or to words."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hashbench.cli.options import Device, Weights
from hashbench.cli.output import Format, print_rows
from hashbench.errors import ConfigError, DataError, reason

if TYPE_CHECKING:
    from hashbench.index.searcher import Found, Searcher


def search(
    index: Annotated[
        Path, typer.Argument(metavar="INDEX", help="A folder that `hashbench index` has made.")
    ],
    query: Annotated[
        list[str], typer.Argument(metavar="PICTURE|WORDS...", help="A picture file, or words.")
    ],
    k: Annotated[int, typer.Option("-k", min=1, help="How many pictures.")] = 12,
    sheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a contact sheet of the query and what was found, too."),
    ] = None,
    weights: Weights = None,
    device: Device = "auto",
    shown: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
) -> None:
    """Find the pictures of an index that are nearest to a picture, or to words."""
    from hashbench.reports.contact_sheet import FORMATS

    if sheet and sheet.suffix not in FORMATS:
        raise ConfigError(f"--sheet {str(sheet)!r}: Expected a file that ends in {' or '.join(FORMATS)}.")
    from hashbench.index.searcher import Searcher

    picture, asked = _picture(query), " ".join(query)
    searcher = Searcher.open(index, weights=weights, device=device)
    found = _found(searcher, picture, asked, k)
    if sheet:
        from hashbench.files import whole_file
        from hashbench.reports.search_sheet import search_sheet

        content = search_sheet(searcher.index, found.hits, asked, picture, sheet.suffix)
        with whole_file(sheet) as partial:
            partial.write_bytes(content)
    _print(searcher, found, asked, "picture" if picture is not None else "words", shown)


def _picture(query: list[str]) -> bytes | None:
    """The content of a picture file; None where words are meant.

    Raises:
        DataError: There is no such file, though it looks like one, or it cannot be read.
    """
    from hashbench.data.web_folder import SUFFIXES

    path = Path(query[0])
    try:
        if len(query) > 1 or not (path.suffix.lower() in SUFFIXES or path.is_file()):
            return None
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"picture {str(path)!r} cannot be read ({reason(error)}). Expected a picture file, or words."
        ) from error


def _found(searcher: Searcher, picture: bytes | None, asked: str, k: int) -> Found:
    """Search by what was asked.

    Raises:
        DataError: The picture cannot be decoded, or words cannot be searched for.
    """
    if picture is None:
        return searcher.by_words(asked, k)
    try:
        return searcher.by_picture(picture, k)
    except DataError as error:
        raise DataError(
            f"picture {asked!r} cannot be decoded ({error}). Expected a whole picture file, or words."
        ) from error


def _print(searcher: Searcher, found: Found, asked: str, kind: str, shown: Format) -> None:
    """What was found, how large that is, and how long it took."""
    codes = searcher.index.codes
    if shown is Format.JSON:
        told = {
            "query": asked,
            "kind": kind,
            "distance": searcher.distance,
            "found": [
                {"name": hit.name, "place": hit.place, "distance": hit.distance} for hit in found.hits
            ],
            "pictures": len(codes),
            "bytes_per_picture": codes.bytes_per_item,
            "seconds": {"encode": found.encode_seconds, "scan": found.scan_seconds},
        }
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
        return
    rows = [(str(rank), hit.name, f"{hit.distance:.4g}") for rank, hit in enumerate(found.hits, start=1)]
    print_rows(("rank", "picture", searcher.distance), rows)
    encode, scan = (f"{1e3 * seconds:,.1f} ms" for seconds in (found.encode_seconds, found.scan_seconds))
    typer.echo(
        f"{len(codes):,} pictures, {codes.bytes_per_item} bytes each. "
        f"The query took {encode} to encode, and its scan of all codes {scan}."
    )
