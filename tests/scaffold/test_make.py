"""New distributions are whole, clean and typed, whatever they are called."""

import ast
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement

from hashbench import API_VERSION, __version__
from hashbench.errors import ConfigError, StoreError
from hashbench.scaffold import names as naming
from hashbench.scaffold.make import make, render
from hashbench.scaffold.names import Names

FLAVOURS = pytest.mark.parametrize("deep", [False, True], ids=["shallow", "deep"])
LONGEST = "a" * 30


def named(method):
    return Names.of(method, ["taken"])


@FLAVOURS
@pytest.mark.parametrize("method", ["q", "two-step", LONGEST])
def test_what_is_made_is_clean(tmp_path, method, deep):
    folder = tmp_path / "made"
    make(folder, named(method), deep=deep)
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            ["ruff", *command, "."], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_what_is_made_is_typed(tmp_path):
    for method, deep in (("shallow-one", False), ("deep-one", True)):
        make(tmp_path / method, named(method), deep=deep)
        command = [sys.executable, "-m", "mypy", "--cache-dir", tmp_path / "cache"]
        done = subprocess.run(command, cwd=tmp_path / method, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@FLAVOURS
def test_a_distribution_has_all_that_belongs_to_one(deep):
    contents = render(named("two-step"), deep=deep)
    package = [
        f"hashbench_two_step/{file}" for file in ("__init__.py", "config.py", "method.py", "py.typed")
    ]
    rest = [".github/workflows/ci.yml", ".gitignore", "LICENSE", "README.md", "pyproject.toml"]
    assert sorted(contents) == sorted([*package, *rest, "tests/test_method.py"])
    assert not [name for name, text in contents.items() if "{{" in text or "{%" in text]
    assert f"HASHBENCH_API = {API_VERSION}\n" in contents["hashbench_two_step/__init__.py"]


@FLAVOURS
def test_its_project_asks_for_this_hashbench(deep):
    project = tomllib.loads(render(named("two-step"), deep=deep)["pyproject.toml"])
    needed = {one.name: one.specifier for one in map(Requirement, project["project"]["dependencies"])}
    assert needed["hashbench"].contains(__version__) and not needed["hashbench"].contains("99.0")
    assert project["project"]["entry-points"] == {"hashbench": {"two-step": "hashbench_two_step"}}


def test_its_checks_need_no_secret():
    text = render(named("two-step"), deep=False)[".github/workflows/ci.yml"]
    assert "secrets" not in text
    steps = [step.get("run", step.get("uses")) for step in yaml.safe_load(text)["jobs"]["test"]["steps"]]
    assert {"ruff check .", "ruff format --check .", "mypy", "pytest"} <= set(steps)


@pytest.mark.parametrize(
    "method", ["", "Q", "1q", "q_", "two step", "two--step", "q-", "../q", "é", LONGEST + "a"]
)
def test_names_that_are_none(method):
    with pytest.raises(ConfigError, match="Expected at most 30 lower-case letters, digits and hyphens"):
        named(method)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("taken", "that of an installed method"),
        ("all", "stands for all methods"),
        ("none", "class None would hide another"),
        ("deep", "class Deep would hide another"),
        ("datasets", "package hashbench_datasets is installed"),
    ],
)
def test_names_that_are_in_use(method, expected):
    with pytest.raises(ConfigError, match=expected):
        named(method)


def test_no_class_hides_what_the_templates_import():
    imported = set()
    for deep in (False, True):
        for name, text in render(named("two-step"), deep=deep).items():
            if name.endswith(".py"):
                found = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom))
                imported |= {alias.name for node in found for alias in node.names}
    classes = {name for name in imported if re.fullmatch(r"[A-Z]\w+", name) and "TwoStep" not in name}
    assert classes - {"TYPE_CHECKING"} <= naming._TAKEN_CLASSES


def test_nothing_is_left_of_what_could_not_be_finished(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "pathlib.Path.write_text", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "No space"))
    )
    with pytest.raises(StoreError, match="No space"):
        make(tmp_path / "made", named("q"), deep=False)
    assert list(tmp_path.iterdir()) == []
