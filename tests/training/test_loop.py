"""The one training loop: lengths, rates, seeds, parts of a batch, what is kept, and what is said."""

import json
import os
import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from small_networks import IMAGES, Crowd, TwoStages, curve, equal, features, fitted, view
from torch import nn

from hashbench.errors import ConfigError, DataError, PluginError
from hashbench.progress import LoggedProgress, SilentProgress
from hashbench.training.deep import DeepHash
from hashbench.training.objective import Objective
from hashbench.training.plan import Plan
from hashbench.training.schedule import Schedule


class Weight(Crowd):
    """Draws every weight towards three, and remembers its batches."""

    def objective(self, view):
        self.batches, self.epochs = [], []

        def loss(batch):
            self.batches.append(batch)
            return sum((weights - 3).square().mean() for weights in self.network.parameters())

        return Objective(loss, on_epoch_end=self.epochs.append)


def plan(count, size, iterations, seed=0):
    return Plan(torch.arange(count), size, iterations, seed, "steps")


def test_iterations_batches_and_epochs_are_as_asked():
    method = fitted(Weight, features(10), iterations=7, batch_size=4)
    assert len(method.batches) == 7 and {len(batch.indices) for batch in method.batches} == {4}
    assert method.epochs == [1, 2, 3, 4]
    assert [batch.epoch for batch in method.batches] == [0, 0, 1, 1, 2, 2, 3]
    assert not set(method.batches[0].indices.tolist()) & set(method.batches[1].indices.tolist())


def test_a_batch_larger_than_the_collection_is_the_collection():
    method = fitted(Weight, features(5), iterations=2, batch_size=256)
    assert [sorted(batch.indices.tolist()) for batch in method.batches] == [[0, 1, 2, 3, 4]] * 2


def test_every_image_is_used_once_an_epoch():
    steps = [part for _, part in plan(12, 4, 6).batches(0)]
    assert sorted(torch.cat(steps[:3]).tolist()) == sorted(torch.cat(steps[3:]).tolist()) == [*range(12)]
    assert not torch.equal(torch.cat(steps[:3]), torch.cat(steps[3:]))


@pytest.mark.parametrize("start", [0, 1, 3, 4, 6])
def test_a_plan_goes_on_wherever_it_is_taken_up(start):
    whole, rest = [*plan(11, 4, 7).batches(0)], [*plan(11, 4, 7).batches(start)]
    assert [number for number, _ in rest] == [*range(start, 7)]
    assert all(torch.equal(a, b) for (_, a), (_, b) in zip(whole[start:], rest, strict=True))


def test_the_seed_settles_everything_and_nothing_else_moves():
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    one = fitted(dropout=0.5).state()
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    assert equal(fitted(dropout=0.5).state(), one)
    assert not equal(fitted(dropout=0.5, seed=1).state(), one)


def first_step(rate, **options):
    """How far each weight goes in one step of Adam: as far as its learning rate."""
    before, after = (
        fitted(Weight, iterations=1, learning_rate=chosen, **options).state() for chosen in (1e-12, rate)
    )
    return {name: np.abs(after[name] - before[name]).mean() for name in before if name != "width"}


def test_rates_are_multiplied_rise_and_fall(monkeypatch):
    steps = first_step(0.01)
    assert all(step == pytest.approx(0.01, rel=1e-3) for step in steps.values())

    class Tenfold(Weight):
        def objective(self, view):
            plain = super().objective(view)
            return Objective(plain.loss, multiplier=lambda name: 10.0 if name.endswith("bias") else 1.0)

    def moved(**options):
        one = fitted(Tenfold, learning_rate=1e-12, iterations=1).state()
        other = fitted(Tenfold, **options).state()
        return {name: np.abs(other[name] - one[name]).max() for name in one}

    step = moved(iterations=1, learning_rate=0.01)
    assert step["head.4.bias"] == pytest.approx(0.1, rel=1e-2)
    assert step["head.4.weight"] == pytest.approx(0.01, rel=1e-2)
    halved = moved(iterations=50, learning_rate=0.01, decay=0.5, decay_every=1)
    assert halved["head.4.weight"] <= 0.02 + 1e-5
    risen = moved(iterations=3, learning_rate=0.01, warmup=3)
    assert risen["head.4.weight"] == pytest.approx(0.02, rel=0.05)


def test_a_cosine_ends_near_zero():
    schedule = Schedule(100, 8, 0.1, shape="cosine")
    assert schedule.factor(0) == 1 and schedule.factor(99) < 1e-3
    assert all(schedule.factor(i) > schedule.factor(i + 1) for i in range(99))


@pytest.mark.parametrize("parts", [2, 3, 8])
def test_parts_of_a_batch_give_the_gradient_of_the_whole(parts):
    """The loss compares all pairs of the batch: it is no mean over parts."""
    (one, losses), (other, found) = curve(), curve(accumulate=parts)
    assert found == pytest.approx(losses, abs=1e-6)
    for name, array in one.state().items():
        assert np.allclose(other.state()[name], array, atol=2e-5), name


def test_parts_draw_the_same_dropout_with_and_without_a_graph():
    one, other = (fitted(accumulate=2, dropout=0.5).state() for _ in range(2))
    assert equal(one, other)


def test_the_average_of_the_weights_is_kept_where_it_is_asked_for():
    averaged = fitted(Weight, iterations=3, ema=0.5).state()
    weights = [fitted(Weight, iterations=n).state() for n in (1, 2, 3)]
    for name in averaged:
        by_hand = 0.5 * (0.5 * weights[0][name] + 0.5 * weights[1][name]) + 0.5 * weights[2][name]
        assert np.allclose(averaged[name], by_hand, atol=1e-6)


