"""Which runs of a store a command is about, and how they are scored: options of several commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hashbench.errors import ConfigError

if TYPE_CHECKING:
    from hashbench.reports.selection import Selection

Datasets = Annotated[
    list[str] | None, typer.Option("--dataset", help="This data set only; repeat for several.")
]
Protocols = Annotated[
    list[str] | None, typer.Option("--protocol", help="This tag protocol only; repeat for several.")
]
Bits = Annotated[
    str | None,
    typer.Option(
        help="These budgets only, a comma list; `own` stands for codes that have a size of their own."
    ),
]
Noises = Annotated[
    list[str] | None,
    typer.Option(
        "--noise",
        metavar="none|KIND=LEVEL",
        help="This noise only, as `run` takes it or as the tables say it; repeat.",
    ),
]
Supervisions = Annotated[
    list[str] | None,
    typer.Option("--supervision", help="Methods that learn from this only: none, tags, web or labels."),
]
Methods = Annotated[
    list[str] | None, typer.Option("--method", help="This method only; repeat for several.")
]
Backbones = Annotated[
    list[str] | None, typer.Option("--backbone", help="This backbone only; repeat for several.")
]
Metrics = Annotated[str, typer.Option(help="Metric preset; see docs/metrics.md.")]


def selection(bits: str | None, **named: list[str] | None) -> Selection:
    """What the options say.

    Raises:
        ConfigError: The budgets are no comma list of whole numbers and `own`.
        HashbenchError: A noise is unknown.
    """
    from hashbench.reports.selection import OWN, Selection

    # Typer gives an empty list for an option that is not there.
    chosen = {name: values or None for name, values in named.items()}
    try:
        budgets = [part if part == OWN else int(part) for part in bits.split(",")] if bits else None
    except ValueError as error:
        raise ConfigError(
            f"--bits {bits!r}: Expected whole numbers, or {OWN!r}, between commas."
        ) from error
    return Selection.model_validate({"bits": budgets, **chosen})
