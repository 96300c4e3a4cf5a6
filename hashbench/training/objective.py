"""What a method gives the harness: a loss over a batch, and one stage of training or several.

B = batch, N = training images, F = feature dimensions, D = embedding dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hashbench.training.schedule import Schedule

if TYPE_CHECKING:
    import numpy as np
    import torch
    from scipy import sparse
    from torch import nn

    from hashbench.data.views import ImageView


@dataclass(frozen=True)
class Batch:
    """A step's images, all of them, on the device, whichever process sent them through the network.

    Attributes:
        indices: int64 (B,): their places among the training images.
        views: float32 (B, F) each: the features that the head was given, as often as the method looks at
            an image. Views differ where pixels are augmented; else it is for dropout to tell them apart.
            None where the backbone trains too: it has features of its own.
        outputs: What the network made of each view, usually (B, D).
        targets: Rows of the objective's `targets` for these images.
        epoch: Finished epochs.
        iteration: Finished steps.
    """

    indices: torch.Tensor
    views: tuple[torch.Tensor, ...]
    outputs: tuple[Any, ...]
    targets: Mapping[str, torch.Tensor] = field(default_factory=dict)
    epoch: int = 0
    iteration: int = 0

    @property
    def features(self) -> torch.Tensor:
        """The first view's features."""
        return self.views[0]

    @property
    def output(self) -> Any:
        """What the network made of the first view."""
        return self.outputs[0]


@dataclass(frozen=True)
class Objective:
    """What a method minimises.

    Attributes:
        loss: Maps a batch to a scalar.
        targets: What the loss wants to know of each image, N rows each: they come with the batch.
        modules: What is trained or kept besides the network, and not needed after training. What it keeps
            from step to step, a buffer say, survives an interruption; anything else does not.
        head: What inputs go through in training in place of the network's head, where the loss needs more
            than embeddings; it gives a tensor, or a tuple of them, of B rows each.
        multiplier: The factor on the learning rate of a parameter, by its name in the network.
        on_epoch_end: Called with the number of finished epochs, for alternating optimisation.
    """

    loss: Callable[[Batch], torch.Tensor]
    targets: Mapping[str, np.ndarray | sparse.csr_array] = field(default_factory=dict)
    modules: Sequence[nn.Module] = ()
    head: nn.Module | None = None
    multiplier: Callable[[str], float] = lambda name: 1.0
    on_epoch_end: Callable[[int], None] = lambda epoch: None


@dataclass(frozen=True)
class Stage:
    """One objective, minimised over some images.

    Attributes:
        images: N images.
        objective: What is minimised.
        schedule: How long, and how fast.
        title: What people read beside the progress of its steps.
    """

    images: ImageView
    objective: Objective
    schedule: Schedule
    title: str = "gradient steps"
