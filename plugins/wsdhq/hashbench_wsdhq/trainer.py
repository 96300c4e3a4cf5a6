"""The alternating optimisation: gradient steps on the encoder, closed-form steps on the codes.

B = batch, N = training images, U = tags, D = dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from scipy import sparse
from torch.nn import functional

from hashbench.data.views import ImageView
from hashbench.methods.method import Context
from hashbench.training.loop import Schedule, train
from hashbench.training.seeding import torch_generator
from hashbench_wsdhq.codebooks import Codebooks
from hashbench_wsdhq.config import WSDHQConfig
from hashbench_wsdhq.encoder import Encoder
from hashbench_wsdhq.losses import (
    margin_loss,
    quantization_loss,
    similarities,
    tag_margins,
    wdht_loss,
)
from hashbench_wsdhq.network import parameter_groups


def placed(embeddings: torch.Tensor, config: WSDHQConfig) -> torch.Tensor:
    """Embeddings where they are quantized and compared: on the unit sphere, or as they come."""
    return functional.normalize(embeddings) if config.sphere else embeddings


@dataclass(frozen=True)
class Trainer:
    """What training needs, on one device.

    Attributes:
        images: N training images.
        tags: (U, D), the tags' semantic embeddings.
        positive: sparse bool (N, U), which tags each image carries.
        encoder: Is trained.
        codebooks: Are trained.
        config: The settings.
        context: Seed and progress.
    """

    images: ImageView
    tags: torch.Tensor
    positive: sparse.csr_array
    encoder: Encoder
    codebooks: Codebooks
    config: WSDHQConfig
    context: Context

    def run(self) -> None:
        """Train; afterwards codes and codebooks are settled for the final embeddings."""
        config = self.config
        self.encoder.train()
        train(
            parameter_groups(self.encoder, config),
            self._loss(),
            Schedule(
                iterations=config.iterations,
                batch_size=config.batch_size,
                learning_rate=config.learning_rate,
                decay=config.decay,
                decay_every=config.decay_every,
                weight_decay=config.weight_decay,
            ),
            count=len(self.images),
            generator=torch_generator(self.context.seed, "batches"),
            progress=self.context.progress,
            on_epoch_end=self._on_epoch_end,
        )
        final = self._all_embeddings()
        if config.restart:
            self.codebooks.forget()
        for _ in range(config.final_updates):
            self.codebooks.update(final)

    def _loss(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """The total loss of a batch: semantic, plus lambda times quantization once there are codes."""
        config = self.config
        margins = tag_margins(self.tags, config.gamma)
        if config.margin == "fixed":
            margins = torch.full_like(margins, config.fixed_margin)

        def semantic(raw: torch.Tensor, positive: torch.Tensor) -> torch.Tensor:
            if config.loss == "wdht":
                return wdht_loss(raw, positive, self.tags, config.fixed_margin)
            similarity = similarities(raw, self.tags, normalize=config.normalize)
            return margin_loss(similarity, positive, margins, hardest=config.hardest)

        def total(batch: torch.Tensor) -> torch.Tensor:
            raw = self.encoder.training_batch(self.images, batch)
            carried = self.positive[batch.numpy()].toarray()
            value = semantic(raw, torch.from_numpy(carried).to(raw.device))
            if self._joint and self.codebooks.codes is not None:
                aim = self.codebooks.reconstructions(batch)
                gap = quantization_loss(placed(raw, config), aim, self.codebooks.whitening)
                value = value + config.weight * gap
            return value

        return total

    @property
    def _joint(self) -> bool:
        return self.config.quantization == "joint"

    def _on_epoch_end(self, epoch: int) -> None:
        if self._joint and epoch % self.config.update_every == 0:
            self.codebooks.update(self._all_embeddings())

    def _all_embeddings(self) -> torch.Tensor:
        return placed(self.encoder.embed(self.images), self.config)
