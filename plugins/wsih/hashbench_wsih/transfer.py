"""Stage 2 of WSIH: what web images taught is carried over to target images that nobody labelled.

N = target images, F = feature dimensions.
"""

from __future__ import annotations

import torch

from hashbench.data.views import ImageView
from hashbench.training.objective import Batch, Objective, Stage
from hashbench.training.schedule import Schedule
from hashbench_wsih.config import WSIHConfig
from hashbench_wsih.losses import transfer_loss
from hashbench_wsih.network import Beside, Decoder, Encoder


def transfer_stage(
    images: ImageView, encoder: Encoder, decoder: Decoder, bits: int, config: WSIHConfig
) -> Stage:
    """Fit the encoder's last layers to the relations and the content of the target images' features.

    The weights of the first two layers stay as stage 1 left them; their batch normalisation goes on
    to measure, so that it describes the target's images when they are encoded. Both images of a
    pair go through the same encoder, which makes it siamese.

    Args:
        images: N images, the target's.
        encoder: Is trained: the last two layers, or all where there was no stage 1.
        decoder: Is trained, and not needed afterwards.
        bits: Of the encoder's outputs.
        config: The settings.
    """
    for layer in (encoder.layer1, encoder.layer2):
        for parameter in layer.parameters():
            parameter.requires_grad_(not config.web_stage)

    def loss(batch: Batch) -> torch.Tensor:
        return transfer_loss(batch.output[:, :bits], batch.output[:, bits:], batch.features, config)

    schedule = Schedule.of_epochs(config.epochs, len(images), config.batch_size, config.learning_rate)
    objective = Objective(loss, head=Beside(encoder, decoder))
    return Stage(images, objective, schedule, "stage 2, transfer: gradient steps")
