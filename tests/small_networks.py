"""Small network methods on made features, for the tests of the harness; processes can import them."""

import numpy as np
from torch import nn

from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.methods.method import Context
from hashbench.progress import LoggedProgress, SilentProgress
from hashbench.training.config import DeepConfig
from hashbench.training.deep import DeepHash
from hashbench.training.objective import Objective, Stage
from hashbench.training.schedule import Schedule

WIDTH, BITS, IMAGES = 12, 8, 48


class Crowd(DeepHash):
    """A loss of all pairs of a batch, on two views, with weights of its own and a memory."""

    PLUGIN_NAME = "crowd"
    DESCRIPTION = "cosines of outputs are those of features"
    SUPERVISION = Supervision.NONE
    VIEWS = 2

    def objective(self, view):
        scale = nn.Linear(BITS, BITS)
        self.seen = nn.BatchNorm1d(BITS)  # counts its batches
        self.losses = []

        def loss(batch):
            one, other = (nn.functional.normalize(scale(outputs)) for outputs in batch.outputs)
            rows = nn.functional.normalize(batch.features)
            value = (one @ other.T - rows @ rows.T).square().mean() + 0.1 * batch.targets["mean"].var()
            self.seen(batch.output.detach())
            self.losses.append(value.item())
            return value

        return Objective(
            loss, targets={"mean": view.images.features.mean(axis=1)}, modules=[scale, self.seen]
        )


class TwoStages(Crowd):
    """Learns to give the features' means first, and keeps what it found for the second stage."""

    PLUGIN_NAME = "two-stages"

    def stages(self, view):
        self.network = self.fresh(view.images)
        means = view.images.features.mean(axis=1)

        def first(batch):
            return (batch.output[:, 0] - batch.targets["means"]).square().mean()

        aim = Objective(first, targets={"means": means})
        yield Stage(view.images, aim, Schedule(10, 8, 0.01), "first")
        self.between = self.outputs(view.images).mean()
        for parameter in self.network.head[-1].parameters():
            parameter.data += self.between
        yield Stage(view.images, self.objective(view), Schedule.of(self.config), "second")
        self.after = self.outputs(view.images).mean()


class Exploding(Crowd):
    """Its loss is infinite at once."""

    PLUGIN_NAME = "exploding"

    def objective(self, view):
        return Objective(lambda batch: batch.output.sum() / 0)


def features(count=IMAGES, seed=0):
    """Read-only, as views have them."""
    made = np.random.default_rng(seed).standard_normal((count, WIDTH)).astype(np.float32)
    made.flags.writeable = False
    return made


def view(rows=None):
    """A view of features without any supervision."""
    rows = features() if rows is None else rows
    return TrainView(
        ImageView(features=rows),
        Supervision.NONE,
        load_tags=lambda: None,
        load_web=lambda: None,
        load_labels=lambda: None,
    )


def made(cls=Crowd, *, progress=None, seed=0, devices=1, checkpoint=None, backbone=None, **settings):
    """A method that is not fitted yet."""
    chosen = {"iterations": 15, "batch_size": 8, "hidden": 6, "learning_rate": 0.01, **settings}
    context = Context(
        bits=BITS,
        seed=seed,
        devices=devices,
        checkpoint=checkpoint,
        backbone=backbone,
        progress=progress or SilentProgress(),
    )
    return cls(DeepConfig(**chosen), context)


def fitted(cls=Crowd, rows=None, **options):
    """A fitted method."""
    method = made(cls, **options)
    method.fit(view(rows))
    return method


def curve(cls=Crowd, rows=None, **options):
    """A fitted method, and its losses epoch by epoch."""
    log = LoggedProgress(SilentProgress())
    method = fitted(cls, rows, progress=log, **options)
    return method, [point["loss"] for point in log.points]


def equal(one, other):
    """Whether two states are the same to the last bit."""
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)
