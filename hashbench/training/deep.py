"""Methods that are a network and a loss: all else that gradient training takes is here, once.

The contract alone: `fitting` imports torch, and is not needed to look a finished run up.

N = images, F = feature dimensions, D = embedding dimensions, b = bits.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from hashbench.codes.binary import BinaryCodes
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import PluginError
from hashbench.methods.method import Inputs, Method
from hashbench.tags.table import TagTable
from hashbench.training.config import DeepConfig

if TYPE_CHECKING:
    import torch
    from torch import nn

    from hashbench.training.fitting import Objective, Source


class DeepMethod(Method):
    """A network on the backbone's features. Subclasses write it, its loss, and how it quantizes.

    Attributes:
        VIEWS: How often a loss looks at each image of a batch.
        network: Maps features (B, F) to embeddings (B, D); there once `fit` has called `build`.
    """

    Config = DeepConfig
    VIEWS: ClassVar[int] = 1
    network: nn.Module

    def __init_subclass__(cls) -> None:
        """Refuse settings that lack what every network has.

        Raises:
            PluginError: `Config` is no `DeepConfig`.
        """
        if not issubclass(cls.Config, DeepConfig):
            raise PluginError(
                f"class {cls.__qualname__} has settings {cls.Config.__qualname__}. "
                "Expected a subclass of DeepConfig."
            )

    @property
    def inputs(self) -> Inputs:
        """Pixels where they are augmented, else frozen features."""
        return "pixels" if self.config.augment else "features"

    def prepare(self) -> None:
        """Import torch and what is built on it."""
        import hashbench.training.fitting  # noqa: F401, PLC0415

        if self.config.augment:
            import torchvision.transforms.v2  # noqa: F401, PLC0415

    @abstractmethod
    def build(self, width: int) -> nn.Module:
        """The network for features of `width` dimensions, with fresh weights.

        Its first weight of two axes must be (outputs, width): `load_state` reads the width there.
        """

    @abstractmethod
    def objective(self, view: TrainView[TagTable]) -> Objective:
        """The loss of a batch, and what is trained besides the network; see `fitting.Objective`."""

    def fit(self, view: TrainView[TagTable]) -> None:
        """Train the network; weights, batches and dropout follow the seed."""
        from hashbench.training.fitting import optimise, seeded  # noqa: PLC0415

        source = self._source
        with seeded(self.context.seed):
            self.network = self.build(source.width(view.images)).to(self.context.device)
            objective = self.objective(view)
        optimise(
            self.network,
            objective,
            source,
            images=view.images,
            views=self.VIEWS,
            config=self.config,
            context=self.context,
        )

    def embed(self, images: ImageView) -> np.ndarray:
        """The network's outputs, float32 (N, D)."""
        from hashbench.training.fitting import embed  # noqa: PLC0415

        return embed(self.network, self._source, images)

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        """An array where the network computes."""
        import torch  # noqa: PLC0415

        return torch.from_numpy(np.array(array)).to(self.context.device)

    @cached_property
    def _source(self) -> Source:
        """Where features come from: made once, as a backbone's weights are read for it."""
        from hashbench.training.fitting import Source  # noqa: PLC0415

        return Source.of(self.config, self.context)

    def state(self) -> dict[str, np.ndarray]:
        """The network's weights by name."""
        return {name: tensor.cpu().numpy() for name, tensor in self.network.state_dict().items()}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Build the network again and take its weights back."""
        from hashbench.training.fitting import seeded  # noqa: PLC0415

        width = next(array.shape[1] for array in state.values() if array.ndim == 2)
        with seeded(self.context.seed):
            self.network = self.build(width).to(self.context.device)
        self.network.load_state_dict({name: self.tensor(array) for name, array in state.items()})


class DeepHash(DeepMethod):
    """A network whose outputs' signs are the bits."""

    def build(self, width: int) -> nn.Module:
        """A linear layer, or two with a rectifier between them."""
        from hashbench.training.fitting import head  # noqa: PLC0415

        return head(width, self.context.bits, hidden=self.config.hidden, dropout=self.config.dropout)

    def quantize(self, embeddings: np.ndarray) -> BinaryCodes:
        """Their signs."""
        return BinaryCodes.from_signs(embeddings)
