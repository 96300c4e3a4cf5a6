"""`hashbench compare`: two methods, query by query."""

import json

import numpy as np
import pytest
from made import add, made_store
from scipy import stats

from hashbench.metrics.presets import SUITE
from hashbench.reports.duel import bouts
from hashbench.reports.leaderboard import run_frame
from hashbench.reports.selection import Selection
from hashbench.runs.folder import per_query
from hashbench.runs.store import RunStore


@pytest.fixture
def compared(cli, made):
    """The command's JSON; fails unless it exits 0."""

    def call(*arguments, store=made):
        status, out, err = cli("compare", *arguments, "--runs", store.root, "--format", "json")
        assert status in (0, None), err
        return json.loads(out)["comparisons"]

    return call


@pytest.fixture
def refused(cli, made):
    """The one line that the command says when it refuses."""

    def call(*arguments, store=made):
        status, out, err = cli("compare", *arguments, "--runs", store.root)
        assert (status, out) == (2, "") and len(err.splitlines()) == 1
        return err

    return call


def test_two_methods_meet_wherever_both_have_a_row(compared):
    found = compared("typed", "typed-too")
    assert [bout["bits"][0] for bout in found] == [16, 32, 64, 32, 32, 32, 32, 32]
    assert len({bout["title"] for bout in found}) == 6
    only = compared("typed", "typed-too", "--bits", "16,32", "--noise", "none", "--protocol", "tags")
    assert [bout["bits"] for bout in only] == [[16, 16], [32, 32]]


def test_the_numbers_are_those_of_the_queries(made, compared):
    (bout,) = compared("plain", "blocks", "--bits", "32", "--protocol", "tags")
    scores = {}
    for name, distance in (("plain", "hamming"), ("blocks", "aqd")):
        runs = [
            record
            for record in made.records()
            if (record.spec.method["name"], record.spec.bits, record.variant) == (name, 32, "")
            and record.spec.protocol["name"] == "tags"
        ]
        column = f"{distance}.map@all"
        scores[name] = np.mean([per_query(run.folder, [column])[column] for run in runs], axis=0)
    apart = scores["plain"] - scores["blocks"]
    assert bout["difference"] == pytest.approx(apart.mean())
    assert bout["scores"] == pytest.approx([scores["plain"].mean(), scores["blocks"].mean()])
    assert (bout["won"], bout["lost"]) == ((apart > 0).sum(), (apart < 0).sum())
    assert bout["won"] + bout["tied"] + bout["lost"] == 40
    assert bout["interval"][0] < bout["difference"] < bout["interval"][1]
    assert bout["seeds"] == [3, 3]


def test_the_other_way_round_is_the_same_with_the_other_sign(compared):
    for bout, other in zip(compared("plain", "blocks"), compared("blocks", "plain"), strict=True):
        assert bout["difference"] == -other["difference"]
        assert bout["p"] == other["p"]
        assert bout["interval"] == pytest.approx([-end for end in other["interval"][::-1]])
        assert (bout["won"], bout["lost"]) == (other["lost"], other["won"])


def test_a_row_is_named_by_its_settings_or_its_run_id(made, compared):
    (run,) = [r.spec.run_id() for r in made.records() if r.variant]
    by_name, by_id = compared("plain (iterations=5)", "plain"), compared(run[:-3], "plain")
    assert by_name == by_id
    assert by_name[0]["difference"] < 0


def test_a_metric_preset_is_compared_by_its_own_scores(compared):
    assert compared("plain", "blocks", "--metrics", "wsih")[0]["scores"][0] > 0


def test_the_table_says_what_the_numbers_mean(cli, made):
    status, out, _ = cli("compare", "plain", "typed", "--runs", made.root)
    assert status in (0, None)
    assert (
        "mAP@all plain" in out
        and "95 % interval" in out
        and "interval over queries is a bootstrap" in " ".join(out.split())
    )


