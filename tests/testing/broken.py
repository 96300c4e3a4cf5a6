"""A method that keeps the contract, and for each check one that breaks it in that respect alone."""

import random
from typing import ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from hashbench.codes.binary import BinaryCodes
from hashbench.data.supervision import Supervision
from hashbench.methods.config import MethodConfig, Preset
from hashbench.methods.method import Method
from hashbench.training.seeding import numpy_generator


class GoodConfig(MethodConfig):
    """Settings of the good method.

    Attributes:
        steps: How often the planes are turned.
    """

    steps: int = Field(default=4, ge=1)


class Good(Method):
    """Signs of random projections, which are turned a little at every step."""

    PLUGIN_NAME = "good"
    DESCRIPTION = "signs of random projections"
    SUPERVISION = Supervision.NONE
    Config = GoodConfig

    def fit(self, view):
        features = view.images.features
        self.mean = features.mean(axis=0)
        generator = self.generator()
        self.planes = generator.standard_normal((features.shape[1], self.context.bits))
        with self.context.progress.task("turning", self.config.steps) as task:
            for _ in range(self.config.steps):
                self.planes += 0.1 * generator.standard_normal(self.planes.shape)
                task(1)
        self.planes = self.planes.astype(np.float32)

    def generator(self):
        return numpy_generator(self.context.seed, "good")

    def embed(self, images):
        return (images.features - self.mean) @ self.planes

    def quantize(self, embeddings):
        return BinaryCodes.from_signs(embeddings)

    def state(self):
        return {"mean": self.mean, "planes": self.planes}

    def load_state(self, state):
        self.mean, self.planes = state["mean"], state["planes"]


class OnTags(Good):
    SUPERVISION = Supervision.TAGS

    def fit(self, view):
        super().fit(view)
        self.mean = self.mean + np.float32(view.tags.incidence.mean() * 1e-3)


class OnPixels(Good):
    inputs = "pixels"

    def flat(self, images):
        return np.asarray(images.pixels[np.arange(len(images))], dtype=np.float32).reshape(len(images), -1)

    def fit(self, view):
        from hashbench.data.views import ImageView, TrainView

        images = ImageView(features=self.flat(view.images))
        super().fit(TrainView(images, Supervision.NONE, load_tags=list, load_web=list, load_labels=list))

    def embed(self, images):
        return (self.flat(images) - self.mean) @ self.planes


class WrongPreset(Good):
    PRESETS: ClassVar = {"default": Preset("ours"), "paper": Preset("theirs", config={"stepz": 3})}


class LooseConfig(MethodConfig):
    """Settings.

    Attributes:
        steps: How often.
    """

    model_config = ConfigDict(frozen=True, extra="allow")
    steps: int = 4


class TakesAnySetting(Good):
    Config = LooseConfig


class UntypedConfig(MethodConfig):
    """Settings.

    Attributes:
        steps: How often.
        mode: Of whatever type.
    """

    steps: int = 4
    mode: object = None


class TakesAnyValue(Good):
    Config = UntypedConfig


class SilentConfig(MethodConfig):
    """Settings, of which nothing is said."""

    steps: int = 4


class Undocumented(Good):
    Config = SilentConfig


def local_class():
    class Local(Good):
        pass

    return Local


Unpicklable = local_class()


class Crashes(Good):
    def embed(self, images):
        raise IndexError("list index out of range")


class AsksForLabels(Good):
    def fit(self, view):
        super().fit(view)
        self.mean = view.images.features[view.labels[:, 0]].mean(axis=0)


class Doubles(Good):
    def embed(self, images):
        return super().embed(images).astype(np.float64)


class AlwaysSixteen(Good):
    def embed(self, images):
        return super().embed(images)[:, :16]


class Refuses(Good):
    def fit(self, view):
        if self.context.bits < 16:
            raise ZeroDivisionError("division by zero")
        super().fit(view)


class Blind(Good):
    """Codes of a hash of the features: the same for the same picture, and for no other."""

    def embed(self, images):
        keys = [random.Random(row.tobytes()).getrandbits(32) for row in images.features]
        bits = np.array([[key >> i & 1 for i in range(self.context.bits)] for key in keys])
        return bits.astype(np.float32).reshape(len(images), self.context.bits) - 0.5


class Unseeded(Good):
    def generator(self):
        return np.random.default_rng()


class Fixed(Good):
    def generator(self):
        return numpy_generator(0, "fixed")


class NotFixed(Good):
    RANDOM = False


class CentresInPlace(Good):
    def fit(self, view):
        super().fit(view)
        features = view.images.features
        self.writeable = features.flags.writeable
        if self.writeable:
            features -= self.mean


class NeedsToWrite(Good):
    def fit(self, view):
        features = view.images.features
        features += 0
        super().fit(view)


class PreparesToo(Good):
    shift = 0

    def prepare(self):
        self.shift += 1

    def generator(self):
        return numpy_generator(self.context.seed + max(0, self.shift - 1), "good")


class SeedsTheWorld(Good):
    def generator(self):
        np.random.seed(self.context.seed)  # noqa: NPY002
        return np.random


class CentresTheBatch(Good):
    def embed(self, images):
        return (images.features - images.features.mean(axis=0)) @ self.planes


class Counts(Good):
    seen = 0

    def embed(self, images):
        self.seen += len(images)
        return super().embed(images)

    def state(self):
        return {**super().state(), "seen": np.array(self.seen)}


class ComparesAll(Good):
    def quantize(self, embeddings):
        pairs = np.ones((len(embeddings), len(embeddings)), dtype=np.uint8)
        return BinaryCodes.from_signs(embeddings + 0 * pairs[:1, :1])


class KeepsText(Good):
    def state(self):
        return {**super().state(), "name": "good"}

    def load_state(self, state):
        super().load_state({"mean": state["mean"], "planes": state["planes"]})


class KeepsNoNumber(Good):
    def state(self):
        return {**super().state(), "scale": np.array([np.inf])}


class Forgets(Good):
    def state(self):
        return {"mean": self.mean}

    def load_state(self, state):
        self.mean = state["mean"]
        self.planes = (
            self.generator().standard_normal((len(self.mean), self.context.bits)).astype(np.float32)
        )


class TrustsOrder(Good):
    def load_state(self, state):
        self.mean, self.planes = state.values()


class DeniesLearning(Good):
    trained_parameters = 0


class HalfAParameter(Good):
    trained_parameters = 0.5


class LeavesASwitch(Good):
    def fit(self, view):
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(before + 1)
        super().fit(view)
        torch.set_num_threads(before)


class GoesOn(Good):
    """Takes over from the last fit what it should begin anew."""

    drawn = None

    def generator(self):
        self.drawn = self.drawn or super().generator()
        return self.drawn

    def fit(self, view):
        super().fit(view)
        self.drawn = None


class Swallows(Good):
    def fit(self, view):
        try:
            super().fit(view)
        except BaseException:
            self.planes = None


class FailsOnOne(Good):
    def fit(self, view):
        super().fit(view)
        if len(view) < 2:
            raise ValueError("need at least\ntwo")


class DividesBySpread(Good):
    def fit(self, view):
        super().fit(view)
        self.planes = self.planes / view.images.features.std(axis=0)[:, None]


class NoGpu(Good):
    def fit(self, view):
        if self.context.device != "cpu":
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        super().fit(view)
