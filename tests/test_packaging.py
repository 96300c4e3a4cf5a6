"""The tested pins lie within the ranges, and nothing is committed that should not be."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PROJECTS = sorted(ROOT.glob("**/pyproject.toml"))


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pairs}


def requirements(project):
    content = tomllib.loads(project.read_text())
    yield from content["project"].get("dependencies", [])
    for extra in content["project"].get("optional-dependencies", {}).values():
        yield from extra
    for group in content.get("dependency-groups", {}).values():
        yield from named(group)


def named(group):
    """What a group asks for itself, without the groups that it takes in."""
    return [text for text in group if isinstance(text, str)]


@pytest.mark.parametrize(
    "project",
    [p for p in PROJECTS if ".venv" not in p.parts],
    ids=lambda p: str(p.parent.relative_to(ROOT)),
)
def test_tested_pins_lie_within_the_ranges(project):
    tested = pins()
    for text in requirements(project):
        requirement = Requirement(text)
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if not name.startswith("hashbench"):
            assert requirement.specifier.contains(tested[name]), text


def test_the_extra_names_every_member():
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    members = {
        tomllib.loads((ROOT / member / "pyproject.toml").read_text())["project"]["name"]
        for member in content["tool"]["uv"]["workspace"]["members"]
    }
    assert set(content["project"]["optional-dependencies"]["all"]) == {
        *members,
        "hashbench[fast,ray,faiss,lancedb,onnx,serve]",
    }
    assert members <= {Requirement(text).name for text in named(content["dependency-groups"]["dev"])}


def test_no_lock_file_is_committed():
    try:
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    assert not [name for name in listed.stdout.splitlines() if name.endswith(".lock")]
