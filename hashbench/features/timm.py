"""timm's networks, up to the pooled features that its classifier takes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hashbench.errors import ConfigError, WeightsError
from hashbench.features.backbone import Backbone
from hashbench.features.family import BackboneFamily
from hashbench.features.fetching import at_address, from_address, from_hub, in_hub_cache

if TYPE_CHECKING:
    from torch import nn


class TimmBackbone(Backbone):
    """A network of timm with the weights that its name stands for, which are fetched on first use."""

    ARCHITECTURE: ClassVar[str]

    def own_weights(self) -> Path:
        """The file in the cache of the Hugging Face hub, or in torch's where it is published elsewhere."""
        repository, place = self._published()
        if repository:
            return from_hub(self.PLUGIN_NAME, repository, place)
        return from_address(self.PLUGIN_NAME, place)

    def weights_here(self) -> Path | None:
        """The same file, where one of the caches has it."""
        repository, place = self._published()
        return in_hub_cache(repository, place) if repository else at_address(place)

    def _published(self) -> tuple[str, str]:
        """A repository of the hub and the file in it, or no repository and an address.

        Raises:
            WeightsError: There are no weights of that name.
        """
        import timm  # noqa: PLC0415 - seconds to import, as everywhere below

        published = timm.get_pretrained_cfg(self.ARCHITECTURE)
        if published.hf_hub_id:
            return published.hf_hub_id, published.hf_hub_filename or "model.safetensors"
        if published.url:
            return "", published.url
        raise WeightsError(
            f"backbone {self.PLUGIN_NAME!r}: timm publishes no weights of that name. "
            "Expected another name, or a file named with --weights."
        )

    def build(self, state: dict[str, Any]) -> nn.Module:
        """Timm's architecture without a classifier, with these weights as timm itself would load them."""
        import timm  # noqa: PLC0415

        for key in _classifier(self.ARCHITECTURE):
            state.pop(key, None)
        if not state:
            raise KeyError("nothing but a classifier")
        # Without classes on either side timm is strict: it refuses what is missing or left over.
        given = {"state_dict": state, "num_classes": 0}
        network: Any = timm.create_model(
            self.ARCHITECTURE, pretrained=True, num_classes=0, pretrained_cfg_overlay=given
        )
        # They hold a copy of the weights.
        del network.pretrained_cfg, network.default_cfg
        body: nn.Module = network
        return body


class Timm(BackboneFamily):
    """`timm/NAME`: every network of timm that gives one vector for an RGB image."""

    PLUGIN_NAME = "timm"
    DESCRIPTION = "any network of timm that takes square RGB images; the name may end in .TAG"

    def backbone(self, name: str) -> type[Backbone]:
        """The network of that name, with or without the tag of its weights."""
        import timm  # noqa: PLC0415

        known = {*timm.list_models(), *timm.list_pretrained()}
        if name not in known:
            raise self.unknown(name, known)
        expected = timm.data.resolve_data_config(pretrained_cfg=timm.get_pretrained_cfg(name).to_dict())
        channels, height, width = expected["input_size"]
        if channels != 3 or height != width:
            raise ConfigError(
                f"timm model {name!r} takes {height} x {width} pixels of {channels} channels. "
                "Expected one that takes squares of 3 channels."
            )

        class Network(TimmBackbone):
            """That network."""

            PLUGIN_NAME = f"{self.PLUGIN_NAME}/{name}"
            ARCHITECTURE = name
            DESCRIPTION = f"timm {name}, pooled"
            DIM = _width(name, width)
            # A few networks are validated on images with an edge around them, which a crop cannot have.
            SIDE = math.floor(width / min(expected["crop_pct"], 1))
            CROP = width
            MEAN = tuple(expected["mean"])
            STD = tuple(expected["std"])

        return Network


def _outline(name: str, classes: int) -> nn.Module:
    """The architecture without its numbers."""
    import timm  # noqa: PLC0415

    from hashbench.features.network import outline  # noqa: PLC0415

    return outline(lambda: timm.create_model(name, pretrained=False, num_classes=classes))


def _classifier(name: str) -> set[str]:
    """The names of what a classifier adds to the architecture's tensors."""
    return _outline(name, 1000).state_dict().keys() - _outline(name, 0).state_dict().keys()


def _width(name: str, side: int) -> int:
    """F: what comes out for images of that side; the attributes that tell it are not always right.

    Raises:
        ConfigError: That is no vector for each image.
    """
    import torch  # noqa: PLC0415

    with torch.inference_mode(), torch.device("meta"):
        features = _outline(name, 0)(torch.zeros(2, 3, side, side))
    if not isinstance(features, torch.Tensor) or features.ndim != 2:
        raise ConfigError(f"timm model {name!r} gives no vector. Expected one that pools its features.")
    return features.shape[1]