class Overfits(Crowd):
    """Learns by heart: what is set apart is judged worse from the fifth epoch on."""

    def objective(self, view):
        self.judged = []

        def loss(batch):
            if self.network.training:
                return batch.output.square().mean()
            self.judged.append(sorted(batch.indices.tolist()))
            return batch.output.square().mean() * 0 + abs(batch.epoch - 4)

        return Objective(loss)


def test_training_stops_early_and_goes_back_to_the_best():
    settings = {"batch_size": 8, "validation": 0.25, "patience": 3}
    log = LoggedProgress(SilentProgress())
    method = fitted(Overfits, iterations=1000, progress=log, **settings)
    assert [point["validation loss"] for point in log.points] == [3, 2, 1, 0, 1, 2, 3]
    best = fitted(Overfits, iterations=4 * 4, **settings)
    assert equal(method.state(), best.state())
    apart = set(chain(*method.judged[:2]))
    assert len(apart) == IMAGES // 4 and set(chain(*method.judged)) == apart


def test_what_is_set_apart_is_never_trained_on():
    method = fitted(Weight, validation=0.25, iterations=50)
    trained = {
        index for batch in method.batches if batch.output.requires_grad for index in batch.indices.tolist()
    }
    judged = {
        index
        for batch in method.batches
        if not batch.output.requires_grad
        for index in batch.indices.tolist()
    }
    assert len(trained) == 36 and len(judged) == 12 and not trained & judged


def test_a_judgement_leaves_no_trace_in_what_a_loss_remembers():
    method = fitted(validation=0.25, iterations=9, batch_size=12)
    assert int(method.seen.num_batches_tracked) == 9


def test_every_epoch_says_how_fast_it_was_and_what_it_waited_for():
    log = LoggedProgress(SilentProgress())
    fitted(progress=log, iterations=12, warmup=2)
    assert [point["epoch"] for point in log.points] == [1, 2]
    for point in log.points:
        assert point["images/s"] > 0 and point["loader images/s"] > 0 and point["memory MiB"] > 1
        assert 0 <= point["busy"] <= 1 and point["learning rate"] == 0.01
    assert "epoch 1, iteration 6: loss " in log.lines[0] and "images/s " in log.lines[0]


def test_stages_see_what_was_trained_before_them():
    method = fitted(TwoStages)
    assert method.between != method.after


def test_bf16_and_channels_last_and_determinism_are_settings_that_do_not_outlast_the_fit():
    flags = torch.get_float32_matmul_precision(), torch.are_deterministic_algorithms_enabled()
    (plain, losses), (half, found) = curve(), curve(precision="bf16", deterministic=True)
    assert found != losses and found == pytest.approx(losses, rel=0.05)
    assert half.embed(view().images).dtype == np.float32
    assert flags == (torch.get_float32_matmul_precision(), torch.are_deterministic_algorithms_enabled())
    assert equal(plain.state(), fitted(precision="tf32").state())


def test_a_network_with_nothing_to_train_is_refused():
    class Frozen(Weight):
        def build(self, width):
            return super().build(width).requires_grad_(False)

    with pytest.raises(ConfigError, match="no weight is left to train. Expected one or more"):
        fitted(Frozen)


@pytest.mark.parametrize("worst", [float("inf"), float("nan")])
def test_a_loss_that_explodes_says_so(worst):
    class Wild(Weight):
        def objective(self, view):
            return Objective(lambda batch: batch.output.sum() * worst)

    with pytest.raises(DataError, match=f"the loss became -?{worst}. Lower the learning rate"):
        fitted(Wild)


def test_what_a_method_gives_wrongly_is_said_in_one_line():
    class Rows(Weight):
        def objective(self, view):
            return Objective(lambda batch: batch.output.sum(dim=1))

    class Short(Weight):
        def objective(self, view):
            return Objective(lambda batch: batch.output.sum(), targets={"tags": np.zeros((3, 2))})

    class Nothing(Weight):
        objective = DeepHash.objective

    with pytest.raises(PluginError, match=r"the loss has shape \(8,\). Expected a scalar"):
        fitted(Rows)
    with pytest.raises(
        PluginError, match="target 'tags' has 3 rows, for 48 images. Expected a row an image"
    ):
        fitted(Short)
    with pytest.raises(PluginError, match="has no objective. Expected one, or stages"):
        fitted(Nothing)


def test_too_few_images_are_refused():
    with pytest.raises(DataError, match="1 image to learn from. Expected two or more"):
        fitted(rows=features(1))
    with pytest.raises(DataError, match="1 image to learn from"):
        fitted(rows=features(2), validation=0.5)


@pytest.mark.slow
def test_a_compiled_network_gives_what_the_plain_one_gives():
    # In a process of its own: the compiler looks at all modules that there are, and stumbles over some.
    code = "import json, small_networks as s; m, losses = s.curve(compile=True); "
    code += "print(json.dumps([losses, sorted(m.state())]))"
    where = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=where, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    plain, losses = curve()
    found, names = json.loads(done.stdout.splitlines()[-1])
    assert found == pytest.approx(losses, rel=1e-4) and names == sorted(plain.state())


def test_modules_are_moved_and_kept_by_the_harness():
    method = fitted()
    assert isinstance(method.seen, nn.BatchNorm1d) and int(method.seen.num_batches_tracked) == 15