def test_what_cannot_be_compared_is_one_line(tmp_path, refused):
    apart = RunStore(tmp_path / "runs")
    add(apart, "plain", "none", "hamming", 0.2)
    add(apart, "typed", "tags", "hamming", 0.2, bits=16)
    assert "unknown method or run 'plian'. Did you mean 'plain'?" in refused("plian", "typed")
    assert "'plain' and 'plain' are one and the same. Expected two" in refused("plain", "plain")
    assert "have no row to compare" in refused("plain", "typed", "--noise", "none", store=apart)
    assert "'plain' has no run at noise missing 40%." in refused("plain", "typed", "--noise", "missing=0.4")
    assert "holds no such run: bits 8" in refused("plain", "typed", "--bits", "8")
    (tmp_path / "empty").mkdir()
    assert "holds no run" in refused("plain", "typed", store=RunStore(tmp_path / "empty"))
    assert "unknown metric preset" in refused("plain", "typed", "--metrics", "sklaern")


def test_a_name_of_several_rows_asks_for_one(tmp_path, refused, compared):
    store = made_store(tmp_path / "runs")
    for number in (1, 2):
        add(store, "twice", "none", "hamming", 0.2, variant=f"width={number}", config={"width": number})
    line = refused("twice", "plain", store=store)
    assert "'twice' stands for several rows" in line and "Expected one of its run ids: twice_32b" in line
    assert len(compared("twice (width=1)", "plain", store=store)) == 1


def test_runs_without_scores_of_queries_are_one_line(tmp_path, refused):
    store = made_store(tmp_path / "runs")
    for record in store.records():
        (record.folder / "per_query.parquet").unlink()
    assert "no map@all of single queries under metric preset 'hashbench'" in refused(
        "plain", "blocks", store=store
    )


def test_codes_of_a_size_of_their_own_meet_every_budget(made):
    frame = run_frame(made.records(), SUITE)
    told = (frame["method"] == "told") & (frame["bits"] == 64)
    frame = frame[told | (frame["method"] == "plain")].assign(**{"own size": told})
    found = bouts(frame, SUITE, "plain", "told")
    assert [bout.bits for bout in found] == [(16, 64), (32, 64), (64, 64)]
    found = bouts(frame, SUITE, "told", "plain", Selection(bits=[16]))
    assert [bout.bits for bout in found] == [(64, 16)]


def test_seeds_have_their_own_interval_where_there_are_several(compared, made, cli):
    (several,) = compared("plain", "blocks", "--bits", "32", "--protocol", "tags")
    means = {}
    for name in ("plain", "blocks"):
        of = [
            r for r in made.records() if (r.spec.method["name"], r.spec.bits, r.variant) == (name, 32, "")
        ]
        means[name] = [r.metrics("hashbench")["map@all"] for r in of if r.spec.protocol["name"] == "tags"]
    interval = stats.ttest_ind(means["plain"], means["blocks"], equal_var=False).confidence_interval()
    assert several["seed_interval"] == pytest.approx([interval.low, interval.high])
    (single,) = compared("plain", "blocks", "--bits", "16")
    assert single["seed_interval"] is None
    _, out, _ = cli("compare", "plain", "blocks", "--bits", "16", "--runs", made.root)
    assert "95 % interval (queries)" in out and "95 % interval (seeds)" in out and " – " in out


def test_a_method_without_randomness_has_an_interval_against_seeds(tmp_path, cli, compared):
    store = RunStore(tmp_path / "runs")
    for seed, level in enumerate((0.3, 0.35, 0.33)):
        add(store, "drawn", "none", "hamming", level, seed=seed)
    add(store, "fixed", "none", "hamming", 0.2, random=False)
    (bout,) = compared("drawn", "fixed", store=store)
    low, high = bout["seed_interval"]
    assert low < bout["difference"] < high and bout["random"] == [True, False]
    _, out, _ = cli("compare", "drawn", "fixed", "--runs", store.root)
    assert "3 / –" in out


def test_the_least_p_is_a_bound(cli, made):
    assert "≤ .0001" in cli("compare", "plain", "typed", "--bits", "32", "--runs", made.root)[1]
