"""A stored run that trained in two phases, and what plugins say of it."""

import json
import shutil
from importlib.metadata import EntryPoint

import pytest
from made import made_store

from hashbench.plugins import Plugins
from hashbench.progress import SilentProgress
from hashbench.runs.folder import HISTORY, read_run

POINTS = [
    {"phase": phase, "iteration": 10 * step, "epoch": step, "loss": 2.0 / step, "learning rate": 0.1 / step}
    for phase in ("stage 1, prototypes: gradient steps", "gradient steps")
    for step in (1, 2, 3)
]


@pytest.fixture(scope="session")
def stored(tmp_path_factory):
    """The folder of a run on 32 bits with seed 1."""
    (found,) = made_store(tmp_path_factory.mktemp("made")).select(["typed_32b_toys_tags_s1"])
    (found.folder / HISTORY).write_text(json.dumps(POINTS))
    return found.folder


@pytest.fixture
def record(stored, tmp_path):
    """That run, in a folder that a test may spoil."""
    return read_run(shutil.copytree(stored, tmp_path / "runs" / stored.name))


@pytest.fixture
def told():
    """Tell a plugin, as it is installed, of a run; returns what it says."""

    def tell(name, record):
        said = []
        progress = SilentProgress()
        progress.notice = said.append
        entry = EntryPoint(name, f"hashbench_tracking.{name}_writer", "hashbench")
        plugins = Plugins([entry])
        assert [report.error for report in plugins.reports()] == ["", ""]
        plugins.run_finished(record, progress)
        return said

    return tell
