"""The table folds seeds, groups by supervision, and says what does not compare."""

import math
import shutil
import statistics
from dataclasses import replace

import pytest
from scipy import stats

from hashbench.metrics.presets import PRESETS, SUITE
from hashbench.progress import on_stderr
from hashbench.reports.comparison import cells, comparisons
from hashbench.reports.faces.markdown import markdown
from hashbench.reports.leaderboard import leaderboard, run_frame
from hashbench.runs.store import RunStore


@pytest.fixture
def records(run, tmp_path):
    run("--method", "wsdhq", "--bits", "16", "--set", "iterations=30")
    run("--method", "lsh", "--method", "itq", "--bits", "16", "--seed", "0,1,2")
    return list(RunStore(tmp_path / "runs").records())


def test_seeds_become_mean_standard_deviation_and_interval(records):
    board = leaderboard(run_frame(records, SUITE), SUITE)
    row = board[board["method"] == "lsh"].iloc[0]
    values = [r.metrics("hashbench")["map@all"] for r in records if r.spec.method["name"] == "lsh"]
    assert row["seeds"] == 3
    assert row["map@all"] == pytest.approx(statistics.mean(values))
    assert row["map@all sd"] == pytest.approx(statistics.stdev(values))
    low, high = stats.t.interval(0.95, 2, row["map@all"], stats.sem(values))
    assert row["map@all ci"] == pytest.approx((high - low) / 2)
    assert [run.rsplit("_", 2)[1] for run in row["run_ids"]] == ["s0", "s1", "s2"]
    assert [folder.name for folder in row["folders"]] == list(row["run_ids"])
    alone = board[board["seeds"] == 1].iloc[0]
    assert math.isnan(alone["map@all sd"]) and math.isnan(alone["map@all ci"])
    assert f"{row['map@all']:.3f} ± {row['map@all ci']:.3f}" in set(cells(board, SUITE)["mAP@all"])


def test_the_order_of_the_runs_does_not_matter(made):
    records = list(made.records())
    board, other = (leaderboard(run_frame(some, SUITE), SUITE) for some in (records, records[::-1]))
    assert board.drop(columns="notices").equals(other.drop(columns="notices"))


def test_a_metric_that_looks_beyond_the_database_is_left_out(made):
    records = list(made.records())
    body = next(comparisons(leaderboard(run_frame(records, SUITE), SUITE), SUITE)).body
    assert "mAP@5000" not in body and "mAP@all" in body
    larger = [replace(record, sizes=record.sizes | {"database": 5001}) for record in records]
    body = next(comparisons(leaderboard(run_frame(larger, SUITE), SUITE), SUITE)).body
    assert "mAP@5000" in body
    short = PRESETS["wsih"]
    assert "mAP@1000" in next(comparisons(leaderboard(run_frame(records, short), short), short)).body


def test_times_that_do_not_compare_are_said_to(made):
    alone, *others = made.records()
    assert not any("times" in sentence for sentence in notices([alone, *others]))
    shared = replace(alone, environment=alone.environment | {"runs at once": 4})
    assert any("up to 4 runs shared the machine" in sentence for sentence in notices([shared, *others]))
    elsewhere = replace(alone, environment=alone.environment | {"threads": 1})
    assert any(
        "a processor, 2 cores, 1 threads; a processor, 2 cores, 2 threads" in sentence
        for sentence in notices([elsewhere, *others])
    )
    unknown = replace(alone, environment={})
    assert not any("times" in sentence for sentence in notices([unknown, *others]))


def notices(records):
    """All that is said of all comparisons."""
    board = leaderboard(run_frame(records, SUITE), SUITE)
    return [sentence for part in comparisons(board, SUITE) for sentence in part.notices]


def test_rows_are_grouped_by_supervision_then_sorted_by_score(records):
    board = leaderboard(run_frame(records, SUITE), SUITE)
    assert list(board["supervision"]) == ["none", "none", "tags"]
    unsupervised = board[board["supervision"] == "none"]
    assert list(unsupervised["map@all"]) == sorted(unsupervised["map@all"], reverse=True)


