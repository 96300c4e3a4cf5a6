"""The harness on a GPU: what it gives is what the CPU gives, and what it tells of itself is true."""

import numpy as np
import pytest
import torch
from small_networks import Crowd, TwoStages, equal, features, view

from hashbench.errors import ConfigError
from hashbench.methods.checkpoint import Checkpoint
from hashbench.methods.method import Context
from hashbench.progress import LoggedProgress, SilentProgress
from hashbench.training.augmentation import crops, draw
from hashbench.training.config import DeepConfig

pytestmark = pytest.mark.gpu


def fitted(cls=Crowd, *, device="cuda", rows=None, progress=None, checkpoint=None, devices=1, **settings):
    chosen = {"iterations": 15, "batch_size": 8, "hidden": 6, "learning_rate": 0.01, **settings}
    context = Context(
        bits=8,
        device=device,
        devices=devices,
        checkpoint=checkpoint,
        progress=progress or SilentProgress(),
    )
    method = cls(DeepConfig(**chosen), context)
    method.fit(view(rows))
    return method


def losses(**options):
    log = LoggedProgress(SilentProgress())
    return fitted(progress=log, **options), [point["loss"] for point in log.points]


@pytest.mark.parametrize("settings", [{}, {"accumulate": 2}, {"ema": 0.9, "validation": 0.25}], ids=str)
@pytest.mark.parametrize("cls", [Crowd, TwoStages], ids=lambda cls: cls.PLUGIN_NAME)
def test_losses_and_embeddings_are_the_cpus(cls, settings):
    (here, expected), (there, found) = (
        losses(cls=cls, device=device, **settings) for device in ("cpu", "cuda")
    )
    assert found == pytest.approx(expected, rel=1e-3)
    assert np.allclose(there.embed(view().images), here.embed(view().images), atol=1e-2)


def test_bf16_and_tf32_are_near_fp32():
    rows, expected = features(4096), losses(rows=features(4096), batch_size=256)[1]
    for precision in ("tf32", "bf16"):
        assert losses(rows=rows, batch_size=256, precision=precision)[1] == pytest.approx(
            expected, rel=0.05
        )


def test_deterministic_mode_gives_the_same_bits():
    one, other = (fitted(deterministic=True, dropout=0.5).state() for _ in range(2))
    assert equal(one, other)


def test_crops_are_the_cpus():
    pixels = torch.randint(0, 256, (16, 3, 40, 40), dtype=torch.uint8)
    draws = draw(16, 0, "crops")
    assert torch.equal(crops(pixels.cuda(), 31, draws).cpu(), crops(pixels, 31, draws))


def test_an_interrupted_fit_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("HASHBENCH_CHECKPOINT_SECONDS", "0")
    expected = fitted(deterministic=True, dropout=0.5).state()
    path = tmp_path / "kept.pt"
    fitted(deterministic=True, dropout=0.5, checkpoint=Checkpoint(path, "one"))
    again = fitted(deterministic=True, dropout=0.5, checkpoint=Checkpoint(path, "one"))
    assert equal(again.state(), expected)


def test_what_it_tells_of_itself():
    log = LoggedProgress(SilentProgress())
    fitted(rows=features(4096), progress=log, batch_size=512, iterations=24)
    for point in log.points:
        assert 0 < point["busy"] <= 1 and point["images/s"] > 0 and point["memory MiB"] > 0


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="there is one GPU, or none")
def test_two_gpus_have_the_losses_of_one():
    (_, one), (_, two) = (losses(devices=devices, iterations=24) for devices in (1, 2))
    assert two == pytest.approx(one, abs=1e-4)


def test_more_gpus_than_there_are_are_refused():
    with pytest.raises(ConfigError, match="--devices 99: Expected at most"):
        fitted(devices=99)
