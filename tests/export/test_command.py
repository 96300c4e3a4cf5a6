"""`hashbench export`, as a user calls it."""

import subprocess
import sys

import pytest
from made_codes import codes_of_kind, stored_run, stored_set

from hashbench.export import exported

TARGETS = ("faiss", "lancedb", "ann-benchmarks")


@pytest.fixture
def refused(cli):
    """Call the command, which must refuse; returns its one line."""

    def call(*arguments):
        status, out, err = cli("export", *arguments)
        assert (status, out) == (2, "")
        assert len(err.strip().splitlines()) == 1 and err.startswith("error: ")
        return err

    return call


@pytest.mark.parametrize("target", TARGETS)
def test_an_export_says_what_it_wrote_and_what_it_checked(cli, tmp_path, target):
    stored_run(tmp_path / "runs", "binary")
    out = tmp_path / "out"
    status, printed, err = cli("export", "plain_", "--to", target, "-o", out, "--runs", tmp_path / "runs")
    assert status in (0, None), err
    assert str(out) in printed and "the suite's 100 nearest of all 40 queries" in printed
    assert f"{exported.size(out):,}" in printed and f"{exported.size(out) / 700:,.1f}" in printed


@pytest.mark.parametrize("target", TARGETS)
def test_a_folder_is_a_run_and_a_set_takes_the_place_of_its_database(cli, tmp_path, target):
    folder = stored_run(tmp_path / "runs", "additive-inner")
    stored_set(tmp_path / "set", codes_of_kind("additive-inner", 300)[1], folder.name)
    status, printed, err = cli(
        "export", folder, "--to", target, "-o", tmp_path / "out", "--codes", tmp_path / "set"
    )
    assert status in (0, None), err
    assert f"{exported.size(tmp_path / 'out') / 300:,.1f}" in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["itq", "--to", "faiss"], "no run 'itq' is in the store"),
        (["plain_", "--to", "fais"], "unknown --to 'fais'. Did you mean 'faiss'?"),
        (["plain_", "--to", "lancedb", "--index", "hash"], "--index is for --to faiss, not for lancedb"),
        (["plain_", "--to", "faiss", "--neighbors", "5"], "--neighbors is for --to ann-benchmarks"),
        (["plain_", "--to", "faiss", "--weights", "w.pth"], "--weights is for --to onnx"),
        (["plain_", "--to", "faiss", "--data-root", "."], "--data-root is for --to onnx"),
        (["plain_", "--to", "onnx", "--codes", "set"], "--to onnx exports the encoder"),
        (["plain_", "--to", "faiss", "--codes", "nowhere"], "'nowhere' is no set of codes"),
        (["plain_", "--to", "faiss", "--index", "ivf"], "unknown --index 'ivf'"),
        (["plain_", "--to", "onnx"], "unknown method 'plain'"),
    ],
)
def test_what_cannot_be_exported_is_said_in_one_line(refused, tmp_path, arguments, said):
    stored_run(tmp_path / "runs", "binary")
    out = tmp_path / "out" / "x"
    assert said in refused(*arguments, "-o", out, "--runs", tmp_path / "runs")
    assert not out.exists()


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_is_written_over(refused, tmp_path, target):
    folder = stored_run(tmp_path / "runs", "binary")
    assert "already exists" in refused(folder, "--to", target, "-o", folder)


@pytest.mark.parametrize(("target", "module"), [("faiss", "faiss"), ("lancedb", "lancedb")])
def test_a_missing_extra_is_named(refused, tmp_path, monkeypatch, target, module):
    folder = stored_run(tmp_path / "runs", "binary")
    monkeypatch.setattr(exported, "find_spec", lambda name: None)
    said = refused(folder, "--to", target, "-o", tmp_path / "x")
    assert said == f"error: {module} is not installed. Expected hashbench[{target}].\n"


# In a process of its own: a library that could not write is in no state to go on with other tests.
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
from hashbench.cli.app import main
main(sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no limits on the size of files")
@pytest.mark.parametrize("target", TARGETS)
def test_a_full_disk_is_said_in_one_line_and_leaves_nothing(tmp_path, target):
    folder = stored_run(tmp_path / "runs", "additive")
    out = tmp_path / "out" / "x"
    command = [sys.executable, "-c", LIMITED, "export", folder, "--to", target, "-o", out]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "") and len(ran.stderr.splitlines()) == 1
    assert ran.stderr.startswith(f"error: cannot write {str(out)!r}")
    assert "Expected a disk with room" in ran.stderr
    assert not list(out.parent.iterdir())


def test_a_damaged_run_is_refused(refused, tmp_path):
    folder = stored_run(tmp_path / "runs", "binary")
    (folder / "codes.npz").write_bytes(b"broken")
    assert "does not hold codes" in refused(folder, "--to", "faiss", "-o", tmp_path / "x")
