"""Stage 2 of WSIH: what web images taught is carried over to target images that nobody labelled.

N = target images, F = feature dimensions.
"""

from __future__ import annotations

import torch

from hashbench.methods.method import Context
from hashbench.training.loop import Schedule, train
from hashbench.training.seeding import torch_generator
from hashbench_wsih.config import WSIHConfig
from hashbench_wsih.losses import transfer_loss
from hashbench_wsih.network import Decoder, Encoder


def transfer(
    features: torch.Tensor,
    prototypes: torch.Tensor | None,
    encoder: Encoder,
    decoder: Decoder,
    *,
    config: WSIHConfig,
    context: Context,
) -> None:
    """Fit the encoder's last layers to the relations and the content of the target images' features.

    The weights of the first two layers stay as stage 1 left them; their batch normalisation goes on
    to measure, so that it describes the target's images when they are encoded. Both images of a
    pair go through the same encoder, which makes it siamese.

    Args:
        features: (N, F), the target's training images.
        prototypes: (C, L1) to attend to, or None.
        encoder: Is trained: the last two layers, or all where there was no stage 1.
        decoder: Is trained, and not needed afterwards.
        config: The settings.
        context: Seed and progress.
    """
    trained = [*encoder.layer3.parameters(), *encoder.hash.parameters()]
    frozen = [*encoder.layer1.parameters(), *encoder.layer2.parameters()]
    for parameter in frozen:
        parameter.requires_grad_(not config.web_stage)

    def loss(batch: torch.Tensor) -> torch.Tensor:
        images = features[batch.to(features.device)]
        codes = encoder(images, prototypes)
        return transfer_loss(codes, decoder(codes), images, config)

    encoder.train()
    train(
        [{"params": [*trained, *decoder.parameters(), *([] if config.web_stage else frozen)]}],
        loss,
        Schedule.of_epochs(config.epochs, len(features), config.batch_size, config.learning_rate),
        count=len(features),
        generator=torch_generator(context.seed, "batches"),
        progress=context.progress,
        title="stage 2, transfer: gradient steps",
    )
    encoder.eval()
