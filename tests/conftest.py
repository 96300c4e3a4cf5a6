"""A stranger's plugin, installed for the tests as a real distribution, and a command line to use it."""

import json
import sys
from functools import cache
from pathlib import Path

import pytest
import torch

STRANGER = Path(__file__).parent / "stranger"


@pytest.fixture(autouse=True)
def stranger(monkeypatch, tmp_path_factory):
    """Put the stranger's distribution on the path, with weights for its backbone, and an empty cache."""
    welcome(monkeypatch, tmp_path_factory)
    yield
    sys.modules.pop("stranger", None)
    sys.modules.pop("pooling", None)


def welcome(monkeypatch, tmp_path_factory):
    """Do that for as long as the patches last."""
    weights = STRANGER / "pooled.pth"
    if not weights.exists():
        torch.save({"scale": torch.ones(1)}, weights)
    monkeypatch.syspath_prepend(str(STRANGER))
    monkeypatch.setenv("HASHBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("COLUMNS", "240")


@pytest.fixture(scope="session")
def index_of(tmp_path_factory):
    """Indexes of drawn shapes, by the method that makes them; see indexes.py. Not to be written to."""
    from indexes import made_index

    @cache
    def index(method):
        with pytest.MonkeyPatch.context() as monkeypatch:
            welcome(monkeypatch, tmp_path_factory)
            return made_index(tmp_path_factory.mktemp("index"), method)

    return index


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A store whose every number is made up; see made.py. Not to be written to."""
    from made import made_store

    return made_store(tmp_path_factory.mktemp("made") / "runs")


@pytest.fixture
def web(tmp_path):
    """A web set of the drawn shapes: a folder a shape, with drawings that the data set does not hold."""
    from stranger import IMAGES, draw

    for number in range(IMAGES, IMAGES + 30):
        content, shape, _ = draw(number)
        folder = tmp_path / "web" / shape
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.png").write_bytes(content)
    return tmp_path / "web"


@pytest.fixture
def run(cli, tmp_path):
    """`hashbench run` on the drawn shapes, as parsed JSON; fails unless it exits 0."""

    def call(*arguments, store=tmp_path / "runs"):
        status, out, err = cli(
            "run",
            "--dataset",
            "shapes",
            "--backbone",
            "pooled",
            "--runs",
            store,
            "--format",
            "json",
            *arguments,
        )
        assert status in (0, None), err
        return json.loads(out)

    return call
