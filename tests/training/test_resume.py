"""A fit that is killed goes on from its checkpoint, and ends as if nothing had happened."""

import pytest
import torch
from small_networks import Crowd, TwoStages, equal, fitted, made, view

from hashbench.errors import StoreError
from hashbench.methods.checkpoint import Checkpoint
from hashbench.progress import LoggedProgress, SilentProgress


class PowerCutError(Exception):
    """The lights are out."""


class Interrupted(LoggedProgress):
    """Progress that breaks off after so many steps."""

    def __init__(self, after):
        super().__init__(SilentProgress())
        self.left = after

    def task(self, description, total):
        return _Breaking(self)


class _Breaking:
    def __init__(self, progress):
        self.progress = progress

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False

    def __call__(self, steps):
        self.progress.left -= steps
        if self.progress.left < 0:
            raise PowerCutError


@pytest.fixture(autouse=True)
def at_every_step(monkeypatch):
    monkeypatch.setenv("HASHBENCH_CHECKPOINT_SECONDS", "0")


SETTINGS = [
    {},
    {"dropout": 0.5, "accumulate": 2},
    {"ema": 0.9},
    {"validation": 0.25, "patience": 2, "dropout": 0.3},
    {"schedule": "cosine", "warmup": 3, "ema": 0.5, "validation": 0.25},
]


def broken_off(cls, path, after, identity="one", **settings):
    with pytest.raises(PowerCutError):
        fitted(cls, progress=Interrupted(after), checkpoint=Checkpoint(path, identity), **settings)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("cls", [Crowd, TwoStages], ids=lambda cls: cls.PLUGIN_NAME)
def test_it_ends_as_if_nothing_had_happened(cls, settings, tmp_path):
    undisturbed = LoggedProgress(SilentProgress())
    expected = fitted(cls, progress=undisturbed, **settings).state()
    for after in (1, 4, 7, 11, 13):
        path = tmp_path / f"{after}.pt"
        broken_off(cls, path, after, **settings)
        log = LoggedProgress(SilentProgress())
        method = fitted(cls, progress=log, checkpoint=Checkpoint(path, "one"), **settings)
        assert equal(method.state(), expected), after
        told = ("phase", "iteration", "loss", "validation loss", "learning rate")
        assert [[p.get(key) for key in told] for p in log.points] == [
            [p.get(key) for key in told] for p in undisturbed.points
        ]
        assert any("was interrupted after iteration" in line for line in log.lines)


def test_it_may_be_interrupted_again_and_again(tmp_path):
    expected, path = fitted(TwoStages, dropout=0.5).state(), tmp_path / "kept.pt"
    for _ in range(8):
        broken_off(TwoStages, path, 2, dropout=0.5)
    method = fitted(TwoStages, checkpoint=Checkpoint(path, "one"), dropout=0.5)
    assert equal(method.state(), expected)


def test_time_before_the_interruption_counts(tmp_path):
    broken_off(Crowd, tmp_path / "kept.pt", 3)
    checkpoint = Checkpoint(tmp_path / "kept.pt", "one")
    assert checkpoint.seconds_before == 0
    fitted(checkpoint=checkpoint)
    assert checkpoint.seconds_before > 0


@pytest.mark.parametrize("damage", ["other", "cut", "empty", "text", "object"])
def test_a_checkpoint_of_something_else_or_a_damaged_one_is_not_taken_up(damage, tmp_path):
    path = tmp_path / "kept.pt"
    broken_off(Crowd, path, 5, identity="other" if damage == "other" else "one")
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage in {"empty", "text"}:
        path.write_text({"empty": "", "text": "no checkpoint"}[damage])
    elif damage == "object":
        torch.save({"identity": "one", "state": PowerCutError}, path)
    log = LoggedProgress(SilentProgress())
    method = fitted(progress=log, checkpoint=Checkpoint(path, "one"))
    assert equal(method.state(), fitted().state())
    assert "is of another version or damaged: training starts anew" in log.lines[0]


def test_nothing_is_written_before_its_time_and_nothing_half(tmp_path, monkeypatch):
    monkeypatch.setenv("HASHBENCH_CHECKPOINT_SECONDS", "1000")
    fitted(checkpoint=Checkpoint(tmp_path / "kept.pt", "one"))
    assert [*tmp_path.iterdir()] == []
    monkeypatch.setenv("HASHBENCH_CHECKPOINT_SECONDS", "0")
    fitted(checkpoint=Checkpoint(tmp_path / "kept.pt", "one"))
    assert [path.name for path in tmp_path.iterdir()] == ["kept.pt"]


def test_a_disk_that_refuses_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Expected"):
        fitted(checkpoint=Checkpoint(tmp_path / "file" / "kept.pt", "one"))


def test_fitting_twice_is_fitting_once(tmp_path):
    method = made(dropout=0.5)
    method.fit(view())
    once = {name: array.copy() for name, array in method.state().items()}
    method.fit(view())
    assert equal(method.state(), once)
