"""What WSDHQ learns: an encoder into the tags' space and codebooks in there.

N = images, D = dimensions, M = codebooks of 256 codewords, bits = 8 M.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from hashbench.data.views import ImageView, TrainView
from hashbench.errors import ConfigError
from hashbench.methods.method import Context
from hashbench.tags.table import TagTable
from hashbench.training.seeding import derive
from hashbench_wsdhq.codebooks import Codebooks
from hashbench_wsdhq.config import WSDHQConfig
from hashbench_wsdhq.encoder import Encoder, FeatureEncoder, PixelEncoder
from hashbench_wsdhq.network import Head
from hashbench_wsdhq.quantizer import whitening
from hashbench_wsdhq.semantics import semantics
from hashbench_wsdhq.trainer import Trainer, placed

_BITS_PER_BOOK = 8
_NETWORK = "network."


@dataclass(frozen=True)
class Model:
    """A fitted WSDHQ, on one device.

    Attributes:
        encoder: Images to embeddings.
        codebooks: Embeddings to codes.
        config: The settings.
        context: Device and seed.
    """

    encoder: Encoder
    codebooks: Codebooks
    config: WSDHQConfig
    context: Context

    @classmethod
    def fit(cls, view: TrainView[TagTable], config: WSDHQConfig, context: Context) -> Model:
        """Learn from images and tags.

        Raises:
            ConfigError: There are more codebooks than dimensions, or no backbone to train.
            DataError: Too few tags are left, or the loss explodes.
        """
        meaning = semantics(view.tags, config)
        context.progress.note(
            f"{len(view.tags.vocabulary)} tags, {len(meaning.names)} after embedding and merging"
        )
        tags = torch.from_numpy(meaning.vectors).to(context.device)
        books = _books(context.bits, tags.shape[1])
        encoder = _fresh_encoder(view.images, tags.shape[1], config, context)
        codebooks = Codebooks.empty(whitening(tags), books, config, context.seed)
        Trainer(view.images, tags, meaning.incidence, encoder, codebooks, config, context).run()
        return cls(encoder, codebooks, config, context)

    @classmethod
    def from_state(cls, state: Mapping[str, np.ndarray], config: WSDHQConfig, context: Context) -> Model:
        """The model whose `state()` this was."""
        words = torch.tensor(state["codebooks"], device=context.device)
        metric = torch.tensor(state["whitening"], device=context.device)
        weights = {
            name.removeprefix(_NETWORK): torch.tensor(array)
            for name, array in state.items()
            if name.startswith(_NETWORK)
        }
        first = next(array for name, array in weights.items() if "head." in name and array.ndim == 2)
        encoder = _encoder(first.shape[1], words.shape[2], config, context)
        encoder.load_state_dict(weights)
        return cls(encoder, Codebooks(metric, words, config, context.seed), config, context)

    def state(self) -> dict[str, np.ndarray]:
        """The network's weights, the codebooks and the tags' metric."""
        network = {_NETWORK + name: t.cpu().numpy() for name, t in self.encoder.state_dict().items()}
        return network | {"codebooks": self.words(), "whitening": self.codebooks.whitening.cpu().numpy()}

    def embed(self, images: ImageView) -> np.ndarray:
        """Embeddings where they are compared, float32 (N, D)."""
        embeddings: np.ndarray = placed(self.encoder.embed(images), self.config).cpu().numpy()
        return embeddings

    def encode(self, embeddings: np.ndarray) -> np.ndarray:
        """Codeword numbers uint8 (N, M)."""
        return self.codebooks.encode(torch.from_numpy(embeddings).to(self.context.device))

    def words(self) -> np.ndarray:
        """Codebooks, float32 (M, 256, D)."""
        words: np.ndarray = self.codebooks.words.cpu().numpy()
        return words


def _books(bits: int, dimensions: int) -> int:
    books = bits // _BITS_PER_BOOK
    if books > dimensions:
        raise ConfigError(
            f"{bits} bits are {books} codebooks for word vectors of {dimensions} dimensions. "
            "Expected at most one a dimension."
        )
    return books


def _fresh_encoder(images: ImageView, dimensions: int, config: WSDHQConfig, context: Context) -> Encoder:
    """An encoder with fresh weights that follow the seed, whatever was drawn before."""
    if config.finetune == "head":
        width = images.features.shape[1]
    elif context.backbone is None:
        raise ConfigError("finetune=all needs a backbone. Expected one in the method's context.")
    else:
        width = context.backbone.DIM
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(context.seed, "network"))
        return _encoder(width, dimensions, config, context)


def _encoder(width: int, dimensions: int, config: WSDHQConfig, context: Context) -> Encoder:
    head = Head(width, dimensions, config)
    encoder: Encoder
    if config.finetune == "head" or context.backbone is None:
        encoder = FeatureEncoder(head)
    else:
        encoder = PixelEncoder(context.backbone, head, config, derive(context.seed, "crops"))
    encoder.device = context.device
    return encoder.to(context.device)
