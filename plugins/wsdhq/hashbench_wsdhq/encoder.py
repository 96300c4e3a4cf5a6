"""From images to embeddings: a head on frozen features, or backbone and head on pixels.

B = batch, N = images, F = feature dimensions, D = embedding dimensions, s = side of a crop.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from torch import nn

from hashbench.data.views import ImageView
from hashbench.features.backbone import Backbone
from hashbench_wsdhq.config import WSDHQConfig
from hashbench_wsdhq.network import Head

_BATCH = 256


class Encoder(nn.Module):
    """Maps images to embeddings r; what it was built on decides what it reads of them."""

    device: torch.device | str = "cpu"

    @abstractmethod
    def training_batch(self, images: ImageView, batch: torch.Tensor) -> torch.Tensor:
        """Embeddings (B, D) of some training images, augmented, with gradients."""

    @abstractmethod
    def evaluation_batch(self, images: ImageView, batch: slice) -> torch.Tensor:
        """Embeddings (B, D) of some images as they are."""

    def embed(self, images: ImageView) -> torch.Tensor:
        """Embeddings (N, D) of all images, without dropout or gradients."""
        was_training = self.training
        self.eval()
        with torch.inference_mode():
            parts = [
                self.evaluation_batch(images, slice(start, start + _BATCH))
                for start in range(0, len(images), _BATCH)
            ]
        self.train(was_training)
        return torch.cat(parts).clone()


class FeatureEncoder(Encoder):
    """The head alone, on cached features."""

    def __init__(self, head: Head) -> None:
        super().__init__()
        self.head = head

    def training_batch(self, images: ImageView, batch: torch.Tensor) -> torch.Tensor:
        """Dropout is all the augmentation there is."""
        embeddings: torch.Tensor = self.head(self._features(images.features[batch.numpy()]))
        return embeddings

    def evaluation_batch(self, images: ImageView, batch: slice) -> torch.Tensor:
        """The features through the head."""
        embeddings: torch.Tensor = self.head(self._features(images.features[batch]))
        return embeddings

    def _features(self, features: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.array(features)).to(self.device)


class PixelEncoder(Encoder):
    """Backbone and head, both trained; random crops and flips in training, ten crops after it."""

    def __init__(self, backbone: Backbone, head: Head, config: WSDHQConfig, seed: int) -> None:
        super().__init__()
        self.body = backbone.network()
        self.head = head
        self.side = config.crop or backbone.CROP
        self.ten_crop = config.ten_crop
        self.generator = torch.Generator().manual_seed(seed)

    def training_batch(self, images: ImageView, batch: torch.Tensor) -> torch.Tensor:
        """One crop for each image, half of them mirrored (paper: 227 of 256)."""
        pixels = self._pixels(images.pixels[batch.numpy()])
        room = pixels.shape[-1] - self.side + 1
        corners = torch.randint(room, (len(pixels), 2), generator=self.generator).tolist()
        flips = torch.rand(len(pixels), generator=self.generator) < 0.5
        crops = torch.stack(
            [
                image[:, top : top + self.side, left : left + self.side]
                for image, (top, left) in zip(pixels, corners, strict=True)
            ]
        )
        mirrored = torch.where(flips.to(crops.device)[:, None, None, None], crops.flip(-1), crops)
        return self._embed(mirrored)

    def evaluation_batch(self, images: ImageView, batch: slice) -> torch.Tensor:
        """The mean embedding of ten crops, or the embedding of the middle one."""
        # It loads slowly, and training on features does without.
        from torchvision.transforms.v2.functional import center_crop, ten_crop  # noqa: PLC0415

        pixels = self._pixels(images.pixels[batch])
        if not self.ten_crop or pixels.shape[-1] == self.side:
            return self._embed(center_crop(pixels, [self.side] * 2))
        return torch.stack([self._embed(crop) for crop in ten_crop(pixels, [self.side] * 2)]).mean(dim=0)

    def _embed(self, crops: torch.Tensor) -> torch.Tensor:
        embeddings: torch.Tensor = self.head(self.body(crops))
        return embeddings

    def _pixels(self, pixels: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.array(pixels)).to(self.device).permute(0, 3, 1, 2)
