"""The leaderboard: every comparison, those with noise apart, and the runs that failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hashbench.data.supervision import Supervision
from hashbench.metrics.presets import MetricPreset
from hashbench.metrics.score import CHANCE
from hashbench.reports.comparison import Comparison
from hashbench.reports.faces.layout import footnote, main_heading
from hashbench.reports.selection import NO_NOISE, OWN
from hashbench.reports.site.drawings import Drawing
from hashbench.reports.site.render import page
from hashbench.reports.site.summary import Summary
from hashbench.reports.site.tables import Table
from hashbench.runs.failure import Failure
from hashbench.runs.record import RunRecord
from hashbench.tags.noise import noise_in_words


@dataclass(frozen=True)
class Shown:
    """A comparison as a page shows it.

    Attributes:
        comparison: What is compared.
        table: Its rows.
        charts: What is drawn of them.
        summary: The best of them; None where it is not shown.
    """

    comparison: Comparison
    table: Table
    charts: tuple[Drawing, ...]
    summary: Summary | None = None

    @property
    def id(self) -> str:
        """What links call it, as long as the same is compared."""
        return f"comparison-{self.group['comparable']}"

    @property
    def group(self) -> dict[str, str]:
        """What the rows have in common, by name."""
        return self.comparison.group

    @property
    def title(self) -> str:
        """The same in words."""
        return self.comparison.title

    @property
    def detail(self) -> str:
        """The title after the data set's name."""
        return self.title.removeprefix(self.group["dataset"]).strip()

    @property
    def sizes(self) -> str:
        """How many images there are, and what a ranking that knows nothing reaches."""
        return f"{self.comparison.sizes}. Chance: mAP@all {self.comparison.rows[CHANCE].mean():.3f}."

    @property
    def notices(self) -> tuple[str, ...]:
        """What everybody should know who reads the rows."""
        return self.comparison.notices


def index_page(
    shown: Sequence[Shown],
    noise_charts: Sequence[Drawing],
    records: Sequence[RunRecord],
    failures: Sequence[Failure],
    preset: MetricPreset,
) -> bytes:
    """The page's HTML.

    Args:
        shown: Every comparison.
        noise_charts: What noise does to the methods; empty where there is none.
        records: The runs that the comparisons fold.
        failures: The runs that failed.
        preset: How they were scored.
    """
    return page(
        "index",
        root="",
        here="index",
        facts=_facts(records),
        filters=_filters(shown),
        main=main_heading(preset),
        comparisons=[one for one in shown if not one.group["noise"]],
        noisy=[one for one in shown if one.group["noise"]],
        noise_charts=noise_charts,
        failures=[_failed(failure) for failure in failures],
        footnote=footnote([one.comparison for one in shown], preset),
    )


def _facts(records: Sequence[RunRecord]) -> list[tuple[str, str]]:
    """What the store holds, in numbers."""
    datasets = sorted({record.spec.dataset["name"] for record in records})
    return [
        ("runs", f"{len(records):,}"),
        ("methods", f"{len({record.spec.method['name'] for record in records}):,}"),
        (f"data set{'s' if len(datasets) > 1 else ''}", ", ".join(datasets)),
        ("newest run", max(record.finished for record in records)[:10]),
    ]


def _filters(shown: Sequence[Shown]) -> list[dict[str, Any]]:
    """What the rows can be filtered by, and the choices; where there is no choice, there is no filter.

    Rows with noise are folded away, so at first those without are meant.
    """
    rows = [row for one in shown for row in (*one.table.rows, *one.table.ceiling)]
    taught = {row.supervision for row in rows}
    noises = {one.group["noise"] for one in shown}
    choices: dict[tuple[str, str], list[str]] = {
        ("dataset", "Data set"): sorted({one.group["dataset"] for one in shown}),
        ("protocol", "Tag protocol"): sorted({one.group["protocol"] for one in shown}),
        ("noise", "Noise"): [NO_NOISE] * ("" in noises) + sorted(noises - {""}),
        ("supervision", "Learns from"): [kind.value for kind in Supervision if kind.value in taught],
        ("bits", "Bits"): [str(bits) for bits in sorted({row.bits for row in rows if not row.own})]
        + [OWN] * any(row.own for row in rows),
    }
    return [
        {
            "name": name,
            "label": label,
            "options": [(option, "own size" if option == OWN else option) for option in options],
            "default": NO_NOISE if options[0] == NO_NOISE and name == "noise" else "",
        }
        for (name, label), options in choices.items()
        if len(options) > 1
    ]


def _failed(failure: Failure) -> dict[str, str]:
    """One that failed, in words."""
    spec = failure.spec
    noise = spec["protocol"]["noise"]
    where = [
        f"{spec['bits']:,} bits",
        spec["dataset"]["name"],
        f"tag protocol {spec['protocol']['name']}",
        *([f"noise {noise_in_words(noise)}"] if noise else []),
        f"seed {spec['seed']}",
    ]
    return {"method": spec["method"]["name"], "where": ", ".join(where), "error": failure.error}
