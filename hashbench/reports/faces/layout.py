"""What the faces share: two tables a comparison, short names, and what is said below them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from hashbench.metrics.presets import MetricPreset
from hashbench.reports.comparison import (
    CEILING,
    NAMES,
    TEACHER,
    Comparison,
    heading,
    label,
    same_as_main,
)
from hashbench.reports.leaderboard import COSTS, main_metric
from hashbench.runs.failure import Failure

# Settings that take more are cut, and said in full below the table.
_LONGEST = 40
# Above the rows that compete with no other.
_ABOVE = "Ceiling: methods that learn from labels"


def reached(body: pd.DataFrame) -> list[str]:
    """The columns of the table that says what was reached."""
    return [name for name in body.columns if name not in COSTS]


def took(body: pd.DataFrame) -> list[str]:
    """The columns of the table that says what it took."""
    return [name for name in body.columns if name in {*NAMES, *COSTS}]


def sections(body: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows that compete, and below them those that are a ceiling, under a heading of their own."""
    above = body[TEACHER] == CEILING
    for words, rows in (("", body[~above]), (_ABOVE, body[above])):
        if len(rows):
            yield words, rows


def main_heading(preset: MetricPreset) -> str:
    """The column that rows are sorted and marked by."""
    return heading(main_metric(preset))


def with_short_names(comparison: Comparison) -> tuple[pd.DataFrame, list[str]]:
    """The body with long settings cut and numbered, and a note for each number."""
    names, numbers = [], dict[str, int]()
    for method, variant in zip(comparison.rows["method"], comparison.rows["variant"], strict=True):
        name = label(method, variant)
        if len(variant) > _LONGEST:
            number = numbers.setdefault(name, len(numbers) + 1)
            name = label(method, f"{_cut(variant)}… [{number}]")
        names.append(name)
    notes = [f"[{number}] {name}" for name, number in numbers.items()]
    return comparison.body.assign(method=names), notes


def _cut(variant: str) -> str:
    """The first settings, as many as there is room for; a part of the first where there is none for it."""
    settings = variant.split(", ")
    fitting = [", ".join(settings[:count]) + ", " for count in range(1, len(settings))]
    return next((text for text in reversed(fitting) if len(text) < _LONGEST), variant[: _LONGEST - 1])


def footnote(
    parts: Sequence[Comparison], preset: MetricPreset, best: str = "Bold", tied: str = "underlined"
) -> str:
    """What the numbers are.

    Args:
        parts: The comparisons.
        preset: The way they are scored.
        best: How the best of its kind looks, at the beginning of a sentence.
        tied: How the others look that are marked.
    """
    main, metric = main_heading(preset), main_metric(preset)
    twice = dict.fromkeys(heading(name) for part in parts for name in same_as_main(part.rows, preset))
    said = [
        f"Metric preset {preset.name}. Means over seeds ± half the width of their 95 % interval "
        "(Student's t), where there are several seeds; seeds –: the method draws nothing at random.",
        f"{best}: the best by {main} of the rows that learn from the same and have as many bits; "
        f"{tied}: rows that cannot be told from it, by a permutation test over queries (p ≥ .05) or by "
        "Welch's 95 % interval over seeds. A row alone of its kind is not marked, nor is one that "
        "learns from labels.",
        *(f"{name} is left out where no more images are searched: it equals {main}." for name in twice),
        f"Tie band: {main} if tied items came in the worst and in the best order."
        if preset.has_band(metric)
        else "",
        "Chance is the mAP@all of a ranking that knows nothing. Shared: codebooks, once for all images. "
        "Train MiB: memory that training took beyond its input. Training and encoding start at the "
        "backbone's features, unless the method trains it; search finds every query's 100 nearest.",
    ]
    return " ".join(sentence for sentence in said if sentence)


def of_failures(failures: Sequence[Failure]) -> list[str]:
    """How many runs failed, and how to see them, if any did."""
    if not failures:
        return []
    many = "1 run of this store has" if len(failures) == 1 else f"{len(failures)} runs of this store have"
    return [f"{many} failed: `hashbench runs list --failed` says which and why."]
