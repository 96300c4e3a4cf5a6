"""A leaderboard as a folder of pages that open from the disk, without any server or network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from hashbench.errors import StoreError
from hashbench.metrics.presets import MetricPreset
from hashbench.plugins import Plugins
from hashbench.progress import Progress
from hashbench.reports.charts import palette
from hashbench.reports.comparison import comparisons
from hashbench.reports.leaderboard import leaderboard, run_frame
from hashbench.reports.site import drawings
from hashbench.reports.site.about_page import about_page
from hashbench.reports.site.folder import SiteFolder
from hashbench.reports.site.index_page import Shown, index_page
from hashbench.reports.site.method_page import method_page
from hashbench.reports.site.pictures import Photographer, Pictures, Source
from hashbench.reports.site.render import asset, file_name
from hashbench.reports.site.run_page import RunFiles, run_page
from hashbench.reports.site.summary import summary
from hashbench.reports.site.tables import table
from hashbench.runs.failure import Failure
from hashbench.runs.record import RunRecord


def write_site(  # noqa: PLR0917 - what a site is made of, in that order
    folder: Path,
    records: Sequence[RunRecord],
    failures: Sequence[Failure],
    preset: MetricPreset,
    plugins: Plugins,
    progress: Progress,
    data_roots: Mapping[str, Path] = MappingProxyType({}),
) -> None:
    """Write the pages, or bring those of an earlier time up to date; the same runs give the same bytes.

    Args:
        folder: Where: a new or empty folder, or a site of an earlier time.
        records: The runs; at least one.
        failures: The runs that failed.
        preset: What rows are ranked by.
        plugins: What is installed: data sets for pictures, methods for what is said of them.
        progress: Where to report.
        data_roots: Where the files of data sets lie, by name; the others look where they always do.

    Raises:
        StoreError: There is no run, a run's folder is damaged, or the site's folder holds something else or
            cannot be written to.
    """
    if not records:
        raise StoreError("there is no run to show. Expected one at least.")
    site = SiteFolder(folder)
    site.write("assets/site.css", palette.style_sheet().encode() + b"\n" + asset("site.css"))
    site.write("assets/site.js", asset("site.js"))
    site.write("about.html", about_page(preset, plugins))
    pages = _Pages(site, records, preset)
    pages.index(failures)
    pages.methods(plugins)
    pages.runs(Photographer(site, plugins, data_roots, progress), progress)
    site.remove_others()


class _Pages:
    """The pages of some runs."""

    def __init__(self, site: SiteFolder, records: Sequence[RunRecord], preset: MetricPreset) -> None:
        self._site = site
        self._records = records
        self._preset = preset
        self._frame = run_frame(records, preset)
        self._board = leaderboard(self._frame, preset)
        self._parts = list(comparisons(self._board, preset))
        self._seeds = {record.spec.run_id(): record.spec.seed for record in records}

    def index(self, failures: Sequence[Failure]) -> None:
        """Write the leaderboard."""
        shown = []
        for part in self._parts:
            # Of a dozen levels of noise, one drawing of all says more than a dozen.
            noisy = bool(part.group["noise"])
            drawn = () if noisy else drawings.of_comparison(part.rows, self._records, self._preset)
            own = table(part, self._preset, self._seeds)
            best = None if noisy else summary(part, self._preset)
            shown.append(Shown(part, own, drawn, best))
        noise = drawings.of_noise(self._board, self._records, self._preset)
        self._site.write("index.html", index_page(shown, noise, self._records, failures, self._preset))

    def methods(self, plugins: Plugins) -> None:
        """Write a page a method."""
        for name in sorted({record.spec.method["name"] for record in self._records}):
            shown = []
            for part in self._parts:
                rows = part.rows[part.rows["method"] == name]
                if len(rows):
                    own = table(part, self._preset, self._seeds, name)
                    shown.append(Shown(part, own, drawings.of_method(rows, self._preset)))
            records = [record for record in self._records if record.spec.method["name"] == name]
            board = self._board[self._board["method"] == name]
            noise = drawings.of_noise(board, records, self._preset)
            page = method_page(name, records, shown, noise, plugins)
            self._site.write(f"methods/{file_name(name)}", page)

    def runs(self, photographer: Photographer, progress: Progress) -> None:
        """Write a page a run."""
        files = [RunFiles.of(record) for record in self._records]
        pictures = _pictures(self._records, files, photographer)
        rows = dict(iter(self._frame.groupby("run_id")))
        with progress.task("pages of runs", len(self._records)) as advance:
            for record, own, found in zip(self._records, files, pictures, strict=True):
                run_id = record.spec.run_id()
                drawn = drawings.of_run(rows[run_id], record, own.history)
                page = run_page(record, own, found, drawn, self._preset)
                self._site.write(f"runs/{file_name(run_id)}", page)
                advance(1)


def _pictures(
    records: Sequence[RunRecord], files: Sequence[RunFiles], photographer: Photographer
) -> list[Pictures]:
    """Thumbnails for each run; runs on the same images share them."""
    sources = [Source.of(record.spec) for record in records]
    asked: dict[Source, set[str]] = {}
    for source, own in zip(sources, files, strict=True):
        asked.setdefault(source, set()).update(own.pictured())
    made = {source: photographer.pictures(source, ids) for source, ids in asked.items() if ids}
    return [made.get(source, Pictures()) for source in sources]
