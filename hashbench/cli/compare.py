"""`hashbench compare`: two methods of a run store against each other."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from hashbench.cli.options import DEFAULT_STORE, Runs
from hashbench.cli.output import Format, stdout
from hashbench.cli.selecting import Bits, Datasets, Metrics, Noises, Protocols, selection

if TYPE_CHECKING:
    from hashbench.reports.duel import Bout

_NAME = "A method, `method (settings)` as the tables say it, or the beginning of a run id."
_FOOTNOTE = (
    "Difference: the first less the second, over queries that count for both, each averaged over its "
    "seeds. The interval over queries is a bootstrap, p a paired permutation test over queries: both say "
    "how far the choice of queries matters. The interval over seeds is Welch's, where each has several "
    "seeds or draws nothing at random: it says how far the choice of seeds matters."
)


def compare(
    one: Annotated[str, typer.Argument(metavar="A", help=_NAME)],
    other: Annotated[str, typer.Argument(metavar="B", help="The other.")],
    runs: Runs = DEFAULT_STORE,
    dataset: Datasets = None,
    protocol: Protocols = None,
    bits: Bits = None,
    noise: Noises = None,
    metrics: Metrics = "hashbench",
    face: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TABLE,
) -> None:
    """Compare two methods query by query, wherever both have been run."""
    from hashbench.metrics.presets import metric_preset
    from hashbench.progress import on_stderr
    from hashbench.reports.comparison import heading
    from hashbench.reports.duel import bouts
    from hashbench.reports.leaderboard import main_metric, run_frame
    from hashbench.runs.store import RunStore

    preset = metric_preset(metrics)
    chosen = selection(bits, dataset=dataset, protocol=protocol, noise=noise)
    frame = run_frame(RunStore(runs).records(on_stderr()), preset)
    found = bouts(frame, preset, one, other, chosen)
    if face is Format.JSON:
        page = {"methods": [one, other], "metric_preset": metrics, "metric": main_metric(preset)}
        listed = [asdict(bout) | {"interval": _plain(bout.interval)} for bout in found]
        sys.stdout.write(json.dumps(page | {"comparisons": listed}, indent=2) + "\n")
        return
    console = stdout()
    for title, several in groupby(found, key=lambda bout: bout.title):
        console.print(_table(title, list(several), (one, other), heading(main_metric(preset))))
    console.print(Text(f"Metric preset {metrics}. {_FOOTNOTE}", style="dim"))


def _table(title: str, found: list[Bout], names: tuple[str, str], metric: str) -> Table:
    """The bouts of one comparison, a row each."""
    from hashbench.reports.comparison import seeds_cell

    table = Table(title=Text(title), title_justify="left", title_style="bold", header_style="bold")
    columns = ["bits", *(f"{metric} {name}" for name in names), "difference", "95 % interval (queries)"]
    for column in [*columns, "p", "95 % interval (seeds)", "won", "tied", "lost", "seeds"]:
        table.add_column(column, justify="right", overflow="fold")
    if found[0].backbones:
        table.add_column("backbone", overflow="fold")
    for bout in found:
        numbers = (
            _both(*(f"{bits:,}" for bits in bout.bits)),
            *(f"{score:.3f}" for score in bout.scores),
            f"{bout.difference:+.3f}",
            _ends(_plain(bout.interval)),
            _chance(bout.p),
            _ends(bout.seed_interval),
            *(str(count) for count in (bout.won, bout.tied, bout.lost)),
            _both(*map(seeds_cell, bout.seeds, bout.random)),
        )
        table.add_row(*numbers, *([_both(*bout.backbones)] if bout.backbones else []))
    return table


def _both(one: str, other: str) -> str:
    """What holds for both, once."""
    return one if one == other else f"{one} / {other}"


def _ends(interval: tuple[float, float] | None) -> str:
    return f"{interval[0]:+.3f} to {interval[1]:+.3f}" if interval else "–"


def _chance(p: float) -> str:
    """A p value; the least that so many resamples can show is a bound."""
    from hashbench.reports.statistics import RESAMPLES

    least = 1 / (1 + RESAMPLES)
    return f"{p:.4f}" if p > least else f"≤ {least:.4f}".replace("0.", ".")


def _plain(interval: tuple[float, float]) -> tuple[float, float] | None:
    """Ready for JSON, which knows no NaN: an interval over no query at all has no ends."""
    return None if math.isnan(interval[0]) else interval
