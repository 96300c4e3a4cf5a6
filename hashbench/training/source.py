"""From images to what a network is given: features as they were cached, or pixels, augmented on the device.

B = images of a batch, N = images, F = feature dimensions, S = side of an image, s = side of a crop.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import nn

from hashbench.data.views import ImageView
from hashbench.errors import ConfigError
from hashbench.features.backbone import Backbone
from hashbench.training.augmentation import crops, draw, views
from hashbench.training.config import HarnessConfig


@dataclass(frozen=True)
class Source:
    """Reads images, and makes of them what the network is given.

    Attributes:
        config: What is done to pixels.
        backbone: What features come from where pixels come in.
        device: Where the network computes.
        finetunes: Whether the backbone is a part of the network that trains; else it is frozen, and here.
        seed: What is random follows it.
    """

    config: HarnessConfig
    backbone: Backbone | None
    device: torch.device
    finetunes: bool
    seed: int

    @property
    def reads_pixels(self) -> bool:
        """Whether pixels come in, and not features."""
        return self.finetunes or self.config.augment != "none"

    def width(self, images: ImageView) -> int:
        """F."""
        return self._pretrained.DIM if self.reads_pixels else int(images.features.shape[1])

    def read(self, images: ImageView, places: np.ndarray | slice) -> torch.Tensor:
        """Rows of the cache: features float32 (B, F), or pixels uint8 (B, S, S, 3), in memory."""
        rows = images.pixels[places] if self.reads_pixels else images.features[places]
        # The cache is read-only, and torch wants memory that it may write to.
        return torch.from_numpy(rows if rows.flags.writeable and rows.flags.owndata else np.array(rows))

    def training(self, rows: torch.Tensor, purpose: str, first: int, count: int) -> torch.Tensor:
        """What the network is given of one view of some images, features (B, F) or pixels (B, 3, s, s).

        Args:
            rows: What was read, on the device.
            purpose: Whose view it is: what is drawn follows it.
            first: Place of the first of them in the whole batch, ...
            count: ... and how many images that has.
        """
        if not self.reads_pixels:
            return rows
        pixels = self._ordered(rows)
        if self.config.augment == "crop":
            given = crops(pixels, self.side, draw(count, self.seed, purpose)[first : first + len(rows)])
        elif self.config.augment == "views":
            given = views(pixels, self.side, self.seed, purpose, first)
        else:
            given = self._middle(pixels)
        return self.features(given)

    def evaluation(self, rows: torch.Tensor) -> list[torch.Tensor]:
        """The same of images as they are: one, or one for each of ten crops."""
        if not self.reads_pixels:
            return [rows]
        from torchvision.transforms.v2.functional import ten_crop  # noqa: PLC0415 - loads slowly

        pixels = self._ordered(rows)
        several = self.config.ten_crop and pixels.shape[-1] > self.side
        parts = ten_crop(pixels, [self.side] * 2) if several else [self._middle(pixels)]
        return [self.features(part) for part in parts]

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels as they are where the backbone is a part of the network, else its features (B, F)."""
        if self.finetunes:
            return pixels
        with torch.no_grad():
            features: torch.Tensor = self.frozen(pixels)
        return features

    @property
    def side(self) -> int:
        """S."""
        return self.config.crop or self._pretrained.CROP

    def body(self) -> nn.Module:
        """The backbone's network, with its own weights."""
        return self._pretrained.network()

    @cached_property
    def frozen(self) -> nn.Module:
        """The backbone's network where it does not train: made once, as its weights are read for it."""
        return self.body().eval().requires_grad_(False).to(self.device)

    @property
    def _pretrained(self) -> Backbone:
        """The backbone.

        Raises:
            ConfigError: There is none.
        """
        if self.backbone is None:
            raise ConfigError(
                "training on pixels needs a backbone. Expected one in the method's context, or settings "
                "that leave pixels alone (augment=none)."
            )
        return self.backbone

    def _ordered(self, rows: torch.Tensor) -> torch.Tensor:
        """Pixels uint8 (B, 3, S, S) of rows (B, S, S, 3), in memory as the settings ask for."""
        pixels = rows.permute(0, 3, 1, 2)
        return pixels if self.config.channels_last else pixels.contiguous()

    def _middle(self, pixels: torch.Tensor) -> torch.Tensor:
        from torchvision.transforms.v2.functional import center_crop  # noqa: PLC0415 - loads slowly

        middle: torch.Tensor = center_crop(pixels, [self.side] * 2)
        return middle
