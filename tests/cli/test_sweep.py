"""`hashbench sweep`, and the lists that `hashbench run` takes."""

import json

import pytest

GRIDS = """
grids:
  - {dataset: shapes, backbone: pooled, method: [lsh, itq], bits: [8, 16], noise: [none, missing=0.4]}
  - dataset: shapes
    backbone: pooled
    method: wsdhq
    bits: 8
    set: {wsdhq.iterations: [3, 4], quantization: joint}
"""


@pytest.fixture
def sweep(cli, tmp_path):
    """Call `hashbench sweep` on a file of that content."""

    def call(content, *arguments):
        (tmp_path / "sweep.yaml").write_text(content)
        return cli("sweep", tmp_path / "sweep.yaml", "--runs", tmp_path / "runs", *arguments)

    return call


def test_a_sweep_carries_out_all_that_its_file_asks_for_and_later_what_is_missing(sweep, tmp_path):
    status, out, err = sweep(GRIDS)
    assert (status or 0, out) == (0, ""), err
    assert err.splitlines()[-1] == "10 runs: 10 done, 0 from the store, 0 failed"
    assert "hashbench leaderboard --runs" in err
    status, out, err = sweep(GRIDS.replace("[8, 16]", "[8, 16, 24]"), "--format", "json")
    assert err.splitlines()[-1] == "14 runs: 4 done, 10 from the store, 0 failed"
    cells = {(r["method"], r["bits"], bool(r["noise"]), r["variant"]) for r in json.loads(out)}
    damaged = {(m, b, noise, "") for m in ("lsh", "itq") for b in (8, 16, 24) for noise in (False, True)}
    assert cells == damaged | {("wsdhq", 8, False, f"iterations={n}") for n in (3, 4)}


def test_reports_follow_the_runs_and_a_second_call_changes_no_file(sweep, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# Results\n<!-- begin board -->\n<!-- end board -->\n")
    reports = f"""
reports:
  - {{leaderboard: markdown, output: {page}, between: board, where: {{noise: none}}}}
  - {{leaderboard: html, output: {tmp_path}/site}}
  - {{chart: noise, output: {tmp_path}/noise.svg, where: {{bits: 8}}}}
"""
    assert (sweep(GRIDS + reports)[0] or 0) == 0
    assert "wsdhq (iterations=4, quantization=joint)" not in page.read_text()
    assert "wsdhq (iterations=4)" in page.read_text() and "missing" not in page.read_text()
    runs = list((tmp_path / "site" / "runs").iterdir())
    assert len(runs) == 10
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "sweep.yaml"]
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}
    assert (sweep(GRIDS + reports)[0] or 0) == 0
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files} == before


def test_a_report_that_could_not_be_written_is_refused_before_anything_is_run(sweep, tmp_path):
    status, out, err = sweep(GRIDS + "reports: [{leaderboard: markdown}]")
    assert (status, out) == (2, "") and err.count("\n") == 1
    assert "reports[0]" in err and "output is missing" in err
    assert not (tmp_path / "runs").exists()


def test_a_file_and_the_options_mean_the_same_runs(sweep, run):
    options = ("--method", "wsdhq", "--bits", "8", "--set", "iterations=3", "--set", "iterations=4")
    ids = {record["run_id"] for record in run(*options)}
    _, out, err = sweep(GRIDS.replace("[lsh, itq]", "lsh"), "--format", "json")
    assert ids < {record["run_id"] for record in json.loads(out)}
    assert "2 of them in the store" in err


def test_the_options_of_run_are_lists(run):
    records = run(
        *("--method", "wsdhq", "--bits", "8", "--noise", "none", "--noise", "random=0.2"),
        *("--protocol", "tags", "--protocol", "tags-no-label-words", "--set", "iterations=3"),
    )
    assert len({(r["protocol"], json.dumps(r["noise"])) for r in records}) == 4


