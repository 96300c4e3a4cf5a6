"""Splits are drawn as asked for, disjoint, and the same again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashbench.data.drawing import Sizes, alone, draw, draw_by_label
from hashbench.errors import DataError


@given(st.data())
def test_a_draw_is_disjoint_exact_and_the_same_again(data):
    count = data.draw(st.integers(1, 80))
    candidates = np.flatnonzero(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    alone = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    whole = st.integers(1, 20)
    sizes = Sizes(data.draw(whole), data.draw(whole), data.draw(st.none() | st.integers(1, 60)))
    needed = sizes.query + max(sizes.train, sizes.database or 1)
    seed = data.draw(st.integers(0, 3))
    enough = len(candidates) >= needed and alone[candidates].sum() >= sizes.query
    if not enough or sizes.train > (sizes.database or len(candidates)):
        with pytest.raises(DataError, match=f"{needed} images are needed"):
            draw(candidates, alone, sizes, seed)
        return
    before = candidates.copy(), alone.copy()
    query, database, train = draw(candidates, alone, sizes, seed)
    assert len(query) == sizes.query and len(train) == sizes.train
    assert len(database) == (sizes.database or len(candidates) - sizes.query)
    assert not set(query) & set(database) and set(train) <= set(database)
    assert set(query) | set(database) <= set(candidates) and alone[query].all()
    for part in (query, database, train):
        assert (np.diff(part) > 0).all()
    for one, other in zip((query, database, train), draw(*before, sizes, seed), strict=True):
        assert one.tolist() == other.tolist()
    assert (candidates == before[0]).all() and (alone == before[1]).all()


def test_a_draw_stays_what_it_was():
    query, database, train = draw(np.arange(20), np.ones(20, dtype=np.bool_), Sizes(3, 4, 8), 0)
    assert (query.tolist(), database.tolist(), train.tolist()) == GOLDEN


GOLDEN = ([3, 11, 13], [1, 2, 6, 8, 15, 17, 18, 19], [1, 2, 15, 18])


def test_without_a_number_the_whole_database_is_learnt_from():
    query, database, train = draw(np.arange(9), np.ones(9, dtype=np.bool_), Sizes(2), 1)
    assert len(query) == 2 and database.tolist() == train.tolist() and len(database) == 7


@given(st.lists(st.sampled_from("abcd"), max_size=12))
def test_alone_is_what_occurs_once(hashes):
    assert alone(tuple(hashes)).tolist() == [hashes.count(one) == 1 for one in hashes]


@given(st.integers(1, 4), st.integers(0, 3), st.integers(1, 3), st.integers(1, 3))
def test_each_label_gets_as_many(columns, seed, query, train):
    labels = np.random.default_rng(seed).random((120, columns)) < 0.5
    single = np.arange(120) % 5 > 0
    queries, database, training = draw_by_label(labels, single, query, train, seed)
    assert len(queries) == query * columns and len(training) == train * columns
    assert (labels[queries].sum(axis=0) >= query).all() and (labels[training].sum(axis=0) >= train).all()
    assert single[queries].all() and labels[database].any(axis=1).all()
    assert not set(queries) & set(database) and set(training) <= set(database)
    assert len(queries) + len(database) == labels.any(axis=1).sum()
    again = draw_by_label(labels, single, query, train, seed)
    for one, other in zip((queries, database, training), again, strict=True):
        assert one.tolist() == other.tolist()


def test_a_label_with_too_few_images_is_named():
    labels = np.array([[True, False], [True, True], [True, False]])
    with pytest.raises(DataError, match=r"label 1 .* has 0 images left to draw. Expected 1"):
        draw_by_label(labels, np.ones(3, dtype=np.bool_), 1, 1, 0)
