"""Reports as a sweep file or the command line asks for them: what, of which runs, and where to."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from hashbench.errors import ConfigError, HashbenchError, UnknownNameError
from hashbench.metrics.presets import SUITE, MetricPreset, metric_preset
from hashbench.plugins import Plugins
from hashbench.progress import Progress
from hashbench.reports.charts.pictures import Picture, picture, require_svg
from hashbench.reports.comparison import headings
from hashbench.reports.faces.text import Face, board_text
from hashbench.reports.leaderboard import run_frame
from hashbench.reports.published import faces as of_figures
from hashbench.reports.published.figures import read_figures
from hashbench.reports.published.outcomes import compare
from hashbench.reports.selection import Selection
from hashbench.reports.site.folder import require_site
from hashbench.reports.site.write import write_site
from hashbench.reports.writing import require_place, write_between, write_text
from hashbench.runs.failure import Failure
from hashbench.runs.record import RunRecord
from hashbench.runs.store import RunStore
from hashbench.runs.sweep import refusal


@dataclass(frozen=True)
class Sources:
    """What reports are made from.

    Attributes:
        store: The runs.
        plugins: What is installed.
        progress: Where to report.
        data_roots: Where the files of data sets lie, by name.
    """

    store: RunStore
    plugins: Plugins
    progress: Progress
    data_roots: Mapping[str, Path] = field(default_factory=dict)

    @cached_property
    def records(self) -> list[RunRecord]:
        """The runs, read once for all reports."""
        return list(self.store.records(self.progress))

    @cached_property
    def failures(self) -> list[Failure]:
        """The runs that failed."""
        return self.store.failures(self.progress)


class Report(BaseModel):
    """A report and where it goes.

    Attributes:
        output: The file; of a site, the folder.
        where: Which runs it is about.
        metrics: The metric preset.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    output: Path
    where: Selection = Selection()
    metrics: str = SUITE.name

    @field_validator("metrics")
    @classmethod
    def _known(cls, name: str) -> str:
        return metric_preset(name).name

    @property
    def preset(self) -> MetricPreset:
        """How rows are scored."""
        return metric_preset(self.metrics)

    def check(self) -> None:
        """Refuse, before anything is run, what could not be written afterwards.

        Raises:
            HashbenchError: It could not.
        """

    @abstractmethod
    def write(self, sources: Sources) -> None:
        """Write it: whole or not at all, and not where it stands there already.

        Raises:
            HashbenchError: There is no such run, or the disk refuses.
        """


class _Text(Report):
    """A report that is a text, and may be a part of a page.

    Attributes:
        between: The name of a place in the page `output`; without one, it is the whole file.
    """

    between: str | None = None

    def check(self) -> None:
        """Refuse a page without that place."""
        if self.between is not None:
            require_place(self.output, self.between)

    def _put(self, text: str) -> None:
        if self.between is None:
            write_text(self.output, text)
        else:
            write_between(self.output, self.between, text)


class Table(_Text):
    """The leaderboard as a text.

    Attributes:
        leaderboard: Which of its faces.
        all_distances: Whether symmetric and unquantized scores are rows, too.
        columns: Of Markdown, the columns of one table in the place of two.
    """

    leaderboard: Face
    all_distances: bool = False
    columns: list[str] | None = None

    def check(self) -> None:
        """Refuse a place, or columns, of what is no Markdown, and columns that no table has.

        Raises:
            ConfigError: They were asked for.
            UnknownNameError: There is no such column.
        """
        for key in ("between", "columns"):
            if getattr(self, key) is not None and self.leaderboard is not Face.MARKDOWN:
                raise ConfigError(f"{key}: Expected leaderboard markdown, not {self.leaderboard.value}.")
        for name in self.columns or []:
            if name not in headings(self.preset):
                raise UnknownNameError("column", name, headings(self.preset))
        super().check()

    def write(self, sources: Sources) -> None:
        """Write the table."""
        self._put(
            board_text(
                self.leaderboard,
                sources.records,
                sources.failures,
                self.where,
                self.preset,
                all_distances=self.all_distances,
                columns=self.columns,
            )
        )


class Site(Report):
    """The leaderboard as a folder of pages."""

    leaderboard: Literal["html"]

    def check(self) -> None:
        """Refuse a folder that holds something else."""
        require_site(self.output)

    def write(self, sources: Sources) -> None:
        """Write the pages."""
        records = sources.records
        meant = set(self.where.of(run_frame(records, self.preset))["run_id"])
        write_site(
            self.output,
            [record for record in records if record.spec.run_id() in meant],
            sources.failures,
            self.preset,
            sources.plugins,
            sources.progress,
            sources.data_roots,
        )


class Drawing(Report):
    """A picture.

    Attributes:
        chart: What it shows.
    """

    chart: Picture

    def check(self) -> None:
        """Refuse a file that is called something else."""
        require_svg(self.output)

    def write(self, sources: Sources) -> None:
        """Write the picture."""
        records = sources.records
        write_text(self.output, picture(self.chart, records, self.where, self.preset))


class Published(_Text):
    """Published figures beside the measured ones, as Markdown.

    Attributes:
        published: The table of figures.
    """

    published: Path

    def check(self) -> None:
        """Refuse a damaged table of figures, too."""
        super().check()
        read_figures(self.published)

    def write(self, sources: Sources) -> None:
        """Write the comparison."""
        records = sources.records
        outcomes = compare(read_figures(self.published), records, sources.plugins)
        self._put(of_figures.markdown(outcomes))


def read_reports(given: Sequence[Mapping[str, Any]], where: str) -> list[Report]:
    """The reports that a sweep file asks for, looked over before anything is run.

    Args:
        given: The file's list `reports`.
        where: What to call the file.

    Raises:
        HashbenchError: A key is unknown or missing, a value is wrong, or a report could not be written.
    """
    found = []
    for number, one in enumerate(given):
        place = f"{where}, reports[{number}]"
        cls = _kind(one, place)
        try:
            report = cls.model_validate(one)
        except ValidationError as error:
            raise refusal(place, error, cls) from error
        try:
            report.check()
        except HashbenchError as error:
            raise ConfigError(f"{place}: {error}") from error
        found.append(report)
    return found


def _kind(given: Mapping[str, Any], place: str) -> type[Report]:
    """Raises: ConfigError: Nothing says, or several things say, what the report is."""
    table: type[Report] = Site if given.get("leaderboard") == "html" else Table
    kinds: dict[str, type[Report]] = {"leaderboard": table, "chart": Drawing, "published": Published}
    named = [kind for kind in kinds if kind in given]
    if len(named) != 1:
        raise ConfigError(f"{place}: Expected one of the keys {', '.join(kinds)}. Got {', '.join(given)}.")
    return kinds[named[0]]
