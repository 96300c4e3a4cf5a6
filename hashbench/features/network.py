"""Reading weights, and networks that take bytes or hold no numbers: what backbones share.

B = batch, s = side of the crop, F = feature dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

# Under which training scripts file the weights, beside the optimizer's state and the like.
_WRAPPERS = ("state_dict", "model")
# What `DataParallel` puts before every name.
_PARALLEL = "module."


def read_state(path: Path) -> dict[str, Any]:
    """A state dict from a .safetensors file or from a PyTorch file, without running its code.

    Checkpoints of training scripts, which hold it as `state_dict` or `model`, and names with the prefix
    of a parallel network are unwrapped.

    Raises:
        ValueError: The file holds something else, or nothing.
    """
    safe = path.suffix == ".safetensors"
    state: Any = load_file(path) if safe else torch.load(path, map_location="cpu", weights_only=True)
    for wrapper in _WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    if not isinstance(state, dict) or not state:
        raise ValueError("it holds no tensors by name")
    if all(name.startswith(_PARALLEL) for name in state):
        state = {name.removeprefix(_PARALLEL): tensor for name, tensor in state.items()}
    return state


def outline(build: Callable[[], nn.Module]) -> nn.Module:
    """A network without its numbers: made in little time and memory, to look at its layers and shapes.

    It is made on torch's "meta" device; a network that needs numbers to be made, to compute its widths
    with tensors, say, is made in full and emptied.
    """
    with torch.random.fork_rng(devices=[]):
        try:
            with torch.device("meta"):
                return build().eval()
        except (NotImplementedError, RuntimeError):
            return build().eval().to("meta")


class Normalised(nn.Module):
    """Scale uint8 pixels and normalise them before the body, on whatever device they are."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, body: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.body = body
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Features (B, F) of uint8 pixels (B, 3, s, s)."""
        scaled = (pixels.to(self.mean.dtype) / 255 - self.mean) / self.std
        features: torch.Tensor = self.body(scaled)
        return features


class FromImages(nn.Module):
    """The middle of decoded images through a network: frozen features."""

    def __init__(self, network: nn.Module, crop: int) -> None:
        super().__init__()
        self.network, self.crop = network, crop

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features float32 (B, F) of uint8 (B, S, S, 3)."""
        from torchvision.transforms.v2.functional import center_crop  # noqa: PLC0415 - loads slowly

        features: torch.Tensor = self.network(center_crop(images.permute(0, 3, 1, 2), [self.crop] * 2))
        return features.float()
