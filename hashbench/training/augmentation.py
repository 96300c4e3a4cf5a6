"""What is done to pixels at random, on the device: crops and mirror images, or whole views.

B = batch, S = side of an image, s = side of a crop.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch

from hashbench.training.seeding import reseed, torch_generator


def crops(pixels: torch.Tensor, side: int, draws: torch.Tensor) -> torch.Tensor:
    """One crop of each image, mirrored or not (as AlexNet's authors have it: 227 of 256).

    Args:
        pixels: uint8 (B, 3, S, S).
        side: s, at most S.
        draws: float (B, 3) from 0 to below 1: how far down, how far right, and mirrored from 0.5 on.

    Returns:
        uint8 (B, 3, s, s).
    """
    room = pixels.shape[-1] - side + 1
    corners = (draws[:, :2] * room).long().clamp(max=room - 1).tolist()
    # Rows of a crop lie together in memory where colours do: copied so, they cost a tenth.
    parts = [
        image[top : top + side, left : left + side]
        for image, (top, left) in zip(pixels.permute(0, 2, 3, 1), corners, strict=True)
    ]
    mirrored = (draws[:, 2] >= 0.5).tolist()
    chosen = [part.flip(1) if flip else part for part, flip in zip(parts, mirrored, strict=True)]
    return torch.stack(chosen).permute(0, 3, 1, 2)


def draw(count: int, seed: int, purpose: str) -> torch.Tensor:
    """Float (count, 3) from 0 to below 1 for `crops`, on the CPU: they do not depend on the device."""
    return torch.rand((count, 3), generator=torch_generator(seed, purpose))


def views(pixels: torch.Tensor, side: int, seed: int, purpose: str, first: int = 0) -> torch.Tensor:
    """A view of each image, in the manner of SimCLR (Chen et al., ICML 2020).

    Weaker than there, as hashing has it: the values are those of CIBHash's and MeCoQ's authors.

    Args:
        pixels: uint8 (B, 3, S, S).
        side: s.
        seed: What is drawn follows it, ...
        purpose: ... this, ...
        first: ... and an image's place in the batch, counted from here.

    Returns:
        uint8 (B, 3, s, s).
    """
    change, made = _change(side), []
    for place, image in enumerate(pixels, start=first):
        reseed(seed, f"{purpose}: image {place}")
        made.append(change(image))
    return torch.stack(made)


@cache
def _change(side: int) -> Callable[[Any], torch.Tensor]:
    from torchvision.transforms import v2  # noqa: PLC0415 - loads slowly

    change: Callable[[Any], torch.Tensor] = v2.Compose(
        [
            v2.RandomResizedCrop(side, scale=(0.5, 1.0), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.7),
            v2.RandomGrayscale(p=0.2),
            v2.RandomApply([v2.GaussianBlur(3, sigma=(0.1, 2.0))], p=0.5),
        ]
    )
    return change
