"""Equal codes have equal scores, and what scoring has learnt since is added without training."""

import json
import shutil

import numpy as np
import pytest
from tampering import change, settle

from hashbench import fingerprint
from hashbench.codes.storage import load_codes, save_codes
from hashbench.data.collection import GroundTruth
from hashbench.errors import DataError, StoreError, UnknownNameError
from hashbench.metrics.average_precision import Denominator
from hashbench.metrics.presets import PRESETS, MetricPreset
from hashbench.plugins import Plugins
from hashbench.progress import SilentProgress
from hashbench.ranking.blocks import Ties
from hashbench.runs.folder import CODES, RETRIEVAL, per_query, read_json, read_run
from hashbench.runs.rescore import Rescorer
from hashbench.runs.store import RunStore
from hashbench.runs.verify import verify, verify_run


@pytest.fixture
def store(run, tmp_path):
    run("--method", "pq", "--method", "lsh", "--bits", "16")
    return RunStore(tmp_path / "runs")


@pytest.fixture
def rescore():
    """Score a run again, with nothing remembered."""
    return lambda folder, root=None: Rescorer(Plugins(), root, SilentProgress()).rescore(folder)


def state(folder):
    """Every file's content."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("method", ["lsh", "pq", "lsq", "rabitq", "int8", "float32", "aq"])
def test_a_fresh_run_is_unchanged_bit_by_bit(run, rescore, tmp_path, method):
    run("--method", method, "--bits", "16")
    (folder,) = RunStore(tmp_path / "runs").folders()
    before = state(folder)
    outcome = rescore(folder)
    assert not outcome.changed and outcome.after == read_run(folder)
    assert state(folder) == before


@pytest.mark.parametrize("split", ["late", "validation", "late/validation"])
def test_other_splits_are_found_by_name(run, rescore, tmp_path, split):
    run("--method", "lsh", "--bits", "16", "--split", split)
    (folder,) = RunStore(tmp_path / "runs").folders()
    assert not rescore(folder).changed


def test_a_split_from_a_file_is_read_from_the_run(run, rescore, tmp_path):
    run("--method", "lsh", "--bits", "16", "--split", "late")
    manifest = json.loads((RunStore(tmp_path / "runs").folders()[0] / "split.json").read_text())
    manifest |= {"name": "mine", "query": manifest["query"][::-2], "train": manifest["train"][:30]}
    (tmp_path / "mine.json").write_text(json.dumps(manifest))
    run("--method", "lsh", "--bits", "16", "--split", tmp_path / "mine.json", store=tmp_path / "other")
    (tmp_path / "mine.json").unlink()
    (folder,) = RunStore(tmp_path / "other").folders()
    assert not rescore(folder).changed


def test_images_that_were_left_out_are_left_out_again(run, rescore, tmp_path):
    root = tmp_path / "shapes"
    root.mkdir()
    (root / "broken").touch()
    (record,) = run("--method", "lsh", "--bits", "16", "--data-root", root)
    assert record["damaged"]
    (folder,) = RunStore(tmp_path / "runs").folders()
    assert not rescore(folder, root).changed
    with pytest.raises(DataError, match=f"has other images than run '{folder.name}'"):
        rescore(folder)


def test_scores_under_another_definition_are_replaced_beside_the_old(store, rescore):
    for folder in store.folders():
        truth = read_run(folder)
        before = per_query(folder)

        def edit(metrics):
            metrics["presets"]["trec"]["denominator"] = "retrieved"
            for distance in metrics["scores"].values():
                distance["trec"]["map@all"] = 0.5

        change(folder, "metrics.json", edit)
        files = state(folder)
        outcome = rescore(folder)
        assert outcome.changed
        assert {path: content for path, content in state(folder).items() if path in files} == files
        after = read_run(folder)
        kept = {"feature"} & {*truth.scores} if truth.primary != "feature" else set()
        for distance, scores in truth.scores.items():
            assert after.scores[distance] == scores or distance in kept
        assert after.presets == truth.presets
        assert after.rescored["kept"] == [*kept]
        assert after.rescored["codes"] == fingerprint.of_file(folder / CODES)
        assert after.rescored["packages"]["hashbench"]
        assert (after.cost, after.code_statistics) == (truth.cost, truth.code_statistics)
        again = per_query(folder)
        assert set(again) == set(before)
        for name in before:
            assert np.array_equal(again[name].to_numpy(), before[name].to_numpy()), name
        assert read_json(folder, RETRIEVAL) == json.loads((folder / RETRIEVAL).read_text())
        assert not rescore(folder).changed
        assert len(list((folder / "rescored").iterdir())) == 1


def test_a_preset_that_was_added_since_gets_its_scores(store, rescore, monkeypatch):
    preset = MetricPreset("new", ("map@7",), Denominator.RETRIEVED, "zero", "skip", Ties.EXPECTED)
    monkeypatch.setitem(PRESETS, "new", preset)
    for folder in store.folders():
        with pytest.raises(StoreError, match="no scores under metric preset 'new'"):
            read_run(folder).metrics("new")
        outcome = rescore(folder)
        assert outcome.after.metrics("new")["map@7"] == pytest.approx(
            np.nanmean(per_query(folder)[f"new:{outcome.after.primary}.map@7"])
        )
        assert outcome.after.presets["new"]["metrics"] == ["map@7"]
    assert verify(store) == []


def test_scoring_of_other_codes_is_another(store, rescore):
    """The database reversed: the metrics must follow the codes that are stored, and nothing else."""
    (folder,) = store.named(["lsh"])
    query, database, _ = load_codes(folder / CODES)
    save_codes(folder / CODES, query, type(database)(database.packed[::-1]))
    settle(folder, CODES)
    outcome = rescore(folder)
    assert outcome.before.metrics("hashbench") != outcome.after.metrics("hashbench")
    assert verify_run(folder) == []
    assert read_json(folder, RETRIEVAL) != json.loads((folder / RETRIEVAL).read_text())


def test_a_data_set_that_is_not_as_it_was_is_refused(store, rescore, monkeypatch):
    (folder,) = store.named(["lsh"])
    from stranger import SHAPES, Shapes

    moved = GroundTruth(SHAPES, np.eye(3, dtype=bool)[(np.arange(120) + 1) % 3])
    monkeypatch.setattr(Shapes, "ground_truth", lambda self: moved)
    with pytest.raises(DataError, match="data set 'shapes' has other labels than run 'lsh_16b"):
        rescore(folder)


def test_a_data_set_that_lacks_images_is_refused_as_such(store, rescore, monkeypatch):
    import stranger

    (folder,) = store.named(["lsh"])
    monkeypatch.setattr(stranger, "IMAGES", 117)
    with pytest.raises(DataError, match="data set 'shapes' has other images and labels than run 'lsh_16b"):
        rescore(folder)


def test_a_data_set_that_is_not_installed_is_named(store, rescore):
    (folder,) = store.named(["lsh"])
    change(folder, "config.json", lambda config: config["spec"]["dataset"].update(name="gone"))
    with pytest.raises(UnknownNameError, match="unknown data set 'gone'"):
        rescore(folder)


def test_images_that_cannot_be_told_are_refused(store, rescore):
    (folder,) = store.named(["lsh"])
    change(folder, "split.json", lambda split: split["database"].reverse())
    with pytest.raises(DataError, match="which images of 'shapes' were part 'database' cannot be told"):
        rescore(folder)


@pytest.mark.parametrize("name", [CODES, "split.json", "per_query.parquet"])
def test_a_damaged_run_is_not_scored(store, rescore, name):
    (folder,) = store.named(["lsh"])
    (folder / name).write_bytes(b"!")
    with pytest.raises(StoreError, match=f"is damaged: {name} has SHA-256"):
        rescore(folder)


def test_nothing_is_written_where_the_disk_refuses(store, rescore):
    (folder,) = store.named(["lsh"])
    change(folder, "metrics.json", lambda metrics: metrics["presets"].pop("trec"))
    (folder / "rescored").write_text("in the way")
    with pytest.raises(StoreError, match="rescored"):
        rescore(folder)


def test_a_copy_of_a_run_without_its_store_can_be_scored(store, rescore, tmp_path):
    (folder,) = store.named(["pq"])
    assert not rescore(shutil.copytree(folder, tmp_path / folder.name)).changed
