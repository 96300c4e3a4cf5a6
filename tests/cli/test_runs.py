"""`hashbench runs`, as a user calls it."""

import json
import os
import pty
import shutil
import subprocess
import sys

import pytest

from hashbench import fingerprint
from hashbench.runs.spec import RUN_VERSION
from hashbench.runs.store import RunStore

CALL = "from hashbench.cli.app import main; main()"


@pytest.fixture
def runs(cli, made, tmp_path):
    """`hashbench runs` on a copy of the made-up store, that may be changed."""
    shutil.copytree(made.root, tmp_path / "runs")

    def call(command, *arguments):
        status, out, err = cli("runs", command, *arguments, "--runs", tmp_path / "runs")
        return status or 0, out, err

    return call


@pytest.fixture
def store(runs, tmp_path):
    return RunStore(tmp_path / "runs")


def ids(out):
    return {entry["run_id"] for entry in json.loads(out)}


def test_a_whole_store_is_said_to_be_whole(runs, store):
    status, out, _ = runs("verify")
    assert (status, out) == (0, f"{len(store.folders())} runs are whole\n")
    assert runs("verify", "blocks_16b")[1] == "1 run is whole\n"


def test_a_changed_file_is_a_line_and_status_1(runs, store):
    (folder,) = store.named(["blocks_16b"])
    wanted = json.loads((folder / "files.json").read_text())["log.txt"]
    (folder / "log.txt").write_text("another\n")
    status, out, err = runs("verify")
    actual = fingerprint.of_bytes(b"another\n")
    assert status == 1
    assert out == f"{folder.name}/log.txt: has SHA-256 {actual}. Expected {wanted}.\n"
    assert f"1 of {len(store.folders())} runs is not whole" in err
    assert runs("verify", "typed_16b")[0] == 0


def test_unfinished_folders_are_counted_and_no_fault(runs, store):
    (store.root / ".some.abc.partial").mkdir()
    status, _, err = runs("verify")
    assert status == 0 and "1 folder is not finished" in err


def test_the_list_holds_what_tells_runs_apart(runs, store):
    status, out, _ = runs("list", "--format", "json")
    listed = json.loads(out)
    assert status == 0
    assert [entry["run_id"] for entry in listed] == [folder.name for folder in store.folders()]
    (one,) = (entry for entry in listed if entry["run_id"].startswith("blocks_16b"))
    folder = store.root / one["run_id"]
    assert one["bytes"] == sum(path.stat().st_size for path in folder.iterdir())
    assert one["map@all"] == pytest.approx(store.select(["blocks_16b"])[0].metrics("hashbench")["map@all"])
    assert one["finished"] == "2026-11-21T12:00:00+00:00"
    assert (one["bits"], one["seed"], one["protocol"]) == (16, 0, "tags")


def test_filters_leave_what_they_name(runs):
    both = ids(
        runs("list", "--method", "plain", "--method", "told", "--bits", "16,64", "--format", "json")[1]
    )
    assert {run_id.split("_toys")[0] for run_id in both} == {
        "plain_16b",
        "plain_64b",
        "told_16b",
        "told_64b",
    }
    other = ids(runs("list", "--protocol", "tags-no-label-words", "--format", "json")[1])
    assert len(other) == 6
    arguments = ("--noise", "missing=0.4", "--supervision", "tags", "--backbone", "small_net")
    assert len(ids(runs("list", *arguments, "--format", "json")[1])) == 2
    assert runs("list", "--failed", "--noise", "none", "--supervision", "none")[0] == 0
    status, _, err = runs("list", "--dataset", "photos")
    assert status == 2 and "dataset photos. Expected some of toys" in err
    status, _, err = runs("list", "--bits", "own")
    assert status == 2 and "bits own" in err


def test_the_table_says_the_same(runs):
    _, out, _ = runs("list", "--method", "blocks")
    assert "blocks_16b_toys_tags_s0_" in out and "mAP@all" in out and "2026-11-21T12:00Z" in out
    assert "settings" not in out and "noise" not in out
    assert "iterations=5" in runs("list", "--method", "plain")[1]
    assert "missing 40%" in runs("list", "--method", "typed")[1]


