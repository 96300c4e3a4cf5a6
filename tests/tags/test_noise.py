"""Noise on tags: marginals, nesting and exact draws."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from hashbench.errors import ConfigError, DataError, UnknownNameError
from hashbench.tags.noise import Noise
from hashbench.tags.table import TagTable

KINDS = ("missing", "random", "swapped", "long-tail")
IMAGES, TAGS = 4000, 40
kinds = st.sampled_from(KINDS)
levels = st.floats(0, 1, exclude_max=True)


@pytest.fixture(scope="module")
def table():
    """Tags of falling frequency, on images that are all different."""
    share = np.linspace(0.5, 0.05, TAGS)
    marks = np.random.default_rng(0).random((IMAGES, TAGS)) < share
    return TagTable(tuple(f"tag{t:02d}" for t in range(TAGS)), sparse.csr_array(marks))


def dense(table):
    return table.incidence.toarray()


def four_errors(share, count):
    return 4 * np.sqrt(share * (1 - share) / count)


def test_missing_drops_its_share_of_the_marks(table):
    after, before = Noise("missing", 0.4).apply(table).incidence.nnz, table.incidence.nnz
    assert after / before == pytest.approx(0.6, abs=four_errors(0.4, before))


def test_random_replaces_its_share_by_any_tag_alike(table):
    damaged = dense(Noise("random", 0.4).apply(table))
    lost = (dense(table) & ~damaged).sum() / table.incidence.nnz
    # What is replaced by itself, or put back by another mark of its image, is not lost.
    assert 0.25 < lost < 0.4
    new = (damaged & ~dense(table)).sum(axis=0) / (~dense(table)).sum(axis=0)
    assert np.ptp(new) < 0.05 and new.min() > 0.05


def test_random_equals_the_loop(table):
    draws = np.random.PCG64(3)
    uniform = [
        [raw // 2**11 / 2**53 for raw in draws.random_raw(table.incidence.nnz).tolist()] for _ in "ab"
    ]
    rows, columns = np.nonzero(dense(table))
    expected = np.zeros((IMAGES, TAGS), dtype=bool)
    for row, column, first, second in zip(rows, columns, *uniform, strict=True):
        expected[row, int(second * TAGS) if first < 0.3 else column] = True
    assert (dense(Noise("random", 0.3, 3).apply(table)) == expected).all()


@pytest.mark.parametrize("level", [0.1, 0.5, 0.999])
def test_swapped_keeps_how_often_tags_are_and_how_long_lists_are(table, level):
    before, after = dense(table), dense(Noise("swapped", level).apply(table))
    assert (before.sum(axis=0) == after.sum(axis=0)).all()
    assert sorted(map(bytes, before)) == sorted(map(bytes, after))
    assert (before != after).any(axis=1).sum() == int(level * IMAGES)


@pytest.mark.parametrize(("images", "level", "moved"), [(1, 0.9, 0), (2, 0.9, 0), (3, 0.7, 2), (4, 0.8, 3)])
def test_swapped_needs_two_images(images, level, moved):
    table = TagTable(tuple("abcd"[:images]), sparse.csr_array(np.eye(images, dtype=bool)))
    damaged = dense(Noise("swapped", level).apply(table))
    assert (damaged.diagonal() == 0).sum() == moved


def test_the_long_tail_falls_exponentially_with_the_rank(table):
    counts = table.carried()
    order = np.argsort(-counts, kind="stable")
    kept = (Noise("long-tail", 0.8).apply(table).carried() / counts)[order]
    assert kept[0] == 1
    expected = 0.2 ** (np.arange(TAGS) / (TAGS - 1))
    assert np.all(np.abs(kept - expected) <= four_errors(expected, counts[order]) + 1e-12)


def test_a_single_tag_has_no_tail():
    table = TagTable.from_lists([["a"]] * 9, ("a",))
    assert Noise("long-tail", 0.9).apply(table).carried().tolist() == [9]


@given(levels, levels, st.integers(0, 2**40))
@pytest.mark.parametrize("kind", ["missing", "long-tail"])
def test_what_is_dropped_at_a_level_is_dropped_at_a_higher_one(kind, one, other, seed):
    table = TagTable.from_lists([["a", "b"], ["b", "c"], ["c"]] * 9, ("a", "b", "c"))
    sets = []
    for level in sorted((one, other)):
        try:
            damaged = Noise(kind, level, seed).apply(table)
        except DataError:
            sets.append(set())
            continue
        found = damaged.incidence.tocoo()
        sets.append({(n, damaged.vocabulary[t]) for n, t in zip(*found.coords, strict=True)})
    assert sets[1] <= sets[0]


@pytest.mark.parametrize("kind", ["random", "swapped"])
def test_what_is_changed_at_a_level_is_changed_at_a_higher_one(kind):
    marks = np.eye(500, dtype=bool)
    table = TagTable(tuple(f"{t:03d}" for t in range(500)), sparse.csr_array(marks))
    noises = (Noise(kind, level, 5).apply(table) for level in (0.2, 0.6))
    kept = [
        {
            n
            for n, t in zip(*noise.incidence.tocoo().coords, strict=True)
            if noise.vocabulary[t] == f"{n:03d}"
        }
        for noise in noises
    ]
    assert kept[1] < kept[0]


@given(kinds, levels, st.integers(0, 100))
def test_noise_gives_a_sound_table_or_a_clear_error(kind, level, seed):
    table = TagTable.from_lists([["a", "b"], [], ["b"], ["c"]], ("a", "b", "c"))
    try:
        damaged = Noise(kind, level, seed).apply(table)
    except DataError as error:
        assert "leaves none of 3 tags" in str(error)
        return
    assert len(damaged) == 4 and set(damaged.vocabulary) <= set(table.vocabulary)
    assert list(damaged.vocabulary) == sorted(damaged.vocabulary)
    assert damaged.carried().min() >= 1
    assert damaged.incidence.has_sorted_indices and damaged.incidence.dtype == np.bool_


@pytest.mark.parametrize("kind", KINDS)
def test_level_zero_gives_the_table_back(kind, table):
    assert Noise(kind, 0).apply(table) is table


@pytest.mark.parametrize(
    ("kind", "digest"),
    [
        ("missing", "3965a91e9a9c7cad"),
        ("random", "45bb7128d4955d4a"),
        ("swapped", "e536719d6cb92dbe"),
        ("long-tail", "ed11454843c1fb28"),
    ],
)
def test_the_draws_of_version_1_never_change(kind, digest):
    lists = [[f"{(n * k) % 37:02d}" for k in range(1, 6)] for n in range(200)]
    table = TagTable.from_lists(lists, tuple(sorted({tag for tags in lists for tag in tags})))
    damaged = Noise(kind, 0.5, 7).apply(table)
    content = repr(
        (damaged.vocabulary, damaged.incidence.indptr.tolist(), damaged.incidence.indices.tolist())
    )
    assert hashlib.sha256(content.encode()).hexdigest()[:16] == digest


@given(kinds, levels, st.integers(0, 2**64))
def test_reading_takes_back_what_is_written(kind, level, seed):
    noise = Noise(kind, level, seed)
    assert Noise.parse(str(noise), seed) == noise
    assert noise.identity() == {"kind": kind, "level": level, "seed": seed, "version": 1}


@pytest.mark.parametrize("text", ["missing", "missing=", "missing=much", "=0.4", "", "missing=1,5"])
def test_what_is_no_noise_is_refused(text):
    with pytest.raises((ConfigError, UnknownNameError), match="Expected KIND=LEVEL|unknown noise ''"):
        Noise.parse(text)


@pytest.mark.parametrize("level", ["1", "1.5", "-0.1", "nan", "inf"])
def test_levels_out_of_range_are_refused(level):
    with pytest.raises(ConfigError, match="Expected a level from 0 to below 1"):
        Noise.parse(f"missing={level}")


def test_unknown_kinds_and_negative_seeds_are_refused():
    with pytest.raises(UnknownNameError, match="unknown noise 'mising'. Did you mean 'missing'?"):
        Noise.parse("mising=0.4")
    with pytest.raises(ConfigError, match="seed -1. Expected 0 or more"):
        Noise("missing", 0.4, -1)
