"""MeCoQ: contrastive quantization with code memory (Wang, Zeng, Chen, Dai, Xia, AAAI 2022).

N = images, B = batch, F = feature dimensions, M = codebooks of K codewords of d dimensions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
from pydantic import Field

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.data.supervision import Supervision
from hashbench.data.views import TrainView
from hashbench.methods.config import Preset
from hashbench.tags.table import TagTable
from hashbench.training.config import DeepConfig
from hashbench.training.deep import DeepMethod
from hashbench.training.objective import Objective
from hashbench_baselines.shared.blocks import by_blocks
from hashbench_baselines.shared.quantizer import BITS_PER_BOOK, WORDS, spread

if TYPE_CHECKING:
    import torch

    from hashbench.training.objective import Batch
    from hashbench_baselines.shared.soft_codebooks import SoftCodebooks


class MeCoQConfig(DeepConfig):
    """Settings of MeCoQ.

    Attributes:
        width: Dimensions of a codeword.
        sharpness: How much nearer codewords are preferred in training (the authors' value).
        temperature: What cosines are divided by.
        prior: Share of the images that are taken to be of the same kind as any image (the authors' value).
        entropy: Weight of the entropy of soft codes, which makes them harder.
        learn_codewords: Train codewords too; else they stay the random ones of the start, as in the
            authors' code.
        diversity: Weight of the mean inner product of a codebook's codewords (the authors' value); of
            no effect where they are not trained.
        memory: How many soft codes are remembered as further negatives (the authors' value).
        memory_after: Finished epochs after which they are used.
    """

    iterations: int = Field(default=300, ge=1)
    batch_size: int = Field(default=128, ge=2)
    dropout: float = Field(default=0.5, ge=0, lt=1)
    width: int = Field(default=16, ge=1)
    sharpness: float = Field(default=10.0, gt=0)
    temperature: float = Field(default=0.4, ge=0.02)
    prior: float = Field(default=0.15, ge=0, lt=1)
    entropy: float = Field(default=0.5, ge=0)
    learn_codewords: bool = False
    diversity: float = Field(default=0.5, ge=0)
    memory: int = Field(default=384, ge=0)
    memory_after: int = Field(default=5, ge=0)


SMALL = Preset("for a few thousand images and frozen features: views differ by dropout")
PAPER = Preset(
    "the authors' scripts for Flickr25K, with Adam at a constant rate: views differ by what is done to "
    "the pixels",
    config={
        "augment": "views",
        "iterations": 1_950,
        "dropout": 0.0,
        "temperature": 0.45,
        "entropy": 1.0,
        "learn_codewords": True,
    },
    backbone="vgg16",
)


class MeCoQ(DeepMethod):
    """Codebooks by which the other view of an image is told from all other images."""

    PLUGIN_NAME = "mecoq"
    DESCRIPTION = "network and codebooks that tell views of an image from others (Wang et al., 2022)"
    SUPERVISION = Supervision.NONE
    Config = MeCoQConfig
    PRESETS = {"small": SMALL, "paper": PAPER}  # noqa: RUF012 - a ClassVar of Method
    VIEWS: ClassVar[int] = 2

    def build(self, width: int) -> SoftCodebooks:
        """A linear layer, or two with a rectifier between them, and codebooks."""
        from hashbench.training.layers import head  # noqa: PLC0415
        from hashbench_baselines.shared.soft_codebooks import SoftCodebooks  # noqa: PLC0415

        config, books = self.config, self.context.bits // BITS_PER_BOOK
        body = head(width, books * config.width, hidden=config.hidden, dropout=config.dropout)
        return SoftCodebooks(body, books, WORDS, config.width, learn=config.learn_codewords)

    def objective(self, view: TrainView[TagTable]) -> Objective:
        """The contrastive loss of soft reconstructions, and what keeps codes hard and codewords apart."""
        from hashbench_baselines.shared.similarity import contrastive_loss  # noqa: PLC0415
        from hashbench_baselines.shared.soft_codebooks import CodeMemory  # noqa: PLC0415

        config, head = self.config, self.head
        memory = CodeMemory(config.memory, head.books, WORDS)

        def loss(batch: Batch) -> torch.Tensor:
            logs = [head.log_choice(outputs, config.sharpness) for outputs in batch.outputs]
            first, second = (log.exp() for log in logs)
            told = contrastive_loss(
                head.mix(first),
                head.mix(second),
                config.temperature,
                prior=config.prior,
                memory=memory.recall(head) if batch.epoch >= config.memory_after else None,
            )
            entropy = -sum((log.exp() * log).sum(dim=2).mean() for log in logs) / 2
            memory.add(first)
            memory.add(second)
            return told + config.entropy * entropy + config.diversity * head.crowding()

        return Objective(loss, modules=[memory])

    @property
    def head(self) -> SoftCodebooks:
        """The network's head."""
        return cast("SoftCodebooks", self.network.head)

    @property
    def trained_parameters(self) -> int:
        """The network's weights, and codewords where they are trained."""
        return sum(weights.numel() for weights in self.network.parameters() if weights.requires_grad)

    def quantize(self, embeddings: np.ndarray) -> AdditiveCodes:
        """The nearest codeword in each slice."""
        codewords = self.head.codewords.detach().cpu().numpy()

        def nearest(part: np.ndarray) -> np.ndarray:
            slices = part.reshape(len(part), len(codewords), -1)
            return np.einsum("nmd,mkd->nmk", slices, codewords, optimize=True).argmax(axis=2)

        indices = by_blocks(embeddings, nearest).astype(np.uint8)
        return AdditiveCodes(indices, spread(codewords, slices=len(codewords)), Similarity.INNER_PRODUCT)
