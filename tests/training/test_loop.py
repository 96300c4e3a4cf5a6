"""The shared training loop: lengths, rates, seeds, and a loss that explodes."""

import pytest
import torch

from hashbench.errors import DataError
from hashbench.progress import SilentProgress
from hashbench.training.loop import Schedule, batches, train


def fit(schedule, *, count=10, seed=0, multiplier=1.0, **options):
    """Minimise (w - 3)^2 with dropout; returns w after training and the batches seen."""
    w = torch.nn.Parameter(torch.zeros(1))
    seen = []

    def loss(batch):
        seen.append(batch)
        return (torch.nn.functional.dropout(w, 0.3, training=True) - 3).square().sum()

    train(
        [{"params": [w], "multiplier": multiplier}],
        loss,
        schedule,
        count=count,
        generator=torch.Generator().manual_seed(seed),
        progress=SilentProgress(),
        **options,
    )
    return w.item(), seen


def test_iterations_batches_and_epochs_are_as_asked():
    epochs = []
    _, seen = fit(Schedule(7, 4, 0.01), on_epoch_end=epochs.append)
    assert len(seen) == 7 and {len(batch) for batch in seen} == {4}
    assert epochs == [1, 2, 3, 4]
    assert not set(seen[0].tolist()) & set(seen[1].tolist())


def test_a_batch_larger_than_the_collection_is_the_collection():
    _, seen = fit(Schedule(2, 256, 0.01), count=5)
    assert [sorted(batch.tolist()) for batch in seen] == [[0, 1, 2, 3, 4]] * 2


def test_the_seed_settles_everything_and_nothing_else_moves():
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    one, _ = fit(Schedule(20, 4, 0.05), seed=3)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    assert fit(Schedule(20, 4, 0.05), seed=3)[0] == one
    assert fit(Schedule(20, 4, 0.05), seed=4)[0] != one


def test_rates_are_multiplied_and_decay():
    # Adam's first step has the length of the learning rate
    step, _ = fit(Schedule(1, 4, 0.01), seed=3)
    tenfold, _ = fit(Schedule(1, 4, 0.01), seed=3, multiplier=10.0)
    assert tenfold == pytest.approx(10 * step, rel=1e-3) and step > 0
    halved, _ = fit(Schedule(50, 4, 0.01, decay=0.5, decay_every=1), seed=3)
    assert halved <= 0.02 + 1e-6


def test_every_image_is_used_once_an_epoch():
    drawn = torch.cat(list(batches(12, 4, torch.Generator().manual_seed(0))))
    assert sorted(drawn.tolist()) == list(range(12))


def test_a_loss_that_explodes_says_so():
    w = torch.nn.Parameter(torch.ones(1))
    with pytest.raises(DataError, match="the loss became inf. Lower the learning rate"):
        train(
            [{"params": [w]}],
            lambda batch: (w / 0).sum(),
            Schedule(3, 2, 0.1),
            count=4,
            generator=torch.Generator(),
            progress=SilentProgress(),
        )
