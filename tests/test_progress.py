"""Long work says how far it is, with a terminal and without one."""

import io

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
        "counting: 3 of 20, about 3 min left",
        "counting: 6 of 20, about 2 min left",
    ]


def test_short_work_is_announced_and_no_more():
    assert lines(20) == ["counting ..."]


def test_the_end_is_no_estimate(clock):
    assert lines(3, total=3) == ["counting ..."]


def test_a_terminal_gets_a_bar_that_goes_away():
    stream = io.StringIO()
    console = Console(file=stream, width=120, force_terminal=True)
    with ConsoleProgress(console).task("counting", 3) as advance:
        advance(3)
    assert "counting" in stream.getvalue() and "3/3" in stream.getvalue()


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
