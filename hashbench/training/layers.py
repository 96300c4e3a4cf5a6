"""What every network is trained by: its batches, its features, its optimisation.

B = batch, N = images, F = feature dimensions, D = embedding dimensions, s = side of a crop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from hashbench.data.views import ImageView
from hashbench.errors import ConfigError
from hashbench.features.backbone import Backbone
from hashbench.methods.method import Context
from hashbench.training.config import DeepConfig
from hashbench.training.loop import Schedule, train
from hashbench.training.seeding import derive, torch_generator

_BATCH = 256


@dataclass(frozen=True)
class Batch:
    """Some training images, on the device.

    Attributes:
        indices: int64 (B,), on the CPU: their places among the training images.
        views: float32 (B, F) each: the images' features, as often as the method looks at them. Views
            differ where pixels are augmented; else it is for dropout to tell them apart.
    """

    indices: torch.Tensor
    views: tuple[torch.Tensor, ...]

    @property
    def features(self) -> torch.Tensor:
        """The first view."""
        return self.views[0]


@dataclass(frozen=True)
class Objective:
    """What a method minimises.

    Attributes:
        loss: Maps a batch to a scalar.
        modules: What is trained besides the network, and not needed after training.
        on_epoch_end: Called with the number of finished epochs, for alternating optimisation.
    """

    loss: Callable[[Batch], torch.Tensor]
    modules: Sequence[nn.Module] = ()
    on_epoch_end: Callable[[int], None] = lambda epoch: None


@dataclass(frozen=True)
class Source:
    """Where a network's features come from: as they were given, or from pixels by the frozen backbone.

    Attributes:
        device: Where they are wanted.
        backbone: The backbone, where pixels come in.
        body: Its network.
    """

    device: str
    backbone: Backbone | None = None
    body: nn.Module | None = None

    @classmethod
    def of(cls, config: DeepConfig, context: Context) -> Source:
        """The source that the settings ask for.

        Raises:
            ConfigError: Pixels are to be augmented, and there is no backbone for them.
        """
        device, backbone = context.device, context.backbone
        if not config.augment:
            return cls(device)
        if backbone is None:
            raise ConfigError("augment=true needs a backbone. Expected one in the method's context.")
        return cls(device, backbone, backbone.network().eval().requires_grad_(False).to(device))

    def width(self, images: ImageView) -> int:
        """F."""
        return self.backbone.DIM if self.backbone else int(images.features.shape[1])

    def training(self, images: ImageView, batch: torch.Tensor, views: int) -> tuple[torch.Tensor, ...]:
        """Features (B, F) of some training images, once for each view."""
        if self.backbone is None or self.body is None:
            return (self._features(images.features[batch.numpy()]),) * views
        pixels = self._pixels(images.pixels[batch.numpy()])
        augment = _augmentation(self.backbone.CROP)
        crops = (torch.stack([augment(image) for image in pixels]) for _ in range(views))
        with torch.no_grad():
            return tuple(self.body(crop) for crop in crops)

    def evaluation(self, images: ImageView, part: slice) -> torch.Tensor:
        """Features (B, F) of some images as they are."""
        if self.backbone is None or self.body is None:
            return self._features(images.features[part])
        from torchvision.transforms.v2.functional import center_crop  # noqa: PLC0415 - loads slowly

        features: torch.Tensor = self.body(
            center_crop(self._pixels(images.pixels[part]), [self.backbone.CROP] * 2)
        )
        return features

    def _features(self, features: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.array(features)).to(self.device)

    def _pixels(self, pixels: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.array(pixels)).to(self.device).permute(0, 3, 1, 2)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let fresh weights follow the seed, and leave the caller's random state as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "network"))
        yield


def optimise(
    network: nn.Module,
    objective: Objective,
    source: Source,
    *,
    images: ImageView,
    views: int,
    config: DeepConfig,
    context: Context,
) -> None:
    """Train a network, and what its objective trains besides it, on the training images.

    Args:
        network: Is trained, in place.
        objective: What is minimised.
        source: Where features come from.
        images: The training images.
        views: How often the loss looks at each image of a batch.
        config: How long, and how fast.
        context: Seed, device and progress.
    """
    trained = [network, *(module.to(context.device) for module in objective.modules)]
    for module in trained:
        module.train()

    def loss(indices: torch.Tensor) -> torch.Tensor:
        return objective.loss(Batch(indices, source.training(images, indices, views)))

    train(
        [{"params": list(module.parameters())} for module in trained],
        loss,
        Schedule(
            iterations=config.iterations,
            batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            decay=config.decay,
            decay_every=config.decay_every,
            weight_decay=config.weight_decay,
        ),
        count=len(images),
        generator=torch_generator(context.seed, "batches"),
        progress=context.progress,
        on_epoch_end=objective.on_epoch_end,
    )


def embed(network: nn.Module, source: Source, images: ImageView) -> np.ndarray:
    """A network's outputs float32 (N, D) for all images, without dropout or gradients."""
    network.eval()
    with torch.inference_mode():
        parts = [
            network(source.evaluation(images, slice(start, start + _BATCH))).cpu().numpy()
            for start in range(0, len(images), _BATCH)
        ]
    return np.concatenate(parts)


def head(width: int, outputs: int, *, hidden: int = 0, dropout: float = 0.0) -> nn.Sequential:
    """A linear layer from (B, width) to (B, outputs), after a hidden one if its width is not 0."""
    layers: list[nn.Module] = []
    if hidden:
        layers += [nn.Dropout(dropout), nn.Linear(width, hidden), nn.ReLU()]
    return nn.Sequential(*layers, nn.Dropout(dropout), nn.Linear(hidden or width, outputs))


def straight_through(values: torch.Tensor, codes: torch.Tensor | None = None) -> torch.Tensor:
    """Codes of values, of the same shape, through which gradients pass as if they were the values.

    Args:
        values: Outputs of a network.
        codes: What they become; their signs, minus and plus one, if nothing else is given.
    """
    given = torch.where(values > 0, 1.0, -1.0).to(values.dtype) if codes is None else codes
    # In this order the result is a code to the last bit, whatever the values.
    return given.detach() + (values - values.detach())


def _augmentation(side: int) -> Callable[[Any], torch.Tensor]:
    """What two views of an image may differ in, in the manner of SimCLR (Chen et al., ICML 2020).

    Weaker than there, as hashing has it: the values are those of CIBHash's and MeCoQ's authors.
    """
    from torchvision.transforms import v2  # noqa: PLC0415 - loads slowly

    augment: Callable[[Any], torch.Tensor] = v2.Compose(
        [
            v2.RandomResizedCrop(side, scale=(0.5, 1.0), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.7),
            v2.RandomGrayscale(p=0.2),
            v2.RandomApply([v2.GaussianBlur(3, sigma=(0.1, 2.0))], p=0.5),
        ]
    )
    return augment
