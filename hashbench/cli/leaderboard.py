"""`hashbench leaderboard`: the comparison table of a run store."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hashbench.cli.options import DEFAULT_STORE, Runs
from hashbench.cli.output import print_board
from hashbench.cli.selecting import (
    Backbones,
    Bits,
    Datasets,
    Methods,
    Metrics,
    Noises,
    Protocols,
    Supervisions,
    selection,
)
from hashbench.errors import ConfigError

if TYPE_CHECKING:
    from hashbench.metrics.presets import MetricPreset
    from hashbench.reports.selection import Selection
    from hashbench.runs.store import RunStore


class Face(StrEnum):
    """How the table looks."""

    TABLE = "table"
    MARKDOWN = "markdown"
    CSV = "csv"
    LATEX = "latex"
    JSON = "json"
    HTML = "html"


def leaderboard(
    runs: Runs = DEFAULT_STORE,
    dataset: Datasets = None,
    protocol: Protocols = None,
    bits: Bits = None,
    noise: Noises = None,
    supervision: Supervisions = None,
    method: Methods = None,
    backbone: Backbones = None,
    metrics: Metrics = "hashbench",
    all_distances: Annotated[
        bool, typer.Option("--all-distances", help="Show symmetric and unquantized scores too.")
    ] = False,
    all_columns: Annotated[
        bool, typer.Option("--all-columns", help="Show every column, however narrow the terminal is.")
    ] = False,
    columns: Annotated[
        str | None,
        typer.Option(help="Of markdown: one table of these columns, a comma list of headings."),
    ] = None,
    face: Annotated[Face, typer.Option("--format", help="How to show it.")] = Face.TABLE,
    output: Annotated[
        Path | None, typer.Option(help="File to write instead of printing; for html, a folder.")
    ] = None,
    data_root: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PATH",
            help="Where the files of a data set lie, for the pictures of html pages; repeat.",
        ),
    ] = None,
    between: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Write between the lines `<!-- begin NAME -->` and `<!-- end NAME -->`."
        ),
    ] = None,
) -> None:
    """Compare the runs of a store, grouped by what the methods were allowed to see."""
    from hashbench.metrics.presets import metric_preset
    from hashbench.runs.store import RunStore

    _check(face, output, between, data_root)
    if columns is not None and face is not Face.MARKDOWN:
        raise ConfigError("--columns: Expected --format markdown.")
    headings = [name.strip() for name in columns.split(",")] if columns else None
    preset, store = metric_preset(metrics), RunStore(runs)
    chosen = selection(
        bits,
        dataset=dataset,
        protocol=protocol,
        noise=noise,
        supervision=supervision,
        method=method,
        backbone=backbone,
    )
    if face is Face.TABLE:
        _print(store, chosen, preset, all_distances=all_distances, all_columns=all_columns)
        return
    from hashbench.plugins import Plugins
    from hashbench.progress import on_stderr
    from hashbench.reports.faces.text import Face as Written
    from hashbench.reports.faces.text import board_text
    from hashbench.reports.requested import Site, Sources, Table

    what: dict[str, Any] = {"output": output, "where": chosen, "metrics": metrics}
    how: dict[str, Any] = {"all_distances": all_distances, "columns": headings}
    sources = Sources(store, Plugins(), on_stderr(), _folders(data_root or []))
    if face is Face.HTML:
        Site.model_validate({"leaderboard": "html", **what}).write(sources)
    elif output:
        Table.model_validate({"leaderboard": Written(face), "between": between, **what, **how}).write(
            sources
        )
    else:
        sys.stdout.write(
            board_text(Written(face), sources.records, sources.failures, chosen, preset, **how)
        )


def _check(face: Face, output: Path | None, between: str | None, data_root: list[str] | None) -> None:
    """Refuse options that do not go together, before anything is read.

    Raises:
        ConfigError: They do not.
    """
    if face is Face.TABLE and output:
        raise ConfigError("--output: a table is for a terminal. Expected another --format for a file.")
    if face is Face.HTML and not output:
        raise ConfigError("--format html: Expected --output FOLDER to write the pages to.")
    if between is not None and not (output and face is Face.MARKDOWN):
        raise ConfigError("--between: Expected --format markdown and the page as --output FILE.")
    if data_root and face is not Face.HTML:
        raise ConfigError("--data-root: only pages have pictures. Expected --format html.")


def _print(
    store: RunStore,
    chosen: Selection,
    preset: MetricPreset,
    *,
    all_distances: bool,
    all_columns: bool,
) -> None:
    """The face for a terminal."""
    from hashbench.progress import on_stderr
    from hashbench.reports.comparison import comparisons
    from hashbench.reports.leaderboard import leaderboard as fold
    from hashbench.reports.leaderboard import run_frame

    frame = chosen.of(run_frame(store.records(on_stderr()), preset))
    parts = list(comparisons(fold(frame, preset, all_distances=all_distances), preset))
    print_board(parts, preset, store.failures(on_stderr()), all_columns=all_columns)


def _folders(pairs: list[str]) -> dict[str, Path]:
    """Where data sets lie, by name.

    Raises:
        ConfigError: A pair lacks one of the two.
    """
    named = {name.strip(): path.strip() for name, _, path in (pair.partition("=") for pair in pairs)}
    if not all([*named, *named.values()]):
        raise ConfigError(f"--data-root {', '.join(pairs)!r}: Expected NAME=PATH.")
    return {name: Path(path) for name, path in named.items()}
