"""torchvision's networks for classification, up to the layer before the last linear one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hashbench.errors import ConfigError
from hashbench.features.backbone import Backbone
from hashbench.features.family import BackboneFamily
from hashbench.features.fetching import at_address, from_address

if TYPE_CHECKING:
    from torch import nn

# The DenseNets were published when modules could still have a dot in their names.
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")
# Classifiers on the way, which only the networks' first training used, with torchvision's names for them.
_AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")


class TorchvisionBackbone(Backbone):
    """A torchvision network with its `weights="DEFAULT"`, which are fetched on first use."""

    ARCHITECTURE: ClassVar[str]
    SIDE = 256
    CROP = 224
    MEAN = (0.485, 0.456, 0.406)
    STD = (0.229, 0.224, 0.225)

    def own_weights(self) -> Path:
        """The file in torch's hub folder, downloaded and checked against the hash in its name."""
        return from_address(self.PLUGIN_NAME, self._address())

    def weights_here(self) -> Path | None:
        """The file in torch's hub folder."""
        return at_address(self._address())

    def _address(self) -> str:
        """Where torchvision publishes them."""
        from torchvision import models  # noqa: PLC0415

        address: str = models.get_model_weights(self.ARCHITECTURE).DEFAULT.url
        return address

    def build(self, state: dict[str, Any]) -> nn.Module:
        """Torchvision's architecture with these weights, its classifier cut off."""
        network = _network(self.ARCHITECTURE, self.CROP)
        name, _ = _cut(network)
        dropped = (f"{name}.", *_AUXILIARY)
        for key in [*state]:
            tensor = state.pop(key)
            if not key.startswith(dropped):
                state[_OLD_DENSENET.sub(r"\1\2.", key)] = tensor
        network.load_state_dict(state)
        return network


class AlexNet(TorchvisionBackbone):
    """Krizhevsky's one-tower AlexNet (2014), without local response normalisation."""

    PLUGIN_NAME = "alexnet"
    ARCHITECTURE = "alexnet"
    DESCRIPTION = "torchvision AlexNet, fc7"
    DIM = 4096


class VGG16(TorchvisionBackbone):
    """VGG-16 (Simonyan and Zisserman, 2015)."""

    PLUGIN_NAME = "vgg16"
    ARCHITECTURE = "vgg16"
    DESCRIPTION = "torchvision VGG-16, fc7"
    DIM = 4096


class ResNet18(TorchvisionBackbone):
    """ResNet-18 (He et al., 2016)."""

    PLUGIN_NAME = "resnet18"
    ARCHITECTURE = "resnet18"
    DESCRIPTION = "torchvision ResNet-18, pooled"
    DIM = 512


class ResNet50(TorchvisionBackbone):
    """ResNet-50 (He et al., 2016)."""

    PLUGIN_NAME = "resnet50"
    ARCHITECTURE = "resnet50"
    DESCRIPTION = "torchvision ResNet-50, pooled"
    DIM = 2048


class Torchvision(BackboneFamily):
    """`torchvision/NAME`: every network for classification, shown what its default weights expect."""

    PLUGIN_NAME = "torchvision"
    DESCRIPTION = "any classification network of torchvision that ends in a linear layer"

    def backbone(self, name: str) -> type[Backbone]:
        """The network of that name in `torchvision.models`."""
        from torchvision import models  # noqa: PLC0415

        from hashbench.features.network import outline  # noqa: PLC0415

        classifiers = models.list_models(module=models)
        if name not in classifiers:
            if name in models.list_models():
                raise ConfigError(
                    f"torchvision model {name!r} is made for another task, or quantized. "
                    "Expected a plain network for the classification of images."
                )
            raise self.unknown(name, classifiers)
        expected = models.get_model_weights(name).DEFAULT.transforms()
        (side,), (crop,) = expected.resize_size, expected.crop_size
        _, dim = _cut(outline(lambda: _network(name, crop)))

        class Network(TorchvisionBackbone):
            """That network."""

            PLUGIN_NAME = f"{self.PLUGIN_NAME}/{name}"
            ARCHITECTURE = name
            DESCRIPTION = f"torchvision {name}, before its last linear layer"
            DIM = dim
            SIDE = side
            CROP = crop
            MEAN = tuple(expected.mean)
            STD = tuple(expected.std)

        return Network


def _network(name: str, crop: int) -> nn.Module:
    """The architecture as torchvision builds it for pretrained weights, which differs from its default."""
    from torchvision import models  # noqa: PLC0415

    arguments: dict[str, Any] = {}
    if name in ("googlenet", "inception_v3"):
        arguments = {"aux_logits": False, "init_weights": False, "transform_input": True}
    elif name.startswith("vit_"):
        arguments = {"image_size": crop}
    network: nn.Module = models.get_model(name, weights=None, **arguments)
    return network


def _cut(network: nn.Module) -> tuple[str, int]:
    """Put the identity in the place of the last linear layer.

    Returns:
        The layer's name, and the width of what it took.

    Raises:
        ConfigError: The network has none.
    """
    from torch import nn  # noqa: PLC0415

    linear = [(name, layer) for name, layer in network.named_modules() if isinstance(layer, nn.Linear)]
    if not linear:
        raise ConfigError(
            f"{type(network).__name__} of torchvision ends in no linear layer. "
            "Expected a network whose features are what its last linear layer takes."
        )
    name, layer = linear[-1]
    network.set_submodule(name, nn.Identity())
    return name, layer.in_features
