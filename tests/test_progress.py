"""Long work says how far it is, with a terminal and without one."""

import io
import re
import time

import pytest
from rich.console import Console

from hashbench import progress
from hashbench.progress import ConsoleProgress, LoggedProgress


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by ten seconds whenever it is looked at."""
    now = iter(range(0, 100_000, 10))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))


def lines(steps, total=20):
    stream = io.StringIO()
    with ConsoleProgress(Console(file=stream, width=200)).task("counting", total) as advance:
        for _ in range(steps):
            advance(1)
    return stream.getvalue().splitlines()


def test_without_a_terminal_a_line_comes_every_half_minute(clock):
    assert lines(7) == [
        "counting ...",
        "counting: 3 of 20, 10.0 s each, about 3 min left",
        "counting: 6 of 20, 10.0 s each, about 2 min left",
    ]


def test_short_work_is_announced_and_no_more():
    assert lines(20) == ["counting ..."]


def test_the_end_is_no_estimate(clock):
    assert lines(3, total=3) == ["counting ..."]


def test_a_terminal_gets_a_bar_that_goes_away():
    stream = io.StringIO()
    console = Console(file=stream, width=120, force_terminal=True)
    with ConsoleProgress(console).task("counting", 3) as advance:
        for _ in range(3):
            advance(1)
            time.sleep(0.02)
    assert all(text in stream.getvalue() for text in ("counting", "3/3", "/s"))


def test_tasks_inside_of_tasks_share_one_display():
    stream = io.StringIO()
    progress = ConsoleProgress(Console(file=stream, width=80, force_terminal=True))
    with progress.task("runs", 3) as runs:
        with progress.task("a name that is much too long to be shown on a narrow terminal", None):
            with progress.task("steps", 7) as steps:
                steps(7)
            runs(1)
            progress.note("said in between")
        runs.describe("runs, 1 failed")
    # Bars are shown again for a task that comes later.
    with progress.task("later", 1) as later:
        later(1)
    shown = stream.getvalue()
    assert "said in between" in shown and "runs, 1 failed" in shown and "1/3" in shown and "1/1" in shown
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert max(len(line) for line in re.split(r"[\r\n]+", plain)) <= 80
    assert "0/?" not in plain


def test_lines_follow_what_a_task_is_called(clock):
    stream = io.StringIO()
    with ConsoleProgress(Console(file=stream, width=200)).task("runs", 20) as runs:
        runs(1)
        runs.describe("runs, 1 failed")
        runs(1)
        runs(1)
    assert stream.getvalue().splitlines()[1] == "runs, 1 failed: 3 of 20, 10.0 s each, about 3 min left"


def test_names_that_look_like_markup_are_shown_as_they_are():
    stream = io.StringIO()
    console = ConsoleProgress(Console(file=stream, width=200))
    console.note("photos/[/x] and [bold]")
    with console.task("decoding [/y]", 3):
        pass
    assert stream.getvalue().splitlines() == ["photos/[/x] and [bold]", "decoding [/y] ..."]


def test_a_notice_is_said_once_and_kept_for_every_run():
    stream = io.StringIO()
    console = ConsoleProgress(Console(file=stream, width=200))
    runs = [LoggedProgress(console) for _ in range(3)]
    for run in runs:
        run.notice("mind the gap")
    assert stream.getvalue() == "note: mind the gap\n"
    assert all(run.lines == ["note: mind the gap"] for run in runs)
