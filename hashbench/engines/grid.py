"""Runs as Ray's tasks: workers carry them out, and this process alone writes the store."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, redirect_stdout

from hashbench.engines.cluster import running
from hashbench.engines.crew import Asked, Crew, Fell
from hashbench.engines.pool import Lost, each
from hashbench.engines.post import Board, opened
from hashbench.plugins import Plugins
from hashbench.progress import Progress
from hashbench.runs.environment import environment
from hashbench.runs.failure import Failure
from hashbench.runs.grid import Carried
from hashbench.runs.request import PreparedRun
from hashbench.runs.runner import Mishap, Workplace


def over_ray(
    runs: Iterator[PreparedRun],
    place: Workplace,
    plugins: Plugins,
    progress: Progress,
    *,
    address: str | None,
    workers: int | None,
    gpus: float | None,
) -> Carried:
    """Carry runs out on Ray; see `choice.spread` and `hashbench.runs.grid`.

    Raises:
        ConfigError: There is no such cluster, or its workers do not fit.
        StoreError: A disk refuses.
    """
    # By the key of its identity, each run that is under way.
    under_way: dict[str, PreparedRun] = {}

    def jobs() -> Iterator[Asked]:
        for run in runs:
            under_way[run.spec.key()] = run
            yield Asked(run.request, run.spec.key())

    with ExitStack() as stack:
        with progress.task("starting Ray" if address is None else f"joining Ray at {address}", None):
            cluster = stack.enter_context(running(address, workers, gpus))
            post = opened()
        board = Board(post, under_way, progress)
        stack.callback(board.end_all)
        crew = Crew(place.device, cluster.together, post)
        for asked, came in stack.enter_context(closing(each(cluster, crew, jobs(), board.listen))):
            run, lines = under_way.pop(asked.key), board.end(asked.key)
            failure: Failure | None
            if isinstance(came, Lost):
                failure = Mishap(came.why, "", lines).failure(run, environment("unknown", cluster.together))
            elif isinstance(came, Fell):
                failure = came.mishap.failure(run, came.environment)
            else:
                failure = None
                _store(run, came, place, plugins, progress)
            yield run, failure


def _store(
    run: PreparedRun, files: Mapping[str, bytes], place: Workplace, plugins: Plugins, progress: Progress
) -> None:
    """Take a run in, and show it to the plugins that ask for it."""
    record = place.store.adopt(run.spec, files)
    # Standard output is for results, whatever a plugin prints.
    with redirect_stdout(sys.stderr):
        plugins.run_finished(record, progress)
