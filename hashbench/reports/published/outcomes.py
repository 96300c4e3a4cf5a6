"""Published figures beside what the runs of a store reach: how far off, or why nothing can be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hashbench.plugins import Plugins
from hashbench.reports.published.figures import Figure
from hashbench.reports.statistics import half_width
from hashbench.runs.record import RunRecord

# Differences are of decimal numbers: a figure that is exactly its tolerance away is within it.
_SLACK = 1e-9
# Of a hash, enough to tell apart what has one name.
_DIGITS = 6


@dataclass(frozen=True)
class Measured:
    """Runs that a figure is compared with; they differ in their seed alone.

    Attributes:
        name: What tells them from other runs that match as well: tag protocol, vocabulary, settings.
        runs: Their ids, by seed.
        mean: Their mean.
        half_width: Half the width of the mean's 95 % interval over seeds; None for a single seed.
        difference: The mean less the figure.
        within: Whether that is no more than the figure's tolerance.
    """

    name: str
    runs: tuple[str, ...]
    mean: float
    half_width: float | None
    difference: float
    within: bool


@dataclass(frozen=True)
class Outcome:
    """A figure, and what it is compared with or why it is not.

    Attributes:
        figure: What is published.
        measured: What the store holds that matches.
        missing: Where that is nothing, why, in a sentence.
    """

    figure: Figure
    measured: tuple[Measured, ...]
    missing: str

    def as_json(self) -> dict[str, Any]:
        """All of it, numbers as numbers."""
        figure = self.figure.model_dump()
        numbers = {name: float(figure[name]) for name in ("value", "tolerance")}
        return {
            "figure": figure | numbers,
            "measured": [asdict(one) for one in self.measured],
            "missing": self.missing or None,
        }


def compare(figures: Iterable[Figure], records: Sequence[RunRecord], plugins: Plugins) -> list[Outcome]:
    """Each figure beside the runs that match it.

    Args:
        figures: What is published.
        records: The runs of a store.
        plugins: What is installed: it tells a run that is lacking from one that cannot be.
    """
    methods = {*plugins.methods, *(record.spec.method["name"] for record in records)}
    datasets = {*plugins.datasets, *(record.spec.dataset["name"] for record in records)}
    return [_outcome(figure, records, methods, datasets) for figure in figures]


def _outcome(
    figure: Figure, records: Sequence[RunRecord], methods: set[str], datasets: set[str]
) -> Outcome:
    if missing := _impossible(figure, methods, datasets):
        return Outcome(figure, (), missing)
    matching, missing = _matching(figure, records)
    groups: dict[str, list[RunRecord]] = {}
    for record in sorted(matching, key=lambda record: record.spec.seed):
        groups.setdefault(record.spec.key_of_seeds(), []).append(record)
    names = [_name(group[0]) for group in groups.values()]
    measured = [
        _measured(figure, f"{name} [{key[:_DIGITS]}]" if names.count(name) > 1 else name, group)
        for name, (key, group) in zip(names, groups.items(), strict=True)
    ]
    return Outcome(figure, tuple(sorted(measured, key=lambda one: one.name)), missing)


def _impossible(figure: Figure, methods: set[str], datasets: set[str]) -> str:
    """Why no run can match, whatever is run; empty where one can."""
    obstacles = {
        f"The suite has no method {figure.method}.": figure.method not in methods,
        f"The suite has no data set {figure.dataset}.": figure.dataset not in datasets,
        f"The suite has no such split of {figure.dataset}.": not figure.split,
        f"The suite has no backbone that gives {figure.features}.": not figure.backbone,
    }
    return next((words for words, there in obstacles.items() if there), "")


def _matching(figure: Figure, records: Sequence[RunRecord]) -> tuple[Sequence[RunRecord], str]:
    """The runs that a figure is compared with, or, where there are none, why."""
    left = records
    for of, wanted, words in _conditions(figure):
        # By length first: 8 comes before 16.
        there = sorted({str(of(record)) for record in left}, key=lambda text: (len(text), text))
        left = [record for record in left if of(record) == wanted]
        if not left:
            return [], words.replace("{}", ", ".join(there))
    return left, ""


def _conditions(figure: Figure) -> Iterator[tuple[Callable[[RunRecord], object], object, str]]:
    """What a run must be like, in the order of asking: how it is, how it must be, what to say if none is.

    In what is said, braces stand for how the runs are.
    """
    about = f"{figure.method} on {figure.dataset}"
    other = f"Runs of {about} have other"
    yield lambda run: run.spec.dataset["name"], figure.dataset, f"No run on {figure.dataset}."
    yield lambda run: run.spec.method["name"], figure.method, f"No run of {about}."
    yield lambda run: run.spec.protocol["noise"], None, f"No run of {about} without noise."
    yield lambda run: run.spec.split["name"], figure.split, f"{other} splits: {{}}, not {figure.split}."
    features = f"{other} backbones: {{}}, not {figure.backbone}."
    yield lambda run: run.spec.backbone["name"], figure.backbone, features
    for key, value in figure.settings.items():
        yield _setting(key), value.casefold(), f"{other} settings: {key} {{}}, not {value}."
    yield lambda run: run.spec.bits, figure.bits, f"{other} budgets: {{}} bits, not {figure.bits}."
    yield (
        lambda run: figure.distance in run.scores,
        True,
        f"Runs of {about} are not ranked by {figure.distance}.",
    )
    scored = f"Runs of {about} have no {figure.metric} under metric preset {figure.preset}."
    yield lambda run: figure.metric in run.scores[figure.distance].get(figure.preset, {}), True, scored


def _setting(key: str) -> Callable[[RunRecord], str]:
    """A run's setting as text, whatever its type; `unset` where the method has none."""
    return lambda run: str(run.spec.method["config"].get(key, "unset")).casefold()


def _measured(figure: Figure, name: str, group: list[RunRecord]) -> Measured:
    values = np.array([run.metrics(figure.preset, figure.distance)[figure.metric] for run in group])
    mean, several = float(values.mean()), len(values) > 1
    difference = mean - float(figure.value)
    return Measured(
        name=name,
        runs=tuple(run.spec.run_id() for run in group),
        mean=mean,
        half_width=float(half_width(values.std(ddof=1), np.array(len(values)))) if several else None,
        difference=difference,
        within=abs(difference) <= float(figure.tolerance) + _SLACK,
    )


def _name(record: RunRecord) -> str:
    vocabulary, web = record.spec.protocol["vocabulary"], record.spec.web
    said = {
        record.spec.protocol["name"]: True,
        f"vocabulary {vocabulary and vocabulary['name']}": vocabulary,
        f"web set {web and web['name']}": web,
        record.variant: record.variant,
    }
    return ", ".join(words for words, there in said.items() if there)
