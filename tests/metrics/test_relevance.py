"""Relevance of packed label sets against arithmetic on sets."""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hashbench.errors import ConfigError, DataError
from hashbench.ranking.relevance import Match, Relevance, RelevanceRule

SPARSE = ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")


@st.composite
def label_pairs(draw):
    """Labels of 1 to 4 queries and 1 to 9 items, up to 130 of them, of which few or many are set."""
    columns = draw(st.integers(1, 6) | st.integers(60, 130))
    shapes = ((draw(st.integers(1, most)), columns) for most in (4, 9))
    return tuple(draw(arrays(np.bool_, shape, fill=st.booleans())) for shape in shapes)


rules = st.one_of(
    st.builds(RelevanceRule, st.just(Match.SHARED), st.integers(1, 3)),
    st.builds(RelevanceRule, st.just(Match.JACCARD), st.sampled_from([0.1, 0.25, 1 / 3, 0.5, 0.7, 1.0])),
    st.just(RelevanceRule(Match.SAME)),
)


def literal_grade(query, item, rule, graded):
    """Grade of one item to one query, given as sets."""
    shared = len(query & item)
    relevant = {
        Match.SHARED: lambda: shared >= rule.threshold,
        Match.JACCARD: lambda: shared > 0 and shared / len(query | item) >= rule.threshold,
        Match.SAME: lambda: shared > 0 and query == item,
    }[rule.match]()
    return (shared if graded else 1) if relevant else 0


def literal_grades(query, database, rule, graded):
    queries, items = ([set(np.flatnonzero(row).tolist()) for row in side] for side in (query, database))
    return [[literal_grade(one, other, rule, graded) for other in items] for one in queries]


@given(labels=label_pairs(), rule=rules, graded=st.booleans())
def test_grades_equal_arithmetic_on_sets(labels, rule, graded):
    relevance = Relevance.of(*labels, rule, graded=graded)
    everyone = slice(0, len(labels[0]))
    expected = np.array(literal_grades(*labels, rule, graded))
    assert np.array_equal(relevance.of_items(everyone), expected)
    assert relevance.levels >= expected.max()
    totals = relevance.totals(relevance.grades(everyone))
    assert totals.tolist() == [[(row == g + 1).sum() for g in range(relevance.levels)] for row in expected]


@given(labels=label_pairs(), rule=rules, graded=st.booleans(), data=st.data())
def test_some_items_in_another_order_keep_their_grades(labels, rule, graded, data):
    relevance = Relevance.of(*labels, rule, graded=graded)
    items = np.array(data.draw(st.lists(st.integers(0, len(labels[1]) - 1), min_size=1)))
    everyone = slice(0, len(labels[0]))
    some = relevance.take(items)
    assert np.array_equal(some.of_items(everyone), relevance.of_items(everyone)[:, items])
    assert some.totals(some.grades(everyone)).sum() == (relevance.of_items(everyone)[:, items] > 0).sum()


@pytest.mark.parametrize("form", ["matrix", "array"])
@pytest.mark.parametrize("kind", SPARSE)
def test_sparse_labels_equal_dense_ones(kind, form):
    labels = np.random.default_rng(0).random((40, 70)) < 0.05
    sparse = getattr(scipy.sparse, f"{kind}_{form}")(labels.astype(np.int8))
    dense = Relevance.of(labels[:5], labels, graded=True)
    packed = Relevance.of(labels[:5], sparse, graded=True)
    assert np.array_equal(packed.of_items(slice(0, 5)), dense.of_items(slice(0, 5)))


@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.int64, np.float32])
def test_labels_may_have_any_type(kind):
    labels = np.array([[1, 0, 1], [0, 0, 0]]).astype(kind)
    assert Relevance.of(labels, labels, graded=True).of_items(slice(0, 2)).tolist() == [[2, 0], [0, 0]]


def test_grades_stop_at_255():
    everything = np.ones((1, 300), dtype=bool)
    relevance = Relevance.of(everything, everything, graded=True)
    assert relevance.levels == 255
    assert relevance.of_items(slice(0, 1)).tolist() == [[255]]


def test_a_jaccard_index_equal_to_the_threshold_is_enough():
    # 0.28 * 25 is a little more than 7 in floating point, while 7 / 25 is 0.28
    query, item = np.arange(25)[None] < 7, np.ones((1, 25), dtype=bool)
    relevance = Relevance.of(query, item, RelevanceRule.parse("jaccard>=0.28"))
    assert relevance.of_items(slice(0, 1)).tolist() == [[1]]


@pytest.mark.parametrize(
    ("query", "database", "message"),
    [
        ([[1, 0]], [[1, 0, 0]], "query labels have shape (1, 2), database labels (1, 3)."),
        ([[1, 2]], [[1, 0]], "query labels hold other values than 0 and 1."),
        ([[1, 0]], [[1, -1]], "database labels hold other values than 0 and 1."),
        ([[1, 0]], [[0.5, 1]], "database labels hold other values than 0 and 1."),
        ([[1, 0]], [[np.nan, 1]], "database labels hold other values than 0 and 1."),
        (np.zeros((0, 2)), [[1, 0]], "query labels have shape (0, 2)."),
        ([[1, 0]], np.zeros((0, 2)), "database labels have shape (0, 2)."),
        (np.zeros((1, 0)), np.zeros((1, 0)), "query labels have shape (1, 0)."),
        ([1, 0], [1, 0], "query labels have shape (2,)."),
    ],
)
def test_bad_labels_are_answered_in_one_line(query, database, message):
    with pytest.raises(DataError) as stop:
        Relevance.of(np.asarray(query), np.asarray(database))
    assert str(stop.value).startswith(message) and "\n" not in str(stop.value)


def test_bad_sparse_labels_are_refused():
    with pytest.raises(DataError, match="query labels hold other values than 0 and 1"):
        Relevance.of(scipy.sparse.csr_matrix([[2, 0]]), np.array([[1, 0]]))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("shared", RelevanceRule(Match.SHARED, 1)),
        ("shared >= 2", RelevanceRule(Match.SHARED, 2)),
        ("shared>=1000000", RelevanceRule(Match.SHARED, 1_000_000)),
        ("jaccard>=0.5", RelevanceRule(Match.JACCARD, 0.5)),
        ("jaccard>=0.3333333", RelevanceRule(Match.JACCARD, 0.3333333)),
        ("jaccard>=1", RelevanceRule(Match.JACCARD, 1)),
        ("same", RelevanceRule(Match.SAME)),
    ],
)
def test_rules_are_parsed_and_written_again(text, rule):
    assert RelevanceRule.parse(text) == rule
    assert RelevanceRule.parse(str(rule)) == rule


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Shared",
        "shared>1",
        "shared>=0",
        "shared>=1.5",
        "jaccard",
        "jaccard>=0",
        "jaccard>=1.1",
        "same>=1",
    ],
)
def test_bad_rules_are_answered_in_one_line(text):
    with pytest.raises(ConfigError) as stop:
        RelevanceRule.parse(text)
    assert str(stop.value).startswith(f"relevance {text!r}. Expected shared, ") and "\n" not in str(
        stop.value
    )
