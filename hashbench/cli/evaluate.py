"""`hashbench evaluate`: score codes that any tool made."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from hashbench.cli.options import Address, EngineName, GpusPerRun, Workers
from hashbench.cli.output import Format, stdout
from hashbench.engines.choice import Engine, spread
from hashbench.errors import ConfigError, UnknownNameError

if TYPE_CHECKING:
    from hashbench.evaluation import Report

# Metrics beside each other that fit a terminal.
_WIDTH = 4
_KEYS = (
    "query_codes",
    "database_codes",
    "query_embeddings",
    "codebooks",
    "query_labels",
    "database_labels",
)


def evaluate(
    codes: Annotated[
        Path,
        typer.Argument(
            metavar="CODES",
            help="Codes of both sides: .npz, .mat, a run's codes.npz; or a folder of the database's.",
        ),
    ],
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS",
            help="Their labels, 0/1 or class numbers: .npz, .mat, may be CODES; or a folder of the same.",
        ),
    ],
    query_codes: Annotated[
        Path | None,
        typer.Option(help="File of the queries' codes (.npy, too); CODES is then the database's."),
    ] = None,
    query_labels: Annotated[
        Path | None,
        typer.Option(help="File of the queries' labels (.npy, too); LABELS is then the database's."),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=ARRAY",
            help=f"What a file calls one of {', '.join(_KEYS)}; repeat.",
            show_default="known names",
        ),
    ] = None,
    preset: Annotated[
        list[str] | None,
        typer.Option(
            help="Metric preset, or `all`; repeat for several.",
            show_default="hashbench",
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Metric, such as map@1000; repeat.", show_default="those of the preset"),
    ] = None,
    relevance: Annotated[
        str,
        typer.Option(help="When an item is relevant: shared, shared>=n, jaccard>=t or same."),
    ] = "shared",
    layout: Annotated[
        str, typer.Option(help="How binary codes are stored: auto, packed, signs or bits.")
    ] = "auto",
    similarity: Annotated[
        str,
        typer.Option(help="What quantization codes are made for: inner_product or squared_l2."),
    ] = "inner_product",
    kernel: Annotated[str, typer.Option(help="What ranks: auto, numba, numpy or torch.")] = "auto",
    device: Annotated[str, typer.Option(help="Where torch ranks: auto, cpu, cuda or cuda:N.")] = "cpu",
    engine: EngineName = Engine.LOCAL,
    address: Address = None,
    workers: Workers = None,
    gpus_per_run: GpusPerRun = None,
    curve: Annotated[
        bool, typer.Option("--curve", help="Add precision-recall curves by Hamming radius to the JSON.")
    ] = False,
    output: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TABLE,
) -> None:
    """Score codes that any tool made against labels, under any metric preset."""
    if curve and output is not Format.JSON:
        raise ConfigError("--curve is for --format json: a table holds no curve.")
    from hashbench.codes.reading import read_codes
    from hashbench.data.label_files import read_labels
    from hashbench.evaluation import evaluate as score

    keys = _keys(key or [])
    if codes.is_dir():
        asking = query_codes, query_labels, layout
        options = {"presets": preset or ["hashbench"], "metrics": metric, "relevance": relevance}
        with spread(engine, address, workers, gpus_per_run) as spreading:
            report = _in_shards(
                codes, labels, asking, keys, **options, kernel=kernel, device=device, spread=spreading
            )
    elif engine is not Engine.LOCAL:
        raise ConfigError(f"--engine {engine} is for codes in shards. Expected a folder of codes.")
    else:
        stored = read_codes(codes, query_codes, keys)
        report = score(
            stored.query,
            stored.database,
            *read_labels(labels, query_labels, keys),
            presets=preset or ["hashbench"],
            relevance=relevance,
            layout=layout,
            codebooks=stored.codebooks,
            query_embeddings=stored.query_embeddings,
            similarity=similarity,
            metrics=metric,
            kernel=kernel,
            device=device,
        )
    if output is Format.JSON:
        sys.stdout.write(json.dumps(report.summary(curves=curve), indent=2, allow_nan=False) + "\n")
    else:
        _print(report)


def _in_shards(
    codes: Path,
    labels: Path,
    asking: tuple[Path | None, Path | None, str],
    keys: dict[str, str],
    **options: Any,
) -> Report:
    """Score a folder of codes, a shard at a time, for queries whose codes and labels are there.

    Raises:
        ConfigError: Nobody says who asks.
    """
    from hashbench.progress import on_stderr
    from hashbench.sharded import DatabaseLabels, Queries, evaluate_shards

    query_codes, query_labels, layout = asking
    if query_codes is None or query_labels is None:
        raise ConfigError(
            "codes in shards are a database alone. Expected --query-codes and --query-labels."
        )
    queries = Queries.read(query_codes, query_labels, keys, layout)
    return evaluate_shards(codes, DatabaseLabels(labels, keys), queries, on_stderr(), **options)


def _keys(pairs: list[str]) -> dict[str, str]:
    """The names of arrays by what they are.

    Raises:
        ConfigError: A pair is not NAME=ARRAY.
        UnknownNameError: A name is none of those that can be said.
    """
    found = {}
    for pair in pairs:
        name, _, array = pair.partition("=")
        if not array:
            raise ConfigError(f"--key {pair!r}: Expected NAME=ARRAY.")
        if name not in _KEYS:
            raise UnknownNameError("--key name", name, _KEYS)
        found[name] = array
    return found


def _print(report: Report) -> None:
    """Tables of mAP, of the other metrics, and of the codes, with what they were made under."""
    from hashbench.metrics.score import CHANCE

    means = [found.means() for by_preset in report.scores.values() for found in by_preset.values()]
    names = dict.fromkeys(name for row in means for name in row if "/" not in name and name != CHANCE)
    maps = sorted((name for name in names if name.startswith("map@")), key=_rank)
    others = [name for name in names if name not in maps]
    parts = [maps, *(others[i : i + _WIDTH] for i in range(0, len(others), _WIDTH))]
    tables = [part for part in parts if part] or [[]]
    console = stdout()
    for number, part in enumerate(tables):
        console.print(_table(report, part, first=number == 0))
    if report.code_statistics:
        console.print(_statistics(report.code_statistics))
    console.print(
        f"{report.bits} bits, {report.queries:,} queries, {report.items:,} items; relevance "
        f"{report.relevance}; kernel {report.kernel}. In brackets: mAP if all ties fell badly, and well. "
        "Chance: the mAP@all of a ranking that knows nothing. Skipped: queries that a mean leaves out, "
        "at most over the preset's metrics.",
        style="dim",
        highlight=False,
    )


def _table(report: Report, names: list[str], *, first: bool) -> Table:
    """One row a preset and distance; in the first table all of them, else those with any of the metrics."""
    from hashbench.metrics.score import CHANCE

    table = Table(header_style="bold")
    for header in ("preset", "distance"):
        table.add_column(header, no_wrap=True)
    for header in (*names, *((CHANCE, "skipped") if first else ())):
        table.add_column(header, justify="right", min_width=len(header))
    skipped = report.skipped()
    for distance, by_preset in report.scores.items():
        for preset, found in by_preset.items():
            means = found.means()
            cells = [_cell(means, name) for name in names]
            if first:
                most = max(skipped[distance][preset].values())
                cells += [f"{means[CHANCE]:.3f}", f"{most:,} of {report.queries:,}"]
            if any(cells):
                table.add_row(preset, distance, *cells)
    return table


def _statistics(values: dict[str, float]) -> Table:
    table = Table("database codes", header_style="bold")
    table.add_column("", justify="right")
    for name, value in values.items():
        table.add_row(name, f"{value:,.0f}" if value == int(value) else f"{value:,.3f}")
    return table


def _cell(means: dict[str, float], name: str) -> str:
    """A mean, and its band over ties where there is one."""
    if name not in means:
        return ""
    band = [means.get(f"{name}/{ties}") for ties in ("pessimistic", "optimistic")]
    value = f"{means[name]:.3f}"
    return value if band[0] is None else f"{value} ({band[0]:.3f}–{band[1]:.3f})"


def _rank(name: str) -> float:
    """The rank that a metric stops at."""
    after = name.partition("@")[2]
    return float("inf") if after == "all" else int(after)
