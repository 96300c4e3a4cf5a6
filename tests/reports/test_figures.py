"""Figures of a made-up store: what they hold, and golden pictures.

To renew a picture after a change that is meant, delete it and run the test twice; then look at it.
"""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from hashbench.metrics.presets import CURVE, PRESETS, RANKS, SUITE
from hashbench.reports.charts import figures
from hashbench.reports.charts.svg import draw, draw_row
from hashbench.reports.leaderboard import leaderboard, run_frame
from hashbench.runs.folder import HISTORY, read_json

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def records(made):
    return list(made.records())


@pytest.fixture(scope="module")
def board(records):
    return leaderboard(run_frame(records, SUITE), SUITE)


@pytest.fixture(scope="module")
def rows(board):
    """One comparison: all tags, no noise."""
    return board[(board["protocol"] == "tags") & (board["noise"] == "")]


@pytest.fixture(scope="module")
def pictures(board, rows, records):
    """Every kind of picture as SVG."""
    record = next(record for record in records if record.spec.method["name"] == "typed")
    noise = figures.noise_charts(board[board["protocol"] == "tags"], records, SUITE, 32)
    learning = figures.learning_chart(record.spec.run_id(), read_json(record.folder, HISTORY))
    charts = {
        "bits": figures.bits_chart(rows, SUITE),
        "bytes": figures.bytes_chart(rows, SUITE),
        "training-time": figures.training_time_chart(rows, SUITE, 32),
        "precision-recall": figures.precision_recall_chart(rows, records, 32),
        "learning": learning,
    }
    drawn = {name: draw(chart, standalone=True) for name, chart in charts.items()}
    return drawn | {"noise": draw_row(noise, "Damaged tags", standalone=True)}


@pytest.mark.parametrize(
    "name", ["bits", "bytes", "training-time", "precision-recall", "learning", "noise"]
)
def test_pictures_are_as_they_were(pictures, name):
    golden = GOLDEN / f"{name}.svg"
    if not golden.exists():
        golden.write_text(pictures[name])
        pytest.fail(f"{golden.name} was not there: look at it")
    assert pictures[name] == golden.read_text()
    ElementTree.fromstring(pictures[name])


def by_name(chart):
    return {series.name: series for series in chart.series}


def test_bits_hold_a_series_a_method_with_the_intervals_of_seeds(rows):
    typed = by_name(figures.bits_chart(rows, SUITE))["typed"]
    assert typed.x == (16, 32, 64)
    row = rows[(rows["method"] == "typed") & (rows["bits"] == 32)].iloc[0]
    assert typed.y[1] == row["map@all"]
    assert typed.high[1] - typed.low[1] == pytest.approx(2 * row["map@all ci"])
    assert np.isnan(typed.low[0])


def test_settings_of_a_method_are_a_series_of_their_own(rows):
    assert {"plain", "plain (iterations=5)"} <= set(by_name(figures.bits_chart(rows, SUITE)))


def test_codes_of_a_size_of_their_own_are_named_and_embeddings_are_a_level(rows):
    bulky = rows[(rows["method"] == "blocks") & (rows["bits"] == 32)].assign(bits=3200)
    more = [bulky.assign(method="bulky"), bulky.assign(method="free", distance="feature")]
    chart = figures.bits_chart(pd.concat([rows, *more], ignore_index=True), SUITE)
    assert {"bulky", "free"}.isdisjoint(by_name(chart))
    assert "bulky (3,200 bits)" in chart.note
    assert [level.name for level in chart.levels] == ["chance", "uncompressed"]


def test_methods_of_one_name_are_told_apart_by_their_backbones(rows):
    other = rows.assign(**{"backbone": "large_net", "backbone content": "123456"})
    both = pd.concat([rows, other[other["method"] == "typed"]], ignore_index=True)
    names = set(by_name(figures.bits_chart(both, SUITE)))
    assert {"typed, small_net", "typed, large_net", "typed-too"} <= names


def test_and_by_their_content_where_the_backbones_have_one_name(rows):
    both = pd.concat([rows, rows.assign(**{"backbone content": "123456"})], ignore_index=True)
    assert "typed, 123456" in by_name(figures.bits_chart(both, SUITE))


def test_curves_are_means_over_seeds_at_the_ranks_that_the_database_has(rows, records):
    typed = by_name(figures.precision_recall_chart(rows, records, 32))["typed"]
    folded = [
        record.scores[record.primary][CURVE.name]
        for record in records
        if record.spec.method["name"] == "typed"
        and record.spec.bits == 32
        and record.spec.protocol["name"] == "tags"
        and not record.spec.protocol["noise"]
    ]
    assert len(folded) == 3
    ranks = [rank for rank in RANKS if rank <= 500]
    assert typed.y == pytest.approx([np.mean([one[f"precision@{k}"] for one in folded]) for k in ranks])
    assert typed.x == pytest.approx([np.mean([one[f"recall@{k}"] for one in folded]) for k in ranks])


