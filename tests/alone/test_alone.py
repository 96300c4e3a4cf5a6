"""Each distribution works from its wheel, beside the core's wheel and nothing else of this repository."""

import json
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent.parent
# Folder of a distribution, one of its methods, and what makes that quick.
OURS = [
    ("baselines", "itq", {}),
    ("plugins/wsdhq", "wsdhq", {"iterations": 12, "hidden": 64, "update_every": 4}),
    ("plugins/wsih", "wsih", {"layer1": 64, "layer2": 48, "layer3": 32, "web_epochs": 3, "epochs": 5}),
]
# Every check of every method is a matter of the distribution's own tests.
SOME = "check_fit or check_codes or check_state_restores"
CONFORMANCE = """
from hashbench.plugins import Plugins
from hashbench.testing import parametrize_with_checks


@parametrize_with_checks([Plugins().methods[{method!r}]], settings={{{method!r}: {settings!r}}})
def test_conformance(method, check):
    check(method)
"""


def listed(environment, folder):
    """The plugins that are found, by name, with their state."""
    rows = [line.split("│") for line in environment.hashbench("plugins", cwd=folder).splitlines()]
    return {row[1].strip(): row[4].strip() for row in rows if len(row) > 4}


def pictures(folder):
    """A data set of features in three clouds, in one file."""
    generator = np.random.default_rng(0)
    labels = np.arange(240) % 3
    clouds = generator.standard_normal((3, 32))
    features = clouds[labels] + 0.5 * generator.standard_normal((240, 32))
    np.savez(folder / "clouds.npz", features=features.astype(np.float32), labels=labels)
    return folder / "clouds.npz"


@pytest.mark.slow
@pytest.mark.parametrize("deep", [False, True], ids=["shallow", "deep"])
def test_a_new_plugin_is_installed_tested_and_run(environment, tmp_path, deep):
    flavour = ["--deep"] if deep else []
    environment.hashbench("plugin", "new", "two-step", *flavour, cwd=tmp_path)
    source = tmp_path / "hashbench-two-step"
    environment.install(source)
    assert listed(environment, tmp_path) == {"built-in": "works", "two-step": "works"}
    assert " passed" in environment.call("pytest", "-q", source, cwd=tmp_path)

    environment.install(ROOT / "datasets")
    quick = ["--set", "iterations=50"] if deep else []
    data = ["--dataset", "features", "--data-root", pictures(tmp_path)]
    out = environment.hashbench(
        "run", "--method", "two-step", *quick, *data, "--format", "json", cwd=tmp_path
    )
    (record,) = json.loads(out)
    assert record["method"] == "two-step"
    assert record["metrics"]["map@all"] > record["metrics"]["chance"]


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "method", "settings"), OURS, ids=[method for _, method, _ in OURS])
def test_a_distribution_of_this_repository(environment, tmp_path, folder, method, settings):
    environment.install(ROOT / folder)
    assert listed(environment, tmp_path) == {"built-in": "works", Path(folder).name: "works"}
    (tmp_path / "test_conformance.py").write_text(CONFORMANCE.format(method=method, settings=settings))
    said = environment.call("pytest", "-q", "-k", SOME, tmp_path / "test_conformance.py", cwd=tmp_path)
    assert "3 passed" in said