def test_a_web_set_stands_beside_the_kind_of_supervision(run, web, tmp_path):
    run("--method", "crowd", "--method", "lsh", "--bits", "16", "--web", web)
    (web / "circle" / "120.png").unlink()
    web.rename(web.with_name("fewer"))
    run("--method", "crowd", "--bits", "16", "--web", web.with_name("fewer"))
    board = leaderboard(run_frame(RunStore(tmp_path / "runs").records(), SUITE), SUITE)
    assert list(cells(board, SUITE)["learns from"]) == ["none", "web (fewer)", "web (web)"]


def test_web_sets_of_one_name_are_no_seeds_of_each_other(run, web, tmp_path):
    run("--method", "crowd", "--bits", "16", "--web", web, "--seed", "0,1")
    (web / "circle" / "120.png").unlink()
    run("--method", "crowd", "--bits", "16", "--web", web)
    records = list(RunStore(tmp_path / "runs").records())
    board = leaderboard(run_frame(records, SUITE), SUITE)
    assert sorted(board["seeds"]) == [1, 2]
    contents = {record.spec.web["fingerprint"][:6] for record in records}
    assert set(cells(board, SUITE)["learns from"]) == {f"web (web {content})" for content in contents}


def test_costs_are_columns(records):
    board = cells(leaderboard(run_frame(records, SUITE), SUITE), SUITE)
    assert {"trained params", "train s", "train MiB", "encode img/s"} <= set(board.columns)
    assert (board["trained params"].str.replace(",", "").astype(int) > 0).all()


def test_other_distances_are_rows_on_request(records):
    board = leaderboard(run_frame(records, PRESETS["wsdhq"]), PRESETS["wsdhq"], all_distances=True)
    assert list(board[board["method"] == "wsdhq"]["distance"]) != []
    assert set(board["distance"]) == {"hamming", "aqd", "sqd", "feature"}


def test_an_unquantized_row_pays_for_its_floats(records):
    board = leaderboard(run_frame(records, SUITE), SUITE, all_distances=True)
    price = board[board["method"] == "wsdhq"].set_index("distance")
    assert price["bytes/image"].to_dict() == {"aqd": 2, "sqd": 2, "feature": 200}
    assert price["shared KiB"].to_dict() == {"aqd": 100, "sqd": 100, "feature": 0}


def test_settings_that_differ_stand_beside_the_name(records):
    board = leaderboard(run_frame(records, SUITE), SUITE)
    assert cells(board, SUITE)["method"].iloc[-1] == "wsdhq (iterations=30)"


def test_markdown_holds_every_cell(records):
    board = leaderboard(run_frame(records, SUITE), SUITE)
    page = markdown(list(comparisons(board, SUITE)), SUITE)
    assert "### shapes (split test), tag protocol tags, backbone pooled" in page
    for cell in cells(board, SUITE).to_numpy().ravel():
        assert cell in page
    assert "Metric preset hashbench" in page


def test_backbones_are_a_column_where_there_are_several(run, tmp_path):
    run("--method", "lsh", "--bits", "16")
    title = next(line for line in board_of(tmp_path).splitlines() if line.startswith("###"))
    assert title.endswith("backbone pooled")
    run("--method", "itq", "--bits", "16", "--backbone", "pool/4")
    page = board_of(tmp_path)
    assert page.count("###") == 1
    assert "backbone pooled" not in page
    assert {"pooled", "pool/4"} <= {cell.strip() for cell in page.split("|")}


def test_backbones_of_one_name_are_told_apart_by_content(run, tmp_path):
    import torch

    torch.save({"scale": torch.full((1,), 2.0)}, tmp_path / "other.pth")
    run("--method", "lsh", "--bits", "16")
    run("--method", "lsh", "--bits", "16", "--weights", tmp_path / "other.pth")
    records = list(RunStore(tmp_path / "runs").records())
    board = cells(leaderboard(run_frame(records, SUITE), SUITE), SUITE)
    assert len(set(board["backbone"])) == 2
    assert list(board["seeds"]) == ["1", "1"]


