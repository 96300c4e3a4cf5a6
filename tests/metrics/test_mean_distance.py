"""Mean distance of the first k items against sorting the distances."""

import numpy as np
from hypothesis import given

from hashbench.metrics.mean_distance import mean_distance, mean_distance_of_hits

from .oracles import close, counted, databases

RANKS = [1, 2, 5, 50]


@given(case=databases())
def test_equals_sorting_all_items(case):
    distances, _ = case
    expected = [[np.sort(row)[:k].mean() for k in RANKS] for row in distances]
    assert mean_distance(counted(*case, bits=8), RANKS) == close(np.array(expected))


@given(case=databases())
def test_equals_sorting_the_relevant_items(case):
    hits = [row[grades > 0] for row, grades in zip(*case, strict=True)]
    expected = [[np.sort(row)[:k].mean() if len(row) else np.nan for k in RANKS] for row in hits]
    assert mean_distance_of_hits(counted(*case, bits=8), RANKS) == close(np.array(expected))
