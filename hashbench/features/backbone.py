"""The contract of a backbone: a pretrained network that turns pixels into features.

B = batch, S = side, F = feature dimensions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hashbench import fingerprint
from hashbench.errors import WeightsError, reason

if TYPE_CHECKING:
    from torch import nn


class Backbone(ABC):
    """A pretrained network by name; plugins return subclasses from `hashbench_backbones`.

    Attributes:
        PLUGIN_NAME: What the user types after `--backbone`.
        VERSION: Raised whenever the same weights and pixels would give other features.
        DESCRIPTION: One line for people.
        DIM: F, the width of the features.
        SIDE: Images are decoded to squares of this side, in pixels.
        CROP: The side of the part that the network sees; for frozen features, the middle.
        MEAN, STD: Per-channel normalisation of pixels scaled to 0 ... 1.
        IS_DEFAULT: Whether a run without `--backbone` uses it.
    """

    PLUGIN_NAME: ClassVar[str]
    VERSION: ClassVar[int] = 1
    DESCRIPTION: ClassVar[str]
    DIM: ClassVar[int]
    SIDE: ClassVar[int]
    CROP: ClassVar[int]
    MEAN: ClassVar[tuple[float, float, float]]
    STD: ClassVar[tuple[float, float, float]]
    IS_DEFAULT: ClassVar[bool] = False

    def __init__(self, weights: Path | None = None) -> None:
        """Use the weights file `weights`, or the backbone's own.

        Raises:
            WeightsError: The file that was named does not exist.
        """
        if weights is not None and not weights.is_file():
            raise WeightsError(
                f"backbone {self.PLUGIN_NAME!r}: weights file {str(weights)!r} does not exist. "
                "Expected a PyTorch state dict (.pth, .pt) or a .safetensors file."
            )
        self._named_weights = weights

    @abstractmethod
    def own_weights(self) -> Path:
        """The file of the backbone's own pretrained weights, fetched if need be.

        Raises:
            WeightsError: It is not here and cannot be fetched.
        """

    def weights_here(self) -> Path | None:
        """The file of its own weights if it is on this machine, None where a run would fetch it.

        Nothing is fetched. A backbone need not tell: then only `own_weights` knows.

        Raises:
            NotImplementedError: It does not tell.
            WeightsError: It is not here, and nothing would be fetched.
        """
        raise NotImplementedError(f"backbone {self.PLUGIN_NAME!r} does not tell where its weights are")

    @abstractmethod
    def build(self, state: dict[str, Any]) -> nn.Module:
        """A network from float (B, 3, CROP, CROP) to (B, F) that holds these weights.

        Raises:
            RuntimeError, KeyError: The weights do not fit.
        """

    @property
    def weights(self) -> Path:
        """The weights file in use."""
        return self._named_weights or self.own_weights()

    def identity(self) -> dict[str, Any]:
        """All that features depend on besides the pixels; part of cache and run keys."""
        return {
            "name": self.PLUGIN_NAME,
            "version": self.VERSION,
            "weights": fingerprint.of_file(self.weights),
            "side": self.SIDE,
            "crop": self.CROP,
            "mean": list(self.MEAN),
            "std": list(self.STD),
        }

    def network(self) -> nn.Module:
        """The network from uint8 (B, 3, s, s) to features (B, F), normalising inside.

        Raises:
            WeightsError: The file cannot be read or does not fit the architecture.
        """
        from hashbench.features.network import Normalised, read_state  # noqa: PLC0415

        path = self.weights
        try:
            body = self.build(read_state(path))
        except Exception as error:  # torch and safetensors raise many kinds for a damaged file
            raise WeightsError(
                f"backbone {self.PLUGIN_NAME!r}: weights file {str(path)!r} cannot be used "
                f"({reason(error)}). Expected a state dict of that architecture."
            ) from error
        return Normalised(body, self.MEAN, self.STD)
