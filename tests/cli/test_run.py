"""`hashbench run`, as a user calls it."""

import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from hashbench.codes.storage import load_codes
from hashbench.metrics.presets import PRESETS

FIELDS = {"run_id", "run_dir", "method", "bits", "dataset", "protocol", "seed", "supervision", "code_bytes"}


def test_json_holds_what_was_promised(run):
    (record,) = run("--method", "itq", "--bits", "16", "--seed", "3")
    assert set(record) >= FIELDS
    assert set(record["metrics"]) >= {"map@5000", "map@all", "precision@100", "chance"}
    assert set(record["seconds"]) == {"train", "encode", "search"}
    assert (record["method"], record["bits"], record["seed"]) == ("itq", 16, 3)
    assert (record["dataset"], record["protocol"], record["supervision"]) == ("shapes", "tags", "none")
    assert record["code_bytes"] == 2
    assert record["metrics"]["map@all"] > record["metrics"]["chance"]


def test_lists_span_a_grid(run):
    records = run("--method", "lsh", "--method", "pq", "--bits", "8,16", "--seed", "0,1")
    cells = {(r["method"], r["bits"], r["seed"]) for r in records}
    assert cells == {(m, b, s) for m in ("lsh", "pq") for b in (8, 16) for s in (0, 1)}


def test_a_finished_run_comes_from_the_store(run, monkeypatch):
    first = run("--method", "itq", "--bits", "16")

    def fail(*_):
        raise AssertionError("ran again")

    monkeypatch.setattr("hashbench.runs.runner.execute", fail)
    assert run("--method", "itq", "--bits", "16") == first


@pytest.mark.parametrize(
    "change", [("--seed", "1"), ("--set", "iterations=3"), ("--protocol", "tags-no-label-words")]
)
def test_whatever_the_result_depends_on_makes_another_run(run, change):
    (one,) = run("--method", "itq", "--bits", "16")
    (other,) = run("--method", "itq", "--bits", "16", *change)
    assert one["run_id"] != other["run_id"]


def test_same_seed_same_codes(run, web, tmp_path):
    extras = {"wsdhq": ("--set", "iterations=30"), "wsih": ("--web", web, "--set", "epochs=3")}
    for method in ("lsh", "pcah", "itq", "pq", "opq", "wsdhq", "wsih"):
        extra = extras.get(method, ())
        folders = [
            run("--method", method, "--bits", "16", *extra, store=tmp_path / name)[0]["run_dir"]
            for name in ("a", "b")
        ]
        (_, first, _), (_, second, _) = (load_codes(f"{folder}/codes.npz") for folder in folders)
        for one, other in zip(first.arrays().values(), second.arrays().values(), strict=True):
            assert np.array_equal(one, other), method


def test_the_run_folder_is_complete(run):
    from pathlib import Path

    (record,) = run("--method", "wsdhq", "--bits", "16", "--set", "iterations=30")
    folder = Path(record["run_dir"])
    assert {path.name for path in folder.iterdir()} == {
        "config.json",
        "environment.json",
        "metrics.json",
        "split.json",
        "codes.npz",
        "model.safetensors",
        "per_query.parquet",
        "retrieval.json",
        "history.json",
        "files.json",
        "log.txt",
    }
    per_query = pd.read_parquet(folder / "per_query.parquet")
    assert len(per_query) == 24
    assert per_query["aqd.map@all"].mean() == pytest.approx(record["metrics"]["map@all"])
    assert "head.codebooks.words" in load_file(folder / "model.safetensors")
    environment = json.loads((folder / "environment.json").read_text())
    assert environment["packages"]["torch"] and environment["packages"]["hashbench-wsdhq"]
    assert "loss" in (folder / "log.txt").read_text()
    assert set(json.loads((folder / "split.json").read_text())) == {"name", "query", "database", "train"}


def test_quantizers_report_every_distance(run):
    (record,) = run("--method", "wsdhq", "--bits", "16", "--set", "iterations=30")
    assert set(record["scores"]) == {"aqd", "sqd", "feature"}
    assert record["distance"] == "aqd"
    assert set(record["scores"]["aqd"]) == {*PRESETS, "curve"}


