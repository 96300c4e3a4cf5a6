"""Methods that are a network and a loss: all else that gradient training takes is here, once.

The contract alone: `harness` imports torch, and is not needed to look a finished run up.

N = images, F = feature dimensions, D = embedding dimensions, b = bits.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from hashbench.codes.binary import BinaryCodes
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import PluginError
from hashbench.methods.config import MethodConfig
from hashbench.methods.method import Inputs, Method
from hashbench.tags.table import TagTable
from hashbench.training.config import DeepConfig, HarnessConfig
from hashbench.training.objective import Objective, Stage
from hashbench.training.schedule import Schedule

if TYPE_CHECKING:
    import torch
    from torch import nn

    from hashbench.training.fabric import Fabric
    from hashbench.training.harness import Harness
    from hashbench.training.layers import Network


# In a state, F: what a network was built for.
_WIDTH = "width"


class DeepMethod(Method):
    """A network on the backbone's features, or with it. Subclasses write head, loss, and how it quantizes.

    Attributes:
        VIEWS: How often a loss looks at each image of a batch.
        network: Maps inputs to embeddings (B, D); its `head` is what `build` made. There once `fit` has
            begun.
    """

    Config: ClassVar[type[MethodConfig]] = DeepConfig
    VIEWS: ClassVar[int] = 1
    network: Network
    _harness: Harness | None = None

    def __init_subclass__(cls) -> None:
        """Refuse settings that lack what the harness needs.

        Raises:
            PluginError: `Config` is no `HarnessConfig`.
        """
        if not issubclass(cls.Config, HarnessConfig):
            raise PluginError(
                f"class {cls.__qualname__} has settings {cls.Config.__qualname__}. "
                "Expected a subclass of DeepConfig or HarnessConfig."
            )

    @property
    def finetunes(self) -> bool:
        """Whether the backbone is a part of the network that trains; may depend on the settings."""
        return False

    @property
    def inputs(self) -> Inputs:
        """Pixels where they are augmented or the backbone trains, else frozen features."""
        return "pixels" if self.finetunes or self.config.augment != "none" else "features"

    def prepare(self) -> None:
        """Import torch and what is built on it."""
        import hashbench.training.harness  # noqa: F401, PLC0415

        if self.inputs == "pixels":
            import torchvision.transforms.v2  # noqa: F401, PLC0415

    @abstractmethod
    def build(self, width: int) -> nn.Module:
        """The network's head for features of `width` dimensions, with fresh weights."""

    def objective(self, view: TrainView[TagTable]) -> Objective:
        """The loss of a batch, and what is trained besides the network; see `Objective`."""
        raise PluginError(f"class {type(self).__qualname__} has no objective. Expected one, or stages.")

    def stages(self, view: TrainView[TagTable]) -> Iterator[Stage]:
        """What is trained, one stage after the other; code between and after them sees what was.

        One stage, unless overridden: `objective`, on all training images, as long as the settings say.
        """
        self.network = self.fresh(view.images)
        yield Stage(view.images, self.objective(view), Schedule.of(self.config))

    def fit(self, view: TrainView[TagTable]) -> None:
        """Train the network; weights, batches and dropout follow the seed."""
        if self.context.devices > 1:
            from hashbench.training.processes import fit_side_by_side  # noqa: PLC0415

            self.load_state(fit_side_by_side(self, view))
        else:
            self.fit_here(view)

    def fit_here(self, view: TrainView[TagTable], fabric: Fabric | None = None) -> None:
        """The same in this process, which may be one of several."""
        from hashbench.training.harness import Harness  # noqa: PLC0415

        if fabric:
            self._harness = Harness(self.config, self.context, finetunes=self.finetunes, fabric=fabric)
        self.harness.train(self.stages(view), lambda: self.network, self.VIEWS)

    def embed(self, images: ImageView) -> np.ndarray:
        """The network's outputs, float32 (N, D)."""
        embeddings: np.ndarray = self.outputs(images).cpu().numpy()
        return embeddings

    def fresh(self, images: ImageView) -> Network:
        """The network with fresh weights that follow the seed, for images like these, where it computes."""
        return self.harness.network(self.build, self.harness.source.width(images))

    def outputs(self, images: ImageView, network: nn.Module | None = None) -> torch.Tensor:
        """What the network, or another, makes of images as they are, float32 (N, D), where it computes."""
        return self.harness.outputs(network or self.network, images)

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        """A copy of an array where the network computes."""
        return self.harness.tensor(array)

    def module(self) -> nn.Module:
        """The network, after what its inputs are made by; overridden where `embed` is."""
        from hashbench.training.inference import Applied  # noqa: PLC0415

        return Applied(self.network, self.harness.source).eval()

    @property
    def harness(self) -> Harness:
        """What trains and applies the network: made when it is first needed."""
        from hashbench.training.harness import Harness  # noqa: PLC0415

        if self._harness is None:
            self._harness = Harness(self.config, self.context, finetunes=self.finetunes)
        return self._harness

    def state(self) -> dict[str, np.ndarray]:
        """The network's weights by name."""
        return {name: tensor.cpu().numpy() for name, tensor in self.network.state_dict().items()}

    @property
    def trained_parameters(self) -> int:
        """How many numbers `fit` learnt, or measured: all of the state but the width of features."""
        return sum(array.size for name, array in self.state().items() if name != _WIDTH)

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Build the network again and take its weights back."""
        self.network = self.harness.network(self.build, int(state[_WIDTH]))
        self.network.load_state_dict({name: self.tensor(array) for name, array in state.items()})


class DeepHash(DeepMethod):
    """A network whose outputs' signs are the bits."""

    def build(self, width: int) -> nn.Module:
        """A linear layer, or two with a rectifier between them."""
        from hashbench.training.layers import head  # noqa: PLC0415

        return head(width, self.context.bits, hidden=self.config.hidden, dropout=self.config.dropout)

    def quantize(self, embeddings: np.ndarray) -> BinaryCodes:
        """Their signs."""
        return BinaryCodes.from_signs(embeddings)
