"""Parts of a database, or groups of queries, searched apart and put together equal one pass to the bit."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.errors import DataError
from hashbench.metrics.presets import PRESETS, SUITE
from hashbench.metrics.score import merge_tiles, per_query, score
from hashbench.ranking import entries
from hashbench.ranking.blocks import Ties
from hashbench.ranking.counts import DistanceCounts, merge_items, merge_queries
from hashbench.ranking.distances import aqd, hamming
from hashbench.ranking.kernels import plain
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.relevance import Relevance

QUERIES, ITEMS = 6, 60
EVERYONE = slice(0, QUERIES)
UNORDERED = [
    *(preset for preset in PRESETS.values() if not preset.ties.needs_order),
    replace(SUITE, name="worst", ties=Ties.PESSIMISTIC),
    replace(SUITE, name="best", ties=Ties.OPTIMISTIC),
]
cuts = st.sets(st.integers(1, ITEMS - 1), max_size=4).map(lambda at: [0, *sorted(at), ITEMS])

generator = np.random.default_rng(0)
CODES = [generator.integers(0, 256, (n, 2), dtype=np.uint8) for n in (QUERIES, ITEMS)]
# Each query has one label more than the one before it, so groups of queries differ in their highest grade.
LABELS = np.tri(QUERIES, 6, dtype=bool), generator.random((ITEMS, 6)) < 0.3
EMBEDDINGS = generator.standard_normal((QUERIES, 4)).astype(np.float32)
BOOKS = generator.standard_normal((2, 4, 4)).astype(np.float32)
INDICES = generator.integers(0, 4, (ITEMS, 2), dtype=np.uint8)


def parts(at):
    return [slice(*pair) for pair in itertools.pairwise(at)]


def counts(queries=EVERYONE, items=slice(0, ITEMS)):
    """What a search of some items for some queries finds; it knows of no others."""
    distances = hamming(BinaryCodes(CODES[0][queries]), BinaryCodes(CODES[1][items]))
    relevance = Relevance.of(LABELS[0][queries], LABELS[1][items], graded=True)
    return NumpyKernel().counts(distances, relevance, slice(0, distances.queries))


def assert_scores_equal_one_pass(merged):
    distances = hamming(*map(BinaryCodes, CODES))
    once = score(distances, Relevance.of(*LABELS), UNORDERED, NumpyKernel())
    for preset in UNORDERED:
        got = per_query(merged.blocks(), merged, preset)
        assert got.keys() == once[preset.name].per_query.keys()
        for metric, values in got.items():
            assert np.array_equal(values, once[preset.name].per_query[metric], equal_nan=True)


@settings(max_examples=30)
@given(at=cuts)
def test_parts_of_the_database_equal_the_whole(at):
    merged = merge_items([counts(items=part) for part in parts(at)])
    assert np.array_equal(merged.at, counts().at)
    assert merged.items == ITEMS and len(merged) == QUERIES
    assert_scores_equal_one_pass(merged)


@pytest.mark.parametrize("at", [[0, 6], [0, 1, 6], [0, 1, 2, 3, 6]])
def test_groups_of_queries_equal_all_at_once(at):
    groups = [counts(queries=part) for part in parts(at)]
    merged = merge_queries(groups)
    assert len({group.at.shape[2] for group in groups}) == len(groups)
    assert np.array_equal(merged.at, counts().at)
    assert_scores_equal_one_pass(merged)


@pytest.mark.parametrize("tile", [1, 4 * ITEMS, 1_000_000])
def test_tiles_of_queries_equal_all_at_once(tile, monkeypatch):
    monkeypatch.setattr(plain, "_TILE_ENTRIES", tile)
    relevance = Relevance.of(*LABELS, graded=True)
    merged = merge_tiles(hamming(*map(BinaryCodes, CODES)), relevance, NumpyKernel())
    assert np.array_equal(merged.at, counts().at)


def test_merging_changes_no_part():
    shards = [counts(items=slice(0, 20)), counts(items=slice(20, 60))]
    before = [shard.at.copy() for shard in shards]
    for merge in (merge_items, merge_queries):
        merge(shards)
    assert all(np.array_equal(shard.at, copy) for shard, copy in zip(shards, before, strict=True))


@pytest.mark.parametrize(
    ("merge", "shapes"),
    [
        (merge_items, []),
        (merge_items, [(2, 9, 2), (3, 9, 2)]),
        (merge_items, [(2, 9, 2), (2, 17, 2)]),
        (merge_items, [(2, 9, 2), (2, 9, 3)]),
        (merge_queries, []),
        (merge_queries, [(2, 9, 2), (2, 17, 2)]),
    ],
)
def test_counts_that_do_not_fit_are_refused(merge, shapes):
    with pytest.raises(DataError, match="Expected at least one, all alike"):
        merge([DistanceCounts(np.zeros(shape, dtype=np.int64)) for shape in shapes])


def looked_up(similarity, items=slice(0, ITEMS)):
    return aqd(EMBEDDINGS, AdditiveCodes(INDICES[items], BOOKS, similarity))


def nearest(distances, k):
    return NumpyKernel().nearest(distances, EVERYONE, k, whole_blocks=True)


@settings(max_examples=30)
@pytest.mark.parametrize("similarity", list(Similarity))
@given(at=cuts, k=st.integers(1, ITEMS + 5))
def test_the_nearest_of_parts_are_the_nearest_of_all(similarity, at, k):
    shards = [nearest(looked_up(similarity, part), k) for part in parts(at)]
    merged = entries.merge(shards, at[:-1], k)
    assert np.array_equal(merged, nearest(looked_up(similarity), k))
    for found, distances in zip(merged, looked_up(similarity).tile(EVERYONE), strict=True):
        last = np.sort(distances)[min(k, ITEMS) - 1]
        in_order = [item for item in np.argsort(distances, kind="stable") if distances[item] <= last]
        assert entries.positions(found[found != entries.PADDING]).tolist() == in_order


@pytest.mark.parametrize("step", [1, 3, 16])
def test_look_up_distances_are_the_same_whichever_queries_share_a_tile(step):
    # Parts of a database are searched in larger tiles than the whole, and have to agree with it.
    generator = np.random.default_rng(0)
    books = generator.standard_normal((2, 16, 32)).astype(np.float32)
    codes = AdditiveCodes(INDICES, books, Similarity.SQUARED_L2)
    distances = aqd(generator.standard_normal((64, 32)), codes)
    tiles = [distances.tile(slice(start, min(start + step, 64))) for start in range(0, 64, step)]
    assert np.array_equal(np.concatenate(tiles), distances.tile(slice(0, 64)))


def test_scores_of_merged_parts_equal_one_pass():
    at, relevance = [0, 7, 30, ITEMS], Relevance.of(*LABELS, graded=True)
    shards = [nearest(looked_up(Similarity.SQUARED_L2, part), ITEMS) for part in parts(at)]
    merged = entries.merge(shards, at[:-1], ITEMS)
    grades = relevance.grades(EVERYONE)
    blocks = entries.to_blocks(merged, grades, relevance.group, relevance.totals(grades), tied=True)
    once = score(looked_up(Similarity.SQUARED_L2), relevance, UNORDERED, NumpyKernel())
    for preset in UNORDERED:
        for metric, values in per_query(blocks, None, preset).items():
            assert np.array_equal(values, once[preset.name].per_query[metric], equal_nan=True)


@pytest.mark.parametrize(("rows", "offsets"), [([2, 3], [0, 4]), ([2, 2], [0]), ([], [])])
def test_entries_that_do_not_fit_are_refused(rows, offsets):
    with pytest.raises(DataError):
        entries.merge([np.zeros((n, 4), dtype=np.uint64) for n in rows], offsets, 2)
