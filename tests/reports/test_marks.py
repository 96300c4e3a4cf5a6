"""The best of each kind is marked, and what cannot be told from it; nothing that has no rival."""

from dataclasses import replace

import numpy as np
import pytest
from made import add, made_store

from hashbench.metrics.presets import PRESETS, SUITE
from hashbench.reports.comparison import comparisons
from hashbench.reports.leaderboard import leaderboard, run_frame
from hashbench.reports.marks import Mark
from hashbench.runs.folder import PER_QUERY
from hashbench.runs.store import RunStore


def marks_of(records, preset=SUITE, **options):
    """Marks by method, settings, bits and distance, of the first comparison; and what is said of it."""
    board = leaderboard(run_frame(records, preset), preset, **options)
    part = next(comparisons(board, preset))
    keys = zip(*(part.rows[name] for name in ("method", "variant", "bits", "distance")), strict=True)
    return dict(zip(keys, part.marks, strict=True)), part.notices


def test_the_best_of_each_kind_is_marked_and_the_lonely_are_not(made):
    marks, _ = marks_of(made.records())
    best = {key for key, mark in marks.items() if mark is Mark.BEST}
    assert best == {(name, "", bits, "aqd") for name in ("blocks", "typed") for bits in (16, 32, 64)}
    assert all(mark is Mark.NONE for (name, *_), mark in marks.items() if name in ("found", "told"))


@pytest.mark.parametrize(("level", "mark"), [(0.4999, Mark.TIED), (0.45, Mark.NONE)])
def test_a_row_that_cannot_be_told_from_the_best_is_tied(tmp_path, level, mark):
    store = RunStore(tmp_path / "runs")
    for name, reached in (("first", 0.5), ("second", level)):
        for seed in (0, 1, 2):
            add(store, name, "tags", "hamming", reached, seed=seed)
    marks, _ = marks_of(store.records())
    assert sorted(marks.values()) == sorted([Mark.BEST, mark])


def test_seeds_that_differ_widely_tie_what_queries_tell_apart(tmp_path):
    """Every query is better in the mean, and yet one seed of either is better than one of the other."""
    store = RunStore(tmp_path / "runs")
    for name, levels in (("first", (0.3, 0.6)), ("second", (0.25, 0.55))):
        for seed, level in enumerate(levels):
            add(store, name, "tags", "hamming", level, seed=seed)
    marks, _ = marks_of(store.records())
    assert marks["second", "", 32, "hamming"] is Mark.TIED
    alone = [record for record in store.records() if record.spec.seed == 0]
    assert marks_of(alone)[0]["second", "", 32, "hamming"] is Mark.NONE


def test_fewer_seeds_are_said(tmp_path):
    store = RunStore(tmp_path / "runs")
    for name, seeds in (("first", 3), ("second", 1)):
        for seed in range(seeds):
            add(store, name, "tags", "hamming", 0.5, seed=seed)
    assert any("rows have from 1 to 3 seeds" in sentence for sentence in marks_of(store.records())[1])


def test_a_method_without_randomness_lacks_no_seeds(tmp_path):
    """Queries tell it from the best; the best's own seeds lie on both sides of it."""
    store = RunStore(tmp_path / "runs")
    for seed, level in enumerate((0.3, 0.6)):
        add(store, "first", "tags", "hamming", level, seed=seed)
    add(store, "fixed", "tags", "hamming", 0.42, random=False)
    add(store, "drawn", "tags", "hamming", 0.42)
    marks, said = marks_of(store.records())
    assert marks["fixed", "", 32, "hamming"] is Mark.TIED
    assert marks["drawn", "", 32, "hamming"] is Mark.NONE
    assert any("rows have from 1 to 2 seeds" in sentence for sentence in said)
    without = [record for record in store.records() if record.spec.method["name"] != "drawn"]
    assert not any("seeds" in sentence for sentence in marks_of(without)[1])


def test_what_learns_from_labels_is_a_ceiling_and_not_marked(tmp_path):
    store = RunStore(tmp_path / "runs")
    for name, level in (("told", 0.7), ("told-too", 0.5)):
        add(store, name, "labels", "hamming", level)
    assert set(marks_of(store.records())[0].values()) == {Mark.NONE}


def test_kinds_do_not_compete(tmp_path):
    """What learns from labels, from another web set or takes another size is no rival."""
    store = RunStore(tmp_path / "runs")
    for supervision in ("none", "tags", "web", "labels"):
        add(store, f"of-{supervision}", supervision, "hamming", 0.5)
    add(store, "large", "none", "hamming", 0.6, bits=320)
    assert set(marks_of(store.records())[0].values()) == {Mark.NONE}


def test_unquantized_scores_are_no_rivals_of_codes(made):
    marks, _ = marks_of(made.records(), all_distances=True)
    assert marks["typed", "", 32, "aqd"] is Mark.BEST
    assert marks["typed", "", 32, "feature"] is Mark.NONE


def test_other_presets_are_marked_by_their_own_scores(made):
    for preset in PRESETS.values():
        assert Mark.BEST in marks_of(made.records(), preset)[0].values()


def test_queries_are_matched_by_name_and_missing_ones_do_not_count(tmp_path):
    import pandas as pd

    store = made_store(tmp_path / "runs")
    before, _ = marks_of(store.records())
    for record in store.records():
        path = record.folder / PER_QUERY
        table = pd.read_parquet(path).sample(frac=1, random_state=record.spec.bits)
        table.iloc[0, 1:] = np.nan
        table.iloc[:-1].to_parquet(path, index=False)
    assert marks_of(store.records())[0] == before


def test_runs_without_scores_of_queries_are_not_marked_and_this_is_said(tmp_path):
    store = made_store(tmp_path / "runs")
    found = list(store.records())
    gone = next(r for r in found if (r.spec.method["name"], r.spec.bits) == ("plain", 16))
    (gone.folder / PER_QUERY).unlink()
    marks, said = marks_of(found)
    assert marks["blocks", "", 16, "aqd"] is Mark.NONE
    assert marks["blocks", "", 64, "aqd"] is Mark.BEST
    assert any("nothing is marked beside plain: no scores of single queries" in line for line in said)


def test_codes_of_a_size_of_their_own_stand_alone(made):
    sized = [replace(r, cost=replace(r.cost, code_bytes=999)) for r in made.records() if r.spec.bits == 16]
    large = [r for r in sized if r.spec.method["name"] == "plain"]
    others = [r for r in made.records() if r.spec.bits == 16 and r.spec.method["name"] != "plain"]
    assert marks_of([*large, *others])[0]["plain", "", 16, "hamming"] is Mark.NONE
