"""torchvision's classic networks, up to the layer before the classifier."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hashbench.errors import WeightsError
from hashbench.features.backbone import Backbone

if TYPE_CHECKING:
    from torch import nn


class TorchvisionBackbone(Backbone):
    """A torchvision network with its `weights="DEFAULT"`, which are fetched on first use."""

    ARCHITECTURE: ClassVar[str]
    SIDE = 256
    CROP = 224
    MEAN = (0.485, 0.456, 0.406)
    STD = (0.229, 0.224, 0.225)

    def own_weights(self) -> Path:
        """The file in torch's hub folder, downloaded and checked against the hash in its name."""
        import torch  # noqa: PLC0415
        from torchvision import models  # noqa: PLC0415

        url = models.get_model_weights(self.ARCHITECTURE).DEFAULT.url
        path = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[1]
        if not path.is_file():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                digest = path.stem.rsplit("-", 1)[1]
                torch.hub.download_url_to_file(url, str(path), hash_prefix=digest)
            except (OSError, RuntimeError) as error:
                raise WeightsError(
                    f"backbone {self.PLUGIN_NAME!r}: no weights at {str(path)!r}, and {url} cannot be "
                    f"fetched ({error}). Put the file there, or name one with --weights."
                ) from error
        return path

    def build(self, state: dict[str, Any]) -> nn.Module:
        """Torchvision's architecture with these weights, its classifier cut off."""
        from torchvision import models  # noqa: PLC0415

        network: nn.Module = models.get_model(self.ARCHITECTURE, weights=None)
        network.load_state_dict(state)
        self.cut(network)
        return network

    @abstractmethod
    def cut(self, network: Any) -> None:
        """Remove the classification layer in place."""


class _Sequential(TorchvisionBackbone):
    """Networks whose classifier is a list of layers; the features are fc7 after its ReLU."""

    DIM = 4096

    def cut(self, network: Any) -> None:
        """Drop fc8."""
        del network.classifier[-1]


class AlexNet(_Sequential):
    """Krizhevsky's one-tower AlexNet (2014), without local response normalisation."""

    PLUGIN_NAME = "alexnet"
    ARCHITECTURE = "alexnet"
    DESCRIPTION = "torchvision AlexNet, fc7"


class VGG16(_Sequential):
    """VGG-16 (Simonyan and Zisserman, 2015)."""

    PLUGIN_NAME = "vgg16"
    ARCHITECTURE = "vgg16"
    DESCRIPTION = "torchvision VGG-16, fc7"


class _Residual(TorchvisionBackbone):
    """Networks that end in average pooling and one linear layer."""

    def cut(self, network: Any) -> None:
        """Replace the linear layer by the identity."""
        from torch import nn  # noqa: PLC0415

        network.fc = nn.Identity()


class ResNet18(_Residual):
    """ResNet-18 (He et al., 2016)."""

    PLUGIN_NAME = "resnet18"
    ARCHITECTURE = "resnet18"
    DESCRIPTION = "torchvision ResNet-18, pooled"
    DIM = 512


class ResNet50(_Residual):
    """ResNet-50 (He et al., 2016)."""

    PLUGIN_NAME = "resnet50"
    ARCHITECTURE = "resnet50"
    DESCRIPTION = "torchvision ResNet-50, pooled"
    DIM = 2048
