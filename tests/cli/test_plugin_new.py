"""`hashbench plugin new`, as a user calls it."""

import pytest


def test_a_new_distribution_says_how_to_go_on(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, _ = cli("plugin", "new", "two-step")
    assert status in (0, None)
    assert (tmp_path / "hashbench-two-step" / "hashbench_two_step" / "method.py").exists()
    first, *commands = out.splitlines()
    assert first.startswith("10 files in hashbench-two-step;")
    assert [line.split(" install ")[-1].strip() for line in commands] == [
        "-e 'hashbench-two-step[dev]'",
        "pytest hashbench-two-step",
        "hashbench run --method two-step",
    ]


def test_it_goes_where_it_is_told_to(cli, tmp_path):
    status, out, _ = cli("plugin", "new", "two-step", "--deep", "--output", tmp_path / "to" / "be")
    assert status in (0, None)
    assert f"pytest {tmp_path / 'to' / 'be'}" in out
    assert "DeepHash" in (tmp_path / "to" / "be" / "hashbench_two_step" / "method.py").read_text()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Two", "name 'Two': Expected"), ("signs", "name 'signs' is that of an installed method")],
)
def test_a_name_that_cannot_be_used_is_one_line(cli, tmp_path, monkeypatch, name, expected):
    monkeypatch.chdir(tmp_path)
    status, out, err = cli("plugin", "new", name)
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {expected}") and err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(cli, tmp_path):
    (tmp_path / "mine").write_text("a file")
    status, _, err = cli("plugin", "new", "two-step", "--output", tmp_path / "mine")
    assert status == 2
    assert err == f"error: {str(tmp_path / 'mine')!r} exists. Expected the name of a new folder.\n"
    assert (tmp_path / "mine").read_text() == "a file"
