"""What WSIH learns: an encoder, and the concepts' prototypes that it attends to.

N = images, F = feature dimensions, C = concepts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from hashbench.data.views import ImageView, TrainView
from hashbench.errors import DataError
from hashbench.methods.method import Context
from hashbench.tags.table import TagTable
from hashbench.training.seeding import derive
from hashbench_wsih.config import WSIHConfig
from hashbench_wsih.network import Decoder, Encoder
from hashbench_wsih.prototypes import Prototypes, learn_prototypes
from hashbench_wsih.transfer import transfer

# Products of matrices round by their shape: every image is encoded in a batch of this many.
_BATCH = 64
_NETWORK = "network."


@dataclass(frozen=True)
class Model:
    """A fitted WSIH, on one device.

    Attributes:
        encoder: Features to outputs.
        prototypes: What stage 1 found; None without it.
        config: The settings.
        context: Device, bits and seed.
    """

    encoder: Encoder
    prototypes: Prototypes | None
    config: WSIHConfig
    context: Context

    @classmethod
    def fit(cls, view: TrainView[TagTable], config: WSIHConfig, context: Context) -> Model:
        """Learn from web images, then from the target's.

        Raises:
            DataError: There are fewer than two images of either kind, or the loss explodes.
        """
        features = _features(view.images, context)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(context.seed, "network"))
            encoder, classifier, decoder = _networks(
                features.shape[1], context.bits, len(view.web.names), config
            )
        for network in (encoder, classifier, decoder):
            network.to(context.device)
        prototypes = None
        if config.web_stage:
            web, concepts = (
                _features(view.web.images, context),
                torch.from_numpy(np.array(view.web.concepts)),
            )
            prototypes = learn_prototypes(
                web, concepts.to(context.device), encoder, classifier, config=config, context=context
            )
        attended = prototypes.features if prototypes and config.attention else None
        transfer(features, attended, encoder, decoder, config=config, context=context)
        return cls(encoder, prototypes, config, context)

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config: WSIHConfig, context: Context) -> Model:
        """The model whose `state()` this was."""
        weights = {
            name.removeprefix(_NETWORK): torch.tensor(array)
            for name, array in state.items()
            if name.startswith(_NETWORK)
        }
        encoder = Encoder(weights["layer1.0.weight"].shape[1], context.bits, config)
        encoder.load_state_dict(weights)
        prototypes = None
        if config.web_stage:
            kept = (torch.tensor(state[f"prototype_{kind}"]) for kind in ("features", "codes"))
            prototypes = Prototypes(*(array.to(context.device) for array in kept))
        return cls(encoder.to(context.device).eval(), prototypes, config, context)

    def state(self) -> dict[str, np.ndarray]:
        """The encoder's weights and the prototypes; classifier and decoder have done their work."""
        arrays = {_NETWORK + name: t.cpu().numpy() for name, t in self.encoder.state_dict().items()}
        if self.prototypes:
            arrays["prototype_features"] = self.prototypes.features.cpu().numpy()
            arrays["prototype_codes"] = self.prototypes.codes.cpu().numpy()
        return arrays

    def embed(self, images: ImageView) -> np.ndarray:
        """Outputs of the hash layer, float32 (N, bits), the same whatever else is encoded with an image."""
        features = images.features
        attended = self.prototypes.features if self.prototypes and self.config.attention else None
        outputs = np.empty((len(features), self.context.bits), dtype=np.float32)
        batch = np.zeros((_BATCH, features.shape[1]), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(features), _BATCH):
                part = features[start : start + _BATCH]
                batch[: len(part)] = part
                codes = self.encoder(torch.from_numpy(batch).to(self.context.device), attended)
                outputs[start : start + len(part)] = codes[: len(part)].cpu().numpy()
        return outputs

    def trained_parameters(self) -> int:
        """The numbers that either stage trained, those of classifier and decoder included."""
        width = next(self.encoder.parameters()).shape[1]
        concepts = len(self.prototypes.codes) if self.prototypes else 0
        with torch.device("meta"):
            encoder, classifier, decoder = _networks(width, self.context.bits, concepts or 1, self.config)
        used = (encoder, decoder, *([classifier] if concepts else []))
        return sum(parameter.numel() for network in used for parameter in network.parameters())


def _networks(
    features: int, bits: int, concepts: int, config: WSIHConfig
) -> tuple[Encoder, nn.Linear, Decoder]:
    """Fresh networks: the encoder, the classifier of stage 1 and the decoder of stage 2."""
    return Encoder(features, bits, config), nn.Linear(bits, concepts), Decoder(features, bits, config)


def _features(images: ImageView, context: Context) -> torch.Tensor:
    """All features of a view, (N, F), on the device."""
    if len(images) < 2:
        raise DataError(f"{len(images)} image to learn from. Expected two or more.")
    return torch.from_numpy(np.array(images.features)).to(context.device)
