"""Filters say which runs a report is about, and which there are where none is."""

import pytest
from pydantic import ValidationError

from hashbench.errors import StoreError, UnknownNameError
from hashbench.metrics.presets import SUITE
from hashbench.reports.leaderboard import run_frame
from hashbench.reports.selection import Selection


@pytest.fixture(scope="module")
def frame(made):
    return run_frame(made.records(), SUITE)


def test_nothing_named_is_everything(frame):
    assert Selection().of(frame).equals(frame)


@pytest.mark.parametrize(
    ("coordinate", "values"),
    [
        ("dataset", ["toys"]),
        ("protocol", ["tags"]),
        ("bits", [16, 64]),
        ("supervision", ["tags", "web"]),
        ("method", ["plain"]),
        ("backbone", ["small_net"]),
    ],
)
def test_each_coordinate_is_a_filter(frame, coordinate, values):
    chosen = Selection(**{coordinate: values}).of(frame)
    assert set(chosen[coordinate]) == set(values)
    assert len(chosen) == frame[coordinate].isin(values).sum()


@pytest.mark.parametrize("noise", ["missing 40%", "missing=0.4", " missing = .4"])
def test_noise_is_said_in_words_or_as_it_is_typed(frame, noise):
    assert set(Selection(noise=["none", noise]).of(frame)["noise"]) == {"", "missing 40%"}
    assert set(Selection(noise=["none"]).of(frame)["noise"]) == {""}


def test_codes_of_a_size_of_their_own_are_asked_for_by_that(frame):
    sized = frame.assign(**{"own size": frame["bits"] == 64})
    assert set(Selection(bits=[16, "own"]).of(sized)["bits"]) == {16, 64}
    assert set(Selection(bits=[16]).of(sized)["bits"]) == {16}


def test_what_leaves_nothing_is_named_with_what_there_is(frame):
    with pytest.raises(StoreError, match="no such run: bits 8. Expected some of 16, 32, 64"):
        Selection(bits=[8]).of(frame)
    sized = frame.assign(**{"own size": frame["bits"] == 64})
    with pytest.raises(StoreError, match="no such run: bits 8. Expected some of 16, 32, own"):
        Selection(bits=[8]).of(sized)
    with pytest.raises(StoreError, match="noise random 10%. Expected some of none, missing 40%, "):
        Selection(noise=["random=0.1"]).of(frame)
    with pytest.raises(StoreError, match="holds no run"):
        Selection().of(frame[:0])


def test_unknown_coordinates_and_noises_are_refused():
    with pytest.raises(ValidationError):
        Selection(metod=["plain"])
    with pytest.raises(ValidationError):
        Selection(bits=["many"])
    with pytest.raises(UnknownNameError, match="unknown noise 'mising'"):
        Selection(noise=["mising=0.4"])
