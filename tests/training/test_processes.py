"""Training that two processes share is the training that one does."""

from types import SimpleNamespace

import numpy as np
import pytest
from small_networks import Crowd, Exploding, TwoStages, curve, view

from hashbench.errors import ConfigError, DataError
from hashbench.methods.checkpoint import Checkpoint
from hashbench.training.config import DeepConfig
from hashbench.training.machine import Machine


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cls", "settings"),
    [
        (Crowd, {"iterations": 24, "hidden": 2000, "learning_rate": 0.001}),
        (TwoStages, {"accumulate": 2, "ema": 0.5, "validation": 0.25}),
    ],
    ids=["pairs of the batch", "stages, parts, average and stopping"],
)
def test_two_processes_have_the_losses_of_one_with_the_same_batch(cls, settings):
    """The loss compares all pairs of the whole batch, and has weights that only it knows.

    The state of 2,000 hidden units is more than a pipe holds.
    """
    (one, losses), (two, found) = (curve(cls, devices=devices, **settings) for devices in (1, 2))
    assert len(found) == len(losses) > 1 and found == pytest.approx(losses, abs=1e-5)
    for name, array in one.state().items():
        assert np.allclose(two.state()[name], array, atol=1e-4), name
    assert np.allclose(two.embed(view().images), one.embed(view().images), atol=1e-3)


@pytest.mark.slow
def test_processes_go_on_where_one_was_interrupted(tmp_path, monkeypatch):
    monkeypatch.setenv("HASHBENCH_CHECKPOINT_SECONDS", "0")
    kept = Checkpoint(tmp_path / "kept.pt", "one")
    _, losses = curve(iterations=24)
    curve(iterations=24, checkpoint=kept)
    # What is kept last is the state before the last step.
    _, found = curve(iterations=24, checkpoint=Checkpoint(kept.path, "one"), devices=2)
    assert found == pytest.approx(losses, abs=1e-5)


@pytest.mark.slow
def test_an_error_in_the_processes_is_one_line_here():
    with pytest.raises(DataError, match="the loss became"):
        curve(Exploding, devices=2)


def machine(world, rank):
    return Machine(SimpleNamespace(world_size=world, global_rank=rank), DeepConfig())


def test_every_image_of_a_batch_is_one_processs():
    batch = [*range(12)]
    assert sum((batch[machine(3, rank).share(12)] for rank in range(3)), []) == batch  # noqa: RUF017
    assert batch[machine(1, 0).share(12)] == batch


def test_a_batch_that_cannot_be_shared_is_refused():
    with pytest.raises(ConfigError, match="batches of 9 images cannot be shared by 2 devices"):
        machine(2, 0).share(9)