def test_no_word_of_the_list_is_ever_broken(runs, store, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    for arguments in ((), ("--failed",)):
        _, out, _ = runs("list", *arguments)
        for run_id in ids(runs("list", "--format", "json", *arguments)[1]):
            assert f" {run_id} " in out


def test_failed_runs_are_listed_and_shown(runs):
    (one,) = json.loads(runs("list", "--failed", "--format", "json")[1])
    assert (one["method"], one["error"]) == ("broken", "ValueError: it does not fit")
    assert "it does not fit" in runs("list", "--failed")[1]
    _, out, _ = runs("show", "broken")
    for said in ("it does not fit", "Traceback (most recent call last): ...", "training", "a processor"):
        assert said in out
    assert json.loads(runs("show", "broken", "--format", "json")[1])["log"] == ["training"]


def test_a_run_is_shown_with_all_that_is_known(runs, store):
    (record,) = store.select(["blocks_16b"])
    _, out, _ = runs("show", "blocks_16b")
    for said in ("by aqd", "by feature", "tie_aware", record.spec.key(), "iterations", "codes.npz"):
        assert said in out
    assert f"{record.metrics('hashbench')['map@all']:.4f}" in out and "nearly the same picture" in out
    shown = json.loads(runs("show", "blocks_16b", "--format", "json")[1])
    assert shown["spec"] == record.spec.as_json()
    assert shown["scores"] == record.scores
    assert shown["environment"] == record.environment
    hashes = json.loads((record.folder / "files.json").read_text())
    files = shown["files"]
    assert {name: file["sha256"] for name, file in files.items() if name != "files.json"} == hashes
    assert files["codes.npz"]["bytes"] == (record.folder / "codes.npz").stat().st_size


@pytest.mark.parametrize("command", [("show",), ("verify",), ("rescore",), ("rm", "--yes")])
def test_ambiguous_and_unknown_ids_are_named(runs, store, command):
    count = len(store.folders())
    status, _, err = runs(*command, "plain_32b")
    assert status == 2 and "'plain_32b' is ambiguous: plain_32b_toys" in err
    status, _, err = runs(*command, "nothing")
    assert status == 2 and "no run 'nothing'" in err
    assert len(store.folders()) == count


def test_no_store_is_one_line(cli, tmp_path):
    for command in (("list",), ("list", "--failed"), ("verify",), ("show", "x"), ("rescore",), ("rm", "x")):
        status, out, err = cli("runs", *command, "--runs", tmp_path / "nothing")
        assert (status, out) == (2, "")
        assert "no run store" in err and len(err.splitlines()) == 1


def test_removing_asks_and_refuses_where_nobody_can_answer(runs, store, monkeypatch):
    status, _, err = runs("rm", "blocks_16b", "broken")
    assert status == 2 and "2 runs" in err and "Expected --yes" in err
    assert store.named(["blocks_16b"])
    status, _, err = runs("rm", "blocks_16b", "broken", "plain_16b", "--yes")
    assert status == 0 and "removed 3 runs" in err
    assert not any(folder.name.startswith(("blocks_16b", "plain_16b")) for folder in store.folders())
    assert store.failures() == [] and store.unfinished() == []
    assert runs("verify")[0] == 0


def test_failures_are_cleared_and_runs_stay(runs, store):
    count = len(store.folders())
    status, _, err = runs("rm", "--failed", "--yes")
    assert status == 0 and "removed what is known of 1 failed run" in err
    assert store.failure_files() == [] and len(store.folders()) == count
    assert runs("rm", "--failed")[0] == 0, "nothing to ask about"
    status, _, err = runs("rm", "--failed", "blocks_16b", "--yes")
    assert status == 2 and "no run 'blocks_16b'" in err
    status, _, err = runs("rm")
    assert status == 2 and "Expected ids of runs, or --failed" in err
    assert len(store.folders()) == count


def test_runs_that_cannot_be_read_can_be_removed(runs, store):
    damaged, other = store.named(["blocks_16b", "plain_16b"])
    (damaged / "metrics.json").write_text("{")
    config = json.loads((other / "config.json").read_text())
    config["spec"]["version"] = RUN_VERSION - 1
    (other / "config.json").write_text(json.dumps(config))
    status, out, _ = runs("verify")
    assert status == 1 and f"is of run version {RUN_VERSION - 1}" in out
    assert runs("rm", "blocks_16b", "--yes")[0] == 0
    status, _, err = runs("list")
    assert status == 0 and "made by another run version" in err
    assert runs("rm", "plain_16b", "--yes")[0] == 0
    assert runs("verify")[0] == 0


def test_a_damaged_run_is_left_out_and_named(runs, store, cli):
    (damaged,) = store.named(["blocks_16b"])
    (damaged / "metrics.json").write_text("{")
    for call in (("runs", "list"), ("leaderboard",), ("leaderboard", "--format", "csv")):
        status, out, err = cli(*call, "--runs", store.root)
        assert status in (0, None) and "blocks" in out and damaged.name not in out
        assert len(err.splitlines()) == 1
        for command in ("verify", "rm"):
            assert f"`hashbench runs {command} {damaged.name}`" in err


def test_a_store_of_nothing_but_damaged_runs_is_an_error(runs, store):
    for folder in store.folders():
        (folder / "metrics.json").write_text("{")
    status, out, err = runs("list")
    assert (status, out) == (2, "")
    assert f"Expected whole files: remove it with `hashbench runs rm {store.folders()[0].name}`" in err


@pytest.mark.parametrize(("answer", "status"), [(b"y\n", 0), (b"n\n", 2)])
def test_a_person_is_asked(runs, store, answer, status):
    us, them = pty.openpty()
    arguments = ("runs", "rm", "blocks_16b", "--runs", store.root)
    process = subprocess.Popen(
        [sys.executable, "-c", CALL, *map(str, arguments)], stdin=them, stdout=them, stderr=them
    )
    os.close(them)
    os.write(us, answer)
    assert process.wait(timeout=60) == status
    assert any(folder.name.startswith("blocks_16b") for folder in store.folders()) == bool(status)
    os.close(us)


@pytest.mark.parametrize(
    "command", [("list",), ("list", "--format", "json"), ("show", "blocks_16b"), ("verify",)]
)
def test_a_reader_that_stops_early_gets_no_traceback(runs, store, command):
    ours, theirs = os.pipe()
    os.close(ours)
    process = subprocess.run(
        [sys.executable, "-c", CALL, "runs", *command, "--runs", str(store.root)],
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(theirs)
    assert process.returncode not in (0, 2)
    assert "Traceback" not in process.stderr and "Exception ignored" not in process.stderr


def test_scoring_again_says_what_became_of_each_run(run, cli, tmp_path):
    run("--method", "pq", "--method", "lsh", "--method", "itq", "--bits", "16")
    store = RunStore(tmp_path / "runs")
    call = ("runs", "rescore", "--runs", store.root)
    itq, lsh, pq = store.folders()
    status, out, _ = cli(*call)
    assert status in (0, None)
    assert out.splitlines() == [
        f"{itq.name}: unchanged",
        f"{lsh.name}: unchanged",
        f"{pq.name}: unchanged; by feature as it was, for want of the database's embeddings",
    ]
    metrics = json.loads((lsh / "metrics.json").read_text())
    del metrics["presets"]["trec"]
    (lsh / "metrics.json").write_text(json.dumps(metrics))
    hashes = json.loads((lsh / "files.json").read_text())
    hashes["metrics.json"] = fingerprint.of_file(lsh / "metrics.json")
    (lsh / "files.json").write_text(json.dumps(hashes))
    (itq / "codes.npz").write_bytes(b"!")
    status, out, err = cli(*call)
    assert status == 1
    assert f"{lsh.name}: scored again, map@all" in out and f"{pq.name}: unchanged" in out
    assert f"{itq.name} is not scored again" in err and "codes.npz has SHA-256" in err
    assert cli("runs", "list", "--runs", store.root, "--format", "json")[0] in (0, None)
    status, out, _ = cli(*call, "lsh", "--dataset", "shapes")
    assert (status or 0, out) == (0, f"{lsh.name}: unchanged\n")
    status, _, err = cli(*call, "--dataset", "photos")
    assert status == 2 and "holds no run on data set 'photos'" in err


@pytest.fixture
def interrupted(store):
    """What a run whose training was interrupted has left."""
    path = store.checkpoint("wsdhq_32b_openclipart_tags_s7_0123456789ab")
    path.parent.mkdir()
    path.write_bytes(bytes(2**20))
    return path


def test_runs_that_can_go_on_are_listed_and_are_no_runs(runs, interrupted):
    status, out, _ = runs("list", "--unfinished", "--format", "json")
    (entry,) = json.loads(out)
    assert status == 0 and (entry["run_id"], entry["bytes"]) == (interrupted.stem, 2**20)
    status, out, _ = runs("list", "--unfinished")
    assert interrupted.stem in out and "1.00" in out
    assert interrupted.stem not in runs("list", "--format", "json")[1]
    assert runs("verify")[0] == 0


def test_what_a_run_could_go_on_from_is_removed_by_its_name(runs, interrupted):
    assert runs("rm", "wsdhq_32b_openclipart_tags_s7", "--yes")[0] == 0
    assert not interrupted.exists()
    status, _, err = runs("list", "--unfinished")
    assert status == 0 and "was interrupted in its training" in err