def test_the_validation_split_leaves_the_test_queries_out(run):
    from pathlib import Path

    (test,) = run("--method", "lsh", "--bits", "16")
    (validation,) = run("--method", "lsh", "--bits", "16", "--split", "validation")
    queries = set(json.loads((Path(test["run_dir"]) / "split.json").read_text())["query"])
    manifest = json.loads((Path(validation["run_dir"]) / "split.json").read_text())
    assert not queries & {item for part in ("query", "database", "train") for item in manifest[part]}


def test_splits_go_by_name_by_manifest_and_with_validation(run, tmp_path):
    from pathlib import Path

    def manifest(record):
        return json.loads((Path(record["run_dir"]) / "split.json").read_text())

    (late,) = run("--method", "lsh", "--bits", "16", "--split", "late")
    assert late["split"] == "late" and late["sizes"] == {"query": 30, "database": 90, "train": 40}
    (validation,) = run("--method", "lsh", "--bits", "16", "--split", "late/validation")
    assert validation["split"] == "late/validation"
    assert set(manifest(validation)["query"]) <= set(manifest(late)["train"])
    mine = manifest(late) | {"name": "mine", "train": manifest(late)["train"][:20]}
    (tmp_path / "mine.json").write_text(json.dumps(mine))
    (own,) = run("--method", "lsh", "--bits", "16", "--split", tmp_path / "mine.json")
    assert own["split"] == "mine" and own["sizes"]["train"] == 20


def test_training_the_backbone_runs_on_pixels(run):
    (record,) = run(
        *("--method", "wsdhq", "--bits", "8", "--set", "finetune=all", "--set", "iterations=6"),
        *("--set", "batch_size=32"),
    )
    assert record["variant"] == "augment=crop, batch_size=32, finetune=all, iterations=6"
    assert record["metrics"]["map@all"] > 0


def test_a_setting_may_name_the_method_it_is_for(run):
    one, other = run(
        *("--method", "itq", "--method", "opq", "--bits", "16"),
        *("--set", "itq.iterations=3", "--set", "opq.rotations=2"),
    )
    assert (one["variant"], other["variant"]) == ("iterations=3", "rotations=2")


def test_every_record_says_what_training_took(run):
    for record in run("--method", "itq", "--method", "opq", "--bits", "16"):
        assert record["trained_parameters"] > 0
        assert record["train_bytes"] >= 0
        assert record["seconds"]["train"] > 0 and record["seconds"]["encode"] > 0


def test_the_table_names_method_chance_and_costs(cli, tmp_path):
    status, out, _ = cli(
        *("run", "--dataset", "shapes", "--backbone", "pooled", "--runs", tmp_path / "runs"),
        *("--method", "itq", "--bits", "16"),
    )
    assert status in (0, None)
    costs = ("bytes/image", "trained params", "train s", "train MiB", "encode img/s")
    for word in ("itq", "hamming", "chance", "mAP@5000", *costs):
        assert word in out


def test_runs_side_by_side_do_not_share_devices_too(cli, tmp_path):
    call = ("run", "--method", "lsh", "--dataset", "shapes", "--jobs", "2", "--devices", "2")
    status, out, err = cli(*call, "--runs", tmp_path / "runs")
    assert (status, out) == (2, "")
    assert "--jobs 2 with --devices 2: Expected one of the two to be 1." in err


def test_no_resume_begins_anew_and_a_failed_run_leaves_nothing_to_go_on_from(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("HASHBENCH_CHECKPOINT_SECONDS", "0")
    call = ("run", "--method", "wsdhq", "--bits", "16", "--dataset", "shapes", "--backbone", "pooled")
    store = tmp_path / "runs"
    explodes = ("--set", "learning_rate=1e30", "--set", "iterations=50", "--set", "normalize=false")
    status, _, err = cli(*call, *explodes, "--runs", store)
    assert status == 2 and "the loss became" in err
    assert [*(store / "checkpoints").iterdir()] == []
    few = ("--set", "iterations=5", "--no-resume")
    status, _, err = cli(*call, *few, "--runs", store)
    assert status in (0, None) and "interrupted" not in err
    assert [*(store / "checkpoints").iterdir()] == []