def test_runs_that_do_not_say_their_curve_are_left_out(rows, records):
    def without(record):
        kept = {name: means for name, means in record.scores[record.primary].items() if name != CURVE.name}
        return replace(record, scores={record.primary: kept})

    assert figures.precision_recall_chart(rows, [without(record) for record in records], 32) is None


def test_labels_are_a_ceiling_and_not_on_the_front(rows):
    chart = figures.bytes_chart(rows, SUITE)
    assert by_name(chart)["told"].ceiling
    assert {chart.series[line].name for line, _ in chart.on_front()} <= {"typed", "typed-too"}


def test_training_time_is_that_of_one_budget_and_no_time_is_a_millisecond(rows):
    bulky = rows[rows["method"] == "blocks"].assign(method="bulky", bits=3200)
    every = pd.concat([rows, bulky], ignore_index=True).assign(**{"train s": 0.0})
    chart = figures.training_time_chart(every, SUITE, 32)
    assert chart.title.endswith("at 32 bits") and "bulky" not in by_name(chart)
    assert set(chart.xs()) == {1e-3}
    assert "features is not counted" in chart.note and "millisecond" in chart.note
    shared = figures.training_time_chart(every.assign(**{"at once": 2}), SUITE, 32)
    assert shared.note == f"{chart.note} Some runs shared the machine with others."


def test_bytes_say_which_codebooks_they_leave_out(rows):
    chart = figures.bytes_chart(rows, SUITE)
    assert chart.title == "mAP@all by bytes of code per image"
    assert chart.note == "Codebooks (up to 100 KiB here, once for the database) are not counted."
    assert figures.bytes_chart(rows.assign(**{"shared KiB": 0.0}), SUITE).note == ""


def test_curves_say_their_last_rank_and_span_all_shares(rows, records):
    chart = figures.precision_recall_chart(rows.assign(database=2797), records, 32)
    assert chart.note.endswith("up to 2,000 of 2,797.") and chart.shares


def test_noise_joins_what_differs_in_nothing_else(board, records):
    charts = figures.noise_charts(board, records, SUITE, 32)
    assert [chart.title for chart in charts] == ["missing", "random"]
    for chart in charts:
        assert set(by_name(chart)) == {"typed", "typed-too"}
        assert all(series.x == (0, 40, 80) for series in chart.series)
        assert "tag protocol tags · " in chart.subtitle
    assert figures.noise_charts(board, records, SUITE, 16) == []


def test_nothing_to_draw_is_no_chart(rows):
    none = rows[rows["bits"] == 0]
    assert figures.bits_chart(none, SUITE) is None
    assert figures.bytes_chart(none, SUITE) is None
    assert figures.training_time_chart(none, SUITE, 32) is None
    assert figures.precision_recall_chart(none, [], 32) is None
    assert figures.learning_chart("run", []) is None


def test_the_loss_of_images_set_apart_is_a_line_of_its_own():
    history = [
        {"phase": "steps", "iteration": n, "loss": 3 - n, "validation loss": 4 - n} for n in range(3)
    ]
    plain, apart = figures.learning_chart("run", history).series
    assert (plain.name, plain.y) == ("steps", (3, 2, 1))
    assert (apart.name, apart.y) == ("steps, images set apart", (4, 3, 2))


def test_long_learning_curves_are_thinned_and_keep_their_end():
    history = [{"phase": "steps", "iteration": step, "loss": 1 / step} for step in range(1, 2001)]
    (series,) = figures.learning_chart("run", history).series
    assert len(series.x) <= 400
    assert series.x[-1] == 2000
    assert list(series.x) == sorted(series.x)


def test_a_loss_that_is_no_number_is_left_out():
    history = [
        {"phase": "steps", "iteration": step, "loss": loss} for step, loss in enumerate((1.0, np.inf))
    ]
    (series,) = figures.learning_chart("run", history).series
    assert series.y == (1.0,)


def test_the_usual_budget_is_where_most_methods_are(rows):
    assert figures.usual_budget(rows) == 32
    assert figures.usual_budget(rows[rows["bits"] != 32]) == 16


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_every_metric_preset_can_be_drawn(records, preset):
    board = leaderboard(run_frame(records, preset), preset)
    assert figures.bits_chart(board[board["noise"] == ""], preset).y_label.startswith("mAP@")
