"""What can be set of every network."""

from __future__ import annotations

from pydantic import Field

from hashbench.methods.config import MethodConfig


class DeepConfig(MethodConfig):
    """Settings of networks; methods override the defaults and add their own.

    Attributes:
        iterations: Gradient steps.
        batch_size: Images a step.
        learning_rate: Adam's, at the start.
        decay: What the learning rate is multiplied by ...
        decay_every: ... every so many iterations.
        weight_decay: Adam's L2 penalty.
        hidden: Width of the hidden layer; 0 for none.
        dropout: Share of each layer's inputs that training leaves out.
        augment: Crop, mirror and recolour pixels at random at every step, and send them through the
            frozen backbone; else train on its features of the images as they are.
    """

    iterations: int = Field(default=600, ge=1)
    batch_size: int = Field(default=256, ge=2)
    learning_rate: float = Field(default=1e-3, gt=0)
    decay: float = Field(default=1.0, gt=0, le=1)
    decay_every: int = Field(default=300, ge=1)
    weight_decay: float = Field(default=0.0, ge=0)
    hidden: int = Field(default=0, ge=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    augment: bool = False
