"""WSDHQ: embeddings near the images' tags, quantized in the tags' metric, learnt together.

Wang, Chen, Zhang, Meng, Liang, Xia: Weakly Supervised Deep Hyperspherical Quantization for Image
Retrieval, AAAI 2021.

N = images, D = dimensions, M = codebooks of 256 codewords, bits = 8 M.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import ConfigError
from hashbench.methods.method import Inputs, Method
from hashbench.tags.embeddings import embeddings_fingerprint
from hashbench.tags.table import TagTable
from hashbench.training.seeding import derive
from hashbench_wsdhq.codebooks import Codebooks
from hashbench_wsdhq.config import PAPER, SMALL, WSDHQConfig
from hashbench_wsdhq.encoder import Encoder, FeatureEncoder, PixelEncoder
from hashbench_wsdhq.network import Head
from hashbench_wsdhq.quantizer import whitening
from hashbench_wsdhq.semantics import semantics
from hashbench_wsdhq.trainer import Trainer, placed

_BITS_PER_BOOK = 8
_NETWORK = "network."


class WSDHQ(Method):
    """Tags' word vectors span a space; images are mapped into it and quantized there."""

    PLUGIN_NAME = "wsdhq"
    DESCRIPTION = "weakly supervised deep hyperspherical quantization (Wang et al., AAAI 2021)"
    SUPERVISION = Supervision.TAGS
    Config = WSDHQConfig
    PRESETS = {"small": SMALL, "paper": PAPER}  # noqa: RUF012 - a ClassVar of Method
    encoder: Encoder
    codebooks: Codebooks

    @property
    def inputs(self) -> Inputs:
        """Pixels where the backbone trains, else its frozen features."""
        return "pixels" if self.config.finetune == "all" else "features"

    def sources(self) -> dict[str, str]:
        """The word vectors' content."""
        return {"embeddings": embeddings_fingerprint(self.config.embeddings)}

    def fit(self, view: TrainView[TagTable]) -> None:
        """Alternate gradient steps with updates of codes and codebooks (paper, optimisation)."""
        context, config = self.context, self.config
        meaning = semantics(view.tags, config)
        context.progress.note(
            f"{len(view.tags.vocabulary)} tags, {len(meaning.names)} after embedding and merging"
        )
        tags = torch.from_numpy(meaning.vectors).to(context.device)
        self.encoder = self._new_encoder(view.images, tags.shape[1])
        self.codebooks = Codebooks.empty(whitening(tags), self._books(tags.shape[1]), config, context.seed)
        positive = torch.from_numpy(meaning.incidence.toarray()).to(context.device)
        Trainer(view.images, tags, positive, self.encoder, self.codebooks, config, context).run()

    def embed(self, images: ImageView) -> np.ndarray:
        """Embeddings in the tags' space, float32 (N, D)."""
        embeddings: np.ndarray = placed(self.encoder.embed(images), self.config).cpu().numpy()
        return embeddings

    def quantize(self, embeddings: np.ndarray) -> AdditiveCodes:
        """Codes by ICM, compared by inner product (paper: AQD)."""
        indices = self.codebooks.encode(torch.from_numpy(embeddings).to(self.context.device))
        words = self.codebooks.words.cpu().numpy()
        return AdditiveCodes(indices, words, Similarity.INNER_PRODUCT)

    def state(self) -> dict[str, np.ndarray]:
        """The network's weights, the codebooks and the tags' metric."""
        network = {_NETWORK + name: t.cpu().numpy() for name, t in self.encoder.state_dict().items()}
        return network | {
            "codebooks": self.codebooks.words.cpu().numpy(),
            "whitening": self.codebooks.whitening.cpu().numpy(),
        }

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Rebuild the network and take everything back."""
        device = self.context.device
        words = torch.tensor(state["codebooks"], device=device)
        metric = torch.tensor(state["whitening"], device=device)
        self.codebooks = Codebooks(metric, words, self.config, self.context.seed)
        weights = {
            name.removeprefix(_NETWORK): torch.tensor(array)
            for name, array in state.items()
            if name.startswith(_NETWORK)
        }
        first = next(array for name, array in weights.items() if "head." in name and array.ndim == 2)
        self.encoder = self._encoder(first.shape[1], words.shape[2])
        self.encoder.load_state_dict(weights)

    def _books(self, dimensions: int) -> int:
        books = self.context.bits // _BITS_PER_BOOK
        if books > dimensions:
            raise ConfigError(
                f"{self.context.bits} bits are {books} codebooks for word vectors of {dimensions} "
                "dimensions. Expected at most one a dimension."
            )
        return books

    def _new_encoder(self, images: ImageView, dimensions: int) -> Encoder:
        """An encoder with fresh weights that follow the seed, whatever was drawn before."""
        backbone = self.context.backbone
        if self.inputs == "features":
            width = images.features.shape[1]
        elif backbone is None:
            raise ConfigError("finetune=all needs a backbone. Expected one in the method's context.")
        else:
            width = backbone.DIM
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(self.context.seed, "network"))
            return self._encoder(width, dimensions)

    def _encoder(self, width: int, dimensions: int) -> Encoder:
        head = Head(width, dimensions, self.config)
        backbone = self.context.backbone
        encoder: Encoder
        if self.inputs == "features" or backbone is None:
            encoder = FeatureEncoder(head)
        else:
            seed = derive(self.context.seed, "crops")
            encoder = PixelEncoder(backbone, head, self.config, seed)
        encoder.device = self.context.device
        return encoder.to(self.context.device)
