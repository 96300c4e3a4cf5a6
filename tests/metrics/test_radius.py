"""Precision and recall within a Hamming radius against a loop over queries and items."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashbench.metrics.radius import EmptyBall, precision_within, recall_within

from .oracles import close, counted, databases


def literal_within(distances, grades, radius):
    """Items and relevant items within the radius, and all relevant items."""
    inside = [grade for distance, grade in zip(distances, grades, strict=True) if distance <= radius]
    return len(inside), sum(grade > 0 for grade in inside), sum(grade > 0 for grade in grades)


@pytest.mark.parametrize("empty", list(EmptyBall))
@given(case=databases(), radius=st.integers(0, 9))
def test_precision_equals_counting(empty, case, radius):
    nothing = 0.0 if empty is EmptyBall.ZERO else math.nan
    found = [literal_within(*row, radius) for row in zip(*case, strict=True)]
    expected = [hits / inside if inside else nothing for inside, hits, _ in found]
    assert precision_within(counted(*case, bits=8), radius, empty) == close(expected)


@given(case=databases(), radius=st.integers(0, 9))
def test_recall_equals_counting(case, radius):
    found = [literal_within(*row, radius) for row in zip(*case, strict=True)]
    expected = [hits / total if total else math.nan for _, hits, total in found]
    assert recall_within(counted(*case, bits=8), radius) == close(expected)
