"""What can be set of everything that the harness trains."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hashbench.methods.config import MethodConfig

Augmentation = Literal["none", "crop", "views"]
Precision = Literal["fp32", "tf32", "bf16"]


class HarnessConfig(MethodConfig):
    """How the harness trains and computes, whatever the method.

    Attributes:
        augment: What is done to pixels at every step: `none` at all (without a backbone that trains,
            pixels are then not needed: features come from the cache), `crop` and mirror at random, or
            `views`, which recolours and blurs as well, for losses that compare two views of an image.
        crop: Side of the crops; 0 for the backbone's own.
        ten_crop: Embed an image as the mean over ten crops, where pixels come in.
        precision: Of the network: `fp32`, `tf32` products on a GPU, or `bf16` where that is safe
            (autocast). Losses and codes are float32.
        channels_last: Keep pixels and convolutions in the order that tensor cores like.
        accumulate: In how many parts a batch goes through the network. The loss sees them all: the result
            is the whole batch's, but for layers that measure their batch; it takes a third more time.
        ema: Decay of the moving average of the weights that is kept in place of the last ones; 0 for
            none.
        validation: Share of the training images that is set apart to tell when to stop.
        patience: Epochs without a lower loss on these after which training stops, and goes back to the
            best.
        compile: Let torch.compile make the network faster, which takes a minute or two first.
        deterministic: Refuse operations whose result may differ from call to call: slower, on a GPU.
    """

    augment: Augmentation = "none"
    crop: int = Field(default=0, ge=0)
    ten_crop: bool = False
    precision: Precision = "fp32"
    channels_last: bool = True
    accumulate: int = Field(default=1, ge=1)
    ema: float = Field(default=0.0, ge=0, lt=1)
    validation: float = Field(default=0.0, ge=0, le=0.5)
    patience: int = Field(default=5, ge=1)
    compile: bool = False
    deterministic: bool = False


class DeepConfig(HarnessConfig):
    """Settings of networks that one loss trains; methods override the defaults and add their own.

    Attributes:
        iterations: Gradient steps.
        batch_size: Images a step.
        learning_rate: Adam's, at the start.
        warmup: Iterations over which the rate rises to that.
        schedule: How the rate falls: in a `step` by `decay` every `decay_every` iterations, or along a
            `cosine` to zero.
        decay: What the learning rate is multiplied by ...
        decay_every: ... every so many iterations.
        weight_decay: Adam's L2 penalty.
        hidden: Width of the hidden layer; 0 for none.
        dropout: Share of each layer's inputs that training leaves out.
    """

    iterations: int = Field(default=600, ge=1)
    batch_size: int = Field(default=256, ge=2)
    learning_rate: float = Field(default=1e-3, gt=0)
    warmup: int = Field(default=0, ge=0)
    schedule: Literal["step", "cosine"] = "step"
    decay: float = Field(default=1.0, gt=0, le=1)
    decay_every: int = Field(default=300, ge=1)
    weight_decay: float = Field(default=0.0, ge=0)
    hidden: int = Field(default=0, ge=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)
