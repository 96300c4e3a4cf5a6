"""The contract of a method: from training images and weak supervision to compact codes.

N = images, D = embedding dimensions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from hashbench.codes.storage import Codes
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import ConfigError
from hashbench.features.backbone import Backbone
from hashbench.methods.checkpoint import Checkpoint
from hashbench.methods.config import MethodConfig, Preset
from hashbench.progress import Progress, SilentProgress
from hashbench.tags.table import TagTable

if TYPE_CHECKING:
    from torch import nn

Inputs = Literal["features", "pixels"]


@dataclass(frozen=True)
class Context:
    """What a run lends to a method.

    Attributes:
        bits: The budget, bits an item.
        seed: The one seed that everything random is derived from.
        device: Where to compute, as torch names it.
        devices: How many of these share the training of a network.
        checkpoint: Where the harness keeps how far training is; None where it need not.
        backbone: The pretrained network, for methods that train it further.
        progress: Where to report long work and what is worth logging.
    """

    bits: int
    seed: int = 0
    device: str = "cpu"
    devices: int = 1
    checkpoint: Checkpoint | None = None
    backbone: Backbone | None = None
    progress: Progress = field(default_factory=SilentProgress)


class Method(ABC):
    """A way of learning codes; plugins return subclasses from the hook `hashbench_methods`.

    A complete one, random hyperplanes:

        class Lsh(Method):
            PLUGIN_NAME = "lsh"
            DESCRIPTION = "signs of random projections"
            SUPERVISION = Supervision.NONE

            def fit(self, view):
                features = view.images.features
                rng = np.random.default_rng(self.context.seed)
                self.planes = rng.standard_normal((features.shape[1], self.context.bits))
                self.mean = features.mean(axis=0)

            def embed(self, images):
                return ((images.features - self.mean) @ self.planes).astype(np.float32)

            def quantize(self, embeddings):
                return BinaryCodes.from_signs(embeddings)

            def state(self):
                return {"planes": self.planes, "mean": self.mean}

            def load_state(self, state):
                self.planes, self.mean = state["planes"], state["mean"]

    Attributes:
        PLUGIN_NAME: What the user types after `--method`.
        VERSION: Raised whenever the same settings would give other codes.
        DESCRIPTION: One line for `hashbench methods`.
        SUPERVISION: The one kind of supervision that `fit` may see.
        RANDOM: False where the same view gives the same codes whatever the seed: all seeds are one run.
        Config: The method's settings.
        PRESETS: Named settings; the first is the default.
    """

    PLUGIN_NAME: ClassVar[str]
    VERSION: ClassVar[int] = 1
    DESCRIPTION: ClassVar[str]
    SUPERVISION: ClassVar[Supervision]
    RANDOM: ClassVar[bool] = True
    Config: ClassVar[type[MethodConfig]] = MethodConfig
    PRESETS: ClassVar[Mapping[str, Preset]] = {"default": Preset("the settings of the Config class")}

    def __init__(self, config: MethodConfig, context: Context) -> None:
        if context.bits <= 0 or context.bits % 8:
            raise ConfigError(f"bits={context.bits}: Expected a positive multiple of 8.")
        self.config: Any = config
        self.context = context

    @property
    def inputs(self) -> Inputs:
        """Whether the method works on frozen features or on pixels; may depend on its settings."""
        return "features"

    def bits_for(self, width: int) -> int:
        """Bits an item that codes take for features of `width` dimensions: the budget, unless overridden.

        Codes are held to it. A run whose codes take what they take, floats for instance, is one run
        whatever budget, which stays in `context.bits`, was asked for. On pixels, `width` is the
        backbone's.
        """
        return self.context.bits

    def sources(self) -> dict[str, str]:
        """Content hashes of files that the settings name (word vectors, say): part of a run's key."""
        return {}

    def prepare(self) -> None:  # noqa: B027 - most methods have nothing to do
        """Import what `fit` needs, where that is slow: time and memory of training count from here."""

    @abstractmethod
    def fit(self, view: TrainView[TagTable]) -> None:
        """Learn from the training view."""

    @abstractmethod
    def embed(self, images: ImageView) -> np.ndarray:
        """Real vectors float32 (N, D) of images: what `quantize` codes, and a query's float form."""

    @abstractmethod
    def quantize(self, embeddings: np.ndarray) -> Codes:
        """Codes of N embeddings, `context.bits` bits each."""

    def embed_words(self, words: Sequence[str]) -> np.ndarray | None:
        """What is asked for in words, in the space of `embed`: a query without a picture.

        Args:
            words: W queries, normalised as tags are, each of one word or several between spaces; of none,
                the answer has shape (0, D).

        Returns:
            float32 (W, D); None where the method has no words, unless overridden.

        Raises:
            DataError: A word is not known; the message names it.
        """
        return None

    @abstractmethod
    def state(self) -> dict[str, np.ndarray]:
        """Everything that `fit` learnt, as named arrays."""

    @abstractmethod
    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Become the fitted method whose `state()` this was."""

    def encode(self, images: ImageView) -> Codes:
        """Codes of images."""
        return self.quantize(self.embed(images))

    def module(self) -> nn.Module | None:
        """The fitted `embed` as a torch module, so that it can be exported; None where there is none.

        It maps what a view holds, features float32 (B, F) or pixels uint8 (B, S, S, 3), see `inputs`, to
        what `embed` makes of it, float32 (B, D), in evaluation mode.
        """
        return None

    @property
    def trained_parameters(self) -> int:
        """How many numbers `fit` learnt."""
        return sum(array.size for array in self.state().values())
