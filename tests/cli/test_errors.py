"""Bad input: one clear line, status 2, nothing half-written."""

from pathlib import Path

import pytest

BASE = ("run", "--dataset", "shapes", "--backbone", "pooled")


@pytest.fixture
def refused(cli, tmp_path):
    """Call `hashbench`, which must refuse; returns its one line."""

    def call(*arguments, store=tmp_path / "runs", base=BASE):
        status, out, err = cli(*base, "--runs", store, *arguments)
        assert status == 2, (status, out, err)
        assert out == ""
        line = err.strip().splitlines()[-1]
        assert line.startswith("error: ") and "Traceback" not in err
        # A run that was begun leaves the reason for its failure, and nothing else.
        assert not store.is_dir() or {path.name for path in store.iterdir()} <= {"failures"}
        return line

    return call


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--method", "wsdqh"), "unknown method 'wsdqh'. Did you mean 'wsdhq'?"),
        (("--method", "itq", "--bits", "12"), "bits=12: Expected a positive multiple of 8."),
        (("--method", "itq", "--bits", "0"), "bits=0"),
        (("--method", "itq", "--bits", "many"), "--bits 'many': Expected whole numbers"),
        (("--method", "itq", "--seed", "x"), "--seed 'x'"),
        (("--method", "itq", "--protocol", "tag"), "unknown tag protocol 'tag'. Did you mean 'tags'?"),
        (
            ("--method", "itq", "--split", "train"),
            "unknown split of shapes 'train'. Known: late, test, validation.",
        ),
        (("--method", "itq", "--preset", "paper"), "unknown itq preset 'paper'. Known: default."),
        (("--method", "itq", "--set", "iteration=3"), "Did you mean 'iterations'?"),
        (("--method", "itq", "--set", "iterations=few"), "itq setting iterations='few'"),
        (("--method", "wsdhq", "--set", "gamma=-1"), "wsdhq setting gamma='-1'"),
        (("--method", "itq", "--set", "iterations"), "Expected key=value"),
        (("--method", "itq", "--set", "iqt.iterations=3"), "method 'iqt' is not run. Expected itq."),
        (("--method", "itq", "--weights", "/nowhere.pth"), "weights file '/nowhere.pth' does not exist"),
        (
            ("--method", "wsdhq", "--set", "embeddings=/nowhere.bin"),
            "word vectors '/nowhere.bin' are not there",
        ),
        (("--method", "lsh", "--device", "cuda:9"), "device 'cuda:9' cannot be used here"),
        (("--method", "lsh", "--device", "toaster"), "device 'toaster' cannot be used here"),
        (("--method", "lsh", "--data-root", "/nowhere"), "shapes: no folder '/nowhere'"),
        (
            ("--method", "peeker", "--bits", "16"),
            "Rule: a method sees only the supervision that it declares",
        ),
        (("--method", "signs", "--bits", "16", "--set", "fail=budget"), "gave 24 codes of 8 bits"),
        (("--method", "wsdhq", "--bits", "512"), "64 codebooks for word vectors of 50 dimensions"),
        (("--method", "itq", "--bits", "200"), "200 bits need as many principal components"),
    ],
)
def test_one_line_that_says_what_where_and_what_was_expected(refused, arguments, expected):
    assert expected in refused(*arguments)


def test_unknown_data_set_and_backbone(refused):
    assert "unknown data set 'shape'" in refused("--method", "itq", "--dataset", "shape", base=("run",))
    assert "unknown backbone 'pool'" in refused("--method", "itq", "--backbone", "pool", base=BASE[:3])


def test_usage_errors_are_one_line_too(cli):
    for arguments in (
        ("run",),
        ("run", "--methd", "x"),
        ("nothing",),
        ("run", "--method", "lsh", "--format", "xml"),
    ):
        status, _, err = cli(*arguments)
        assert status == 2
        assert len(err.strip().splitlines()) == 1


def test_weights_that_do_not_fit(refused, tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"no weights")
    line = refused("--method", "lsh", "--weights", path)
    assert "weights.pth" in line and "cannot be used" in line


def test_missing_weights_without_a_network(refused, tmp_path, monkeypatch):
    import torch

    def offline(url, *_, **__):
        raise OSError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    line = refused("--method", "lsh", "--backbone", "alexnet", base=("run", "--dataset", "shapes"))
    assert "backbone 'alexnet': no weights at" in line and "--weights" in line


def test_a_folder_that_cannot_be_written(refused, tmp_path):
    (tmp_path / "file").touch()
    line = refused("--method", "lsh", "--bits", "16", store=tmp_path / "file" / "runs")
    assert "cannot write to folder" in line


def test_a_folder_that_cannot_be_made(refused):
    assert "cannot write to folder '/proc/runs'" in refused(
        "--method", "lsh", "--bits", "16", store=Path("/proc/runs")
    )


def test_an_interrupted_run_leaves_no_record(cli, tmp_path):
    store = tmp_path / "runs"
    status, out, err = cli(
        *BASE, "--runs", store, "--method", "signs", "--bits", "16", "--set", "fail=interrupt"
    )
    assert (status, out) == (130, "")
    assert "interrupted" in err and "Traceback" not in err
    assert list(store.iterdir()) == []


def test_the_leaderboard_of_nothing(cli, tmp_path):
    status, _, err = cli("leaderboard", "--runs", tmp_path / "none")
    assert status == 2 and "no run store at" in err
    (tmp_path / "none").mkdir()
    status, _, err = cli("leaderboard", "--runs", tmp_path / "none")
    assert status == 2 and "the run store holds no run" in err
