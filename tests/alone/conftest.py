"""Fresh environments: wheels of some distributions, beside what the tests run with of others."""

import os
import shutil
import subprocess
import sys
import tomllib
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent.parent
# What would lead back to the working tree, or to the environment that the tests run in.
LEADS_BACK = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "HASHBENCH_PLUGINS")


class Wheelhouse:
    """Wheels, each built once, without a network."""

    def __init__(self, folder):
        self._folder = folder
        self._built = {}

    def wheel(self, source):
        """The wheel of a distribution's folder."""
        if source not in self._built:
            folder = self._folder / str(len(self._built))
            command = [
                sys.executable,
                "-m",
                "hatchling",
                "build",
                "--target",
                "wheel",
                "--directory",
                folder,
            ]
            called(command, cwd=source)
            (self._built[source],) = folder.glob("*.whl")
        return self._built[source]


class Environment:
    """An environment with nothing of this repository but what is installed into it.

    What that asks for of others is linked from the environment that the tests run in, and nothing else:
    what a distribution imports and does not declare is missing.
    """

    def __init__(self, folder, wheelhouse):
        self._wheelhouse = wheelhouse
        venv.create(folder, symlinks=True)
        self.python = folder / "bin" / "python"
        (self._packages,) = folder.glob("lib/python*/site-packages")
        self._linked = set()

    def install(self, *sources):
        """Install the wheels of distributions, and links to what they ask for."""
        uv = os.environ.get("UV") or shutil.which("uv")
        if uv is None:
            pytest.skip("no uv to install wheels with")
        command = [
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            self.python,
            "--no-deps",
            "--no-index",
            "--offline",
        ]
        called([*command, *map(self._wheelhouse.wheel, sources)], cwd=self.python.parent)
        for source in sources:
            project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
            for requirement in project["dependencies"]:
                self.link(Requirement(requirement))

    def link(self, requirement):
        """Link a distribution of others, and what it asks for."""
        name = canonicalize_name(requirement.name)
        if name.startswith("hashbench") or not wanted(requirement, {""}):
            return
        found = distribution(name)
        if name not in self._linked:
            self._linked.add(name)
            for top in {file.parts[0] for file in found.files} - {"..", "__pycache__"}:
                target = self._packages / top
                if not target.exists() and not top.endswith(".pth"):
                    target.symlink_to(found.locate_file(top))
        for needed in map(Requirement, found.requires or []):
            key = (name, str(needed), *requirement.extras)
            if key not in self._linked and wanted(needed, {"", *requirement.extras}):
                self._linked.add(key)
                needed.marker = None
                self.link(needed)

    def call(self, module, *arguments, cwd):
        """Call a module as a program; returns its standard output."""
        return called([self.python, "-m", module, *arguments], cwd=cwd)

    def hashbench(self, *arguments, cwd):
        """Call the command line as it was installed; returns its standard output."""
        return called([self.python.with_name("hashbench"), *arguments], cwd=cwd)


def wanted(requirement, extras):
    """Whether a requirement is one here, for somebody who asks for these extras."""
    return requirement.marker is None or any(
        requirement.marker.evaluate({"extra": extra}) for extra in extras
    )


def called(command, cwd):
    """Standard output of a program, which must succeed."""
    kept = {name: value for name, value in os.environ.items() if name not in LEADS_BACK}
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=kept | {"COLUMNS": "240"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory):
    return Wheelhouse(tmp_path_factory.mktemp("wheels"))


@pytest.fixture
def environment(tmp_path, wheelhouse):
    """An environment with the core alone."""
    made = Environment(tmp_path / "environment", wheelhouse)
    made.install(ROOT)
    made.link(Requirement("pytest"))
    return made
