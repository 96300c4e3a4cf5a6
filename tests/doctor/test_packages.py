"""What is installed is held against what is asked for."""

import sys
from importlib.metadata import distribution, version

import pytest

from hashbench.doctor import packages, ranking
from hashbench.doctor.finding import State


@pytest.fixture
def asking(tmp_path, monkeypatch):
    """Make a distribution with these requirements that brings a plugin."""

    def make(*lines):
        folder = tmp_path / "asking-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", "Name: asking", *lines, ""]))
        monkeypatch.syspath_prepend(str(tmp_path))
        return distribution("asking")

    return make


def test_the_packages_of_this_environment_are_as_they_should_be():
    first, second, *rest = packages.packages()
    assert f"torch {version('torch')}" in first.what and f"numba {version('numba')}" in first.what
    assert second.what == "everything that hashbench and its plugins cannot do without is installed"
    assert {finding.state for finding in (first, second, *rest)} <= {State.OK, State.NOTE}


def test_what_is_missing_and_what_is_too_old(asking):
    made = asking("Requires-Dist: no-such-thing>=2", "Requires-Dist: numpy<1", "Requires-Dist: rich>=1")
    missing, old = packages._required(made)
    assert (missing.what, missing.mend) == (
        "asking requires no-such-thing>=2; it is not installed",
        "uv pip install 'no-such-thing>=2'",
    )
    assert old.what == f"asking requires numpy<1; {version('numpy')} is installed"
    assert missing.state is old.state is State.PROBLEM


def test_a_module_without_a_distribution_is_not_called_missing(asking, monkeypatch):
    monkeypatch.setitem(packages._MODULES, "no-such-thing", "json")
    (finding,) = packages._required(asking("Requires-Dist: no-such-thing"))
    assert finding.state is State.NOTE and "a module json is here" in finding.what


def test_requirements_of_other_systems_are_none(asking):
    assert not list(packages._required(asking("Requires-Dist: nothing; sys_platform == 'never'")))


def test_an_extra_is_told_of_once(asking):
    made = asking(
        "Provides-Extra: all",
        "Provides-Extra: some",
        "Provides-Extra: whole",
        "Requires-Dist: asking[some]; extra == 'all'",
        "Requires-Dist: first-thing; extra == 'all'",
        "Requires-Dist: other-thing; extra == 'all'",
        "Requires-Dist: first-thing; extra == 'some'",
        "Requires-Dist: rich; extra == 'whole'",
    )
    some, everything = packages._extras(made)
    assert some.state is State.NOTE and some.mend == "uv pip install 'asking[some]'"
    assert some.what.endswith(": first-thing") and everything.what.endswith(": other-thing")


def test_the_parts_of_a_checkout_are_synchronized():
    made = distribution("hashbench")
    if packages.from_checkout(made):
        assert packages._mend(made, "all", ["hashbench-datasets"]).startswith("uv sync")
    assert packages._mend(made, "all", ["numba"]) == "uv pip install 'hashbench[all]'"


def test_numba_is_not_installed(monkeypatch):
    monkeypatch.setattr(ranking, "find_spec", lambda name: None)
    (finding,) = ranking.ranking()
    assert (finding.state, finding.mend) == (State.NOTE, "uv pip install 'hashbench[fast]'")
    assert "Numba is not installed" in finding.what


def test_numba_is_installed_and_broken(monkeypatch):
    def broken(name):
        raise ImportError("Numba needs NumPy 2.3 or less")

    monkeypatch.setattr(ranking, "import_module", broken)
    (finding,) = ranking.ranking()
    assert finding.state is State.PROBLEM and "Numba needs NumPy 2.3 or less" in finding.what


def test_a_module_that_python_does_not_understand(monkeypatch):
    monkeypatch.setitem(sys.modules, "odd", type("Odd", (), {"__spec__": None})())
    assert packages._without_distribution("odd") == ""