def test_one_folder_is_not_several_data_sets(cli, tmp_path):
    status, _, err = cli(
        *(
            "run",
            "--method",
            "lsh",
            "--dataset",
            "shapes",
            "--dataset",
            "photos",
            "--runs",
            tmp_path / "runs",
        ),
        *("--data-root", tmp_path),
    )
    assert status == 2
    assert err == f"error: data root {str(tmp_path)!r}: 2 data sets are asked for. Expected one.\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "holds nothing. Expected the key 'grids' with a list of grids."),
        ("- 1", "holds a list. Expected"),
        ("grids: []", "grids: List should have at least 1 item"),
        ("grids: [", "line 1, column 9: "),
        ("grids:\n- {method: lsh}\n\t- x", "line 3, column 1: found character"),
        ("grids: [{bits: 8}]", ": grids[0].method is missing. Expected a value."),
        ("grids: [{methd: lsh}]", "grids[0]: 'methd'. Did you mean 'method'?"),
        ("grids: [{method: lsh, bit: 8}]", "'sweep.yaml', grids[0]: 'bit'. Did you mean 'bits'?"),
        ("grid: [{method: lsh}]", "'sweep.yaml': 'grid'. Did you mean 'grids'?"),
        ("grids: [{method: lsh}]\nreport: []", "'sweep.yaml': 'report'. Did you mean 'reports'?"),
        ("grids: [{method: lsh, method: itq}]", "line 1, column 23: key 'method' stands there twice."),
        ("grids: [{method: lsh, bits: many}]", "grids[0].bits[0]: Input should be a valid integer"),
        ("grids: [{method: lsh, bits: []}]", "grids[0].bits: Expected a value or a list of values"),
        ("grids: [{method: {a: b}}]", "grids[0].method[0]: Input should be a valid string. Got a mapping."),
        ("grids: [{method: lsh, set: {a: [[1]]}}]", "grids[0].set.a[0]: Input should be a valid string"),
        ("grids: [{method: wsdqh}]", "unknown method 'wsdqh'. Did you mean 'wsdhq'?"),
        ("grids: [{method: lsh, bits: 12}]", "bits=12: Expected a positive multiple of 8."),
        ("grids: [{method: lsh, noise: loud}]", "noise 'loud'"),
    ],
)
def test_a_damaged_file_is_one_line(sweep, tmp_path, monkeypatch, content, said):
    monkeypatch.chdir(tmp_path)
    status, out, err = sweep(content)
    assert (status, out) == (2, "")
    line = err.splitlines()[-1].replace(f"{tmp_path}/", "")
    assert line.startswith("error: ") and said in line, line
    assert not (tmp_path / "runs").exists()


def test_a_file_that_cannot_be_read_is_one_line(cli, tmp_path):
    status, _, err = cli("sweep", tmp_path / "none.yaml")
    assert status == 2 and "none.yaml' cannot be read (No such file or directory)" in err
    (tmp_path / "latin.yaml").write_bytes(b"grids: \xe9")
    status, _, err = cli("sweep", tmp_path / "latin.yaml")
    assert status == 2 and "latin.yaml', byte 7: Expected YAML in UTF-8." in err


def test_words_and_numbers_of_a_sweep_mean_what_they_mean_on_the_command_line(tmp_path):
    from hashbench.runs.sweep import read_sweep

    (tmp_path / "sweep.yaml").write_text(
        "grids: [{method: lsh, set: {a: on, b: 010, c: 1:30, d: true, e: 1.5, f: 2026-13-01, g: 1e-3}}]"
    )
    (grid,) = read_sweep(tmp_path / "sweep.yaml").grids
    typed = {"a": "on", "b": "010", "c": "1:30", "d": "true", "e": "1.5", "f": "2026-13-01", "g": "0.001"}
    assert {key: values[0] for key, values in grid.set.items()} == typed


@pytest.mark.parametrize(
    "content",
    [
        "grids: [{method: lsh, seed: true}]",
        "grids: [{method: lsh, bits: yes}]",
        "grids: [{method: lsh, split: !!int abc}]",
        "? [a, b]\n: 1",
        "grids: " + 2000 * "[",
    ],
)
def test_odd_yaml_is_one_line(sweep, content):
    status, out, err = sweep(content)
    assert (status, out, err.count("\n")) == (2, "", 1), err


def test_one_report_that_cannot_be_written_keeps_no_other_and_no_summary(sweep, tmp_path):
    reports = f"""
reports:
  - {{leaderboard: csv, output: {tmp_path}/none.csv, where: {{bits: 64}}}}
  - {{leaderboard: csv, output: {tmp_path}/all.csv}}
"""
    status, _, err = sweep(GRIDS + reports)
    assert status == 2 and "none.csv' is not written: " in err.splitlines()[-1]
    assert "10 runs: 10 done" in err
    assert (tmp_path / "all.csv").is_file() and not (tmp_path / "none.csv").exists()