def test_sizes_are_said_and_whether_all_is_learnt_from(made, tmp_path):
    records = list(made.records())
    said = {part.sizes for part in parts_of(records)}
    assert said == {"40 queries, 500 database images, all of them training images"}
    fewer = [replace(record, sizes=record.sizes | {"train": 400}) for record in records]
    assert {part.sizes for part in parts_of(fewer)} == {"40 queries, 500 database images"}


def test_as_many_training_images_are_not_all_of_the_database(made, tmp_path):
    shutil.copytree(made.root, tmp_path / "runs")
    for folder in RunStore(tmp_path / "runs").folders():
        (folder / "split.json").write_text('{"database": ["d"], "train": ["t"]}')
    records = list(RunStore(tmp_path / "runs").records())
    assert {part.sizes for part in parts_of(records)} == {"40 queries, 500 database images"}


def test_a_method_without_randomness_has_no_seeds_to_count(run, tmp_path):
    run("--method", "pcah", "--method", "lsh", "--bits", "16")
    board = leaderboard(run_frame(RunStore(tmp_path / "runs").records(), SUITE), SUITE)
    assert dict(zip(board["method"], board["random"], strict=True)) == {"pcah": False, "lsh": True}
    texts = cells(board, SUITE)
    assert dict(zip(texts["method"], texts["seeds"], strict=True)) == {"pcah": "–", "lsh": "1"}


def parts_of(records):
    return list(comparisons(leaderboard(run_frame(records, SUITE), SUITE), SUITE))


def test_labels_are_a_ceiling_and_called_so(run, tmp_path):
    run("--method", "cca-itq-labels", "--method", "lsh", "--bits", "16")
    page = board_of(tmp_path)
    assert "labels (ceiling)" in page and "Ceiling: methods that learn from labels." in page
    assert "they are a ceiling, and compete with no other row" in page


def board_of(folder):
    """The Markdown page of a store."""
    board = leaderboard(run_frame(RunStore(folder / "runs").records(), SUITE), SUITE)
    return markdown(list(comparisons(board, SUITE)), SUITE)


def test_a_copy_of_a_run_is_no_second_seed(made, tmp_path, capsys):
    shutil.copytree(made.root, tmp_path / "runs")
    folder = RunStore(tmp_path / "runs").folders()[0]
    shutil.copytree(folder, folder.with_name(f"{folder.name}.bak"))
    store = RunStore(tmp_path / "runs")
    told = leaderboard(run_frame(store.records(on_stderr()), SUITE), SUITE)
    whole = leaderboard(run_frame(made.records(), SUITE), SUITE)
    assert list(told["seeds"]) == list(whole["seeds"])
    assert f"run {folder.name}.bak is damaged and left out" in " ".join(capsys.readouterr().err.split())


def test_equal_settings_are_one_row_however_they_were_asked_for(made):
    records = [record for record in made.records() if record.spec.method["name"] == "typed"]
    named = [replace(record, variant=("paper" if record.spec.seed else "")) for record in records]
    assert len(leaderboard(run_frame(named, SUITE), SUITE)) == len(
        leaderboard(run_frame(records, SUITE), SUITE)
    )


def test_scores_under_another_definition_of_the_preset_are_told_of(made):
    first, *others = made.records()
    presets = first.presets | {"hashbench": first.presets["hashbench"] | {"no_relevant": "one"}}
    board = leaderboard(run_frame([replace(first, presets=presets), *others], SUITE), SUITE)
    said = [sentence for part in comparisons(board, SUITE) for sentence in part.notices]
    assert sum("another definition: `hashbench runs rescore`" in sentence for sentence in said) == 1
