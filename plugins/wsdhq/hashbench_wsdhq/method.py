"""WSDHQ: embeddings near the images' tags, quantized in the tags' metric, learnt together.

Wang, Chen, Zhang, Meng, Liang, Xia: Weakly Supervised Deep Hyperspherical Quantization for Image
Retrieval, AAAI 2021.

N = images, D = dimensions, M = codebooks of 256 codewords, bits = 8 M.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import ConfigError, DataError
from hashbench.tags.embeddings import embeddings_fingerprint
from hashbench.tags.table import TagTable
from hashbench.training.deep import DeepMethod
from hashbench.training.objective import Stage
from hashbench.training.schedule import Schedule
from hashbench_wsdhq.config import PAPER, SMALL, WSDHQConfig

if TYPE_CHECKING:
    import torch
    from torch import nn

    from hashbench_wsdhq.network import Head

_BITS_PER_BOOK = 8
_METRIC, _TAG_MEAN = "head.codebooks.whitening", "head.tag_mean"


class WSDHQ(DeepMethod):
    """Tags' word vectors span a space; images are mapped into it and quantized there.

    Attributes:
        dimensions: D, of that space; known once there are tags or a state.
    """

    PLUGIN_NAME = "wsdhq"
    VERSION = 2
    DESCRIPTION = "weakly supervised deep hyperspherical quantization (Wang et al., AAAI 2021)"
    SUPERVISION = Supervision.TAGS
    Config = WSDHQConfig
    PRESETS = {"small": SMALL, "paper": PAPER}  # noqa: RUF012 - a ClassVar of Method
    dimensions: int

    @property
    def finetunes(self) -> bool:
        """Where the settings say so; else a head is trained on frozen features."""
        return bool(self.config.finetune == "all")

    def sources(self) -> dict[str, str]:
        """The word vectors' content."""
        return {"embeddings": embeddings_fingerprint(self.config.embeddings)}

    def prepare(self) -> None:
        """Import torch and what is built on it."""
        import hashbench_wsdhq.objective  # noqa: PLC0415
        import hashbench_wsdhq.semantics  # noqa: F401, PLC0415

        super().prepare()

    def build(self, width: int) -> Head:
        """The fusion layer, after a hidden one or none, and empty codebooks.

        Raises:
            ConfigError: There are more codebooks than dimensions.
        """
        from hashbench_wsdhq.network import Head  # noqa: PLC0415

        books = self.context.bits // _BITS_PER_BOOK
        if books > self.dimensions:
            raise ConfigError(
                f"{self.context.bits} bits are {books} codebooks for word vectors of {self.dimensions} "
                "dimensions. Expected at most one a dimension."
            )
        return Head(width, self.dimensions, books, self.config)

    def stages(self, view: TrainView[TagTable]) -> Iterator[Stage]:
        """Alternate gradient steps with updates of codes and codebooks (paper, optimisation).

        Afterwards these are settled for the final embeddings.

        Raises:
            ConfigError: There are more codebooks than dimensions, or no backbone to train.
            DataError: Too few tags are left, or the loss explodes.
        """
        from hashbench_wsdhq.codebooks import Alternation  # noqa: PLC0415
        from hashbench_wsdhq.objective import objective  # noqa: PLC0415
        from hashbench_wsdhq.quantizer import whitening  # noqa: PLC0415
        from hashbench_wsdhq.semantics import semantics  # noqa: PLC0415

        config, meaning = self.config, semantics(view.tags, self.config)
        self.context.progress.note(
            f"{len(view.tags.vocabulary)} tags, {len(meaning.names)} after embedding and merging"
        )
        tags, self.dimensions = self.tensor(meaning.vectors), meaning.vectors.shape[1]
        self.network = self.fresh(view.images)
        self._head.tag_mean = self.tensor(meaning.mean)
        codebooks = self._head.codebooks
        codebooks.whitening = whitening(tags)
        alternation = Alternation(len(view), codebooks, config, self.context.seed)

        def embed() -> torch.Tensor:
            return self._placed(view.images)

        aim = objective(
            tags, meaning.incidence, alternation, metric=codebooks.whitening, config=config, embed=embed
        )
        yield Stage(view.images, aim, Schedule.of(config))
        final = embed()
        for number in range(config.final_updates):
            alternation.update(final, restart=config.restart and number == 0)

    def embed(self, images: ImageView) -> np.ndarray:
        """Embeddings in the tags' space, where they are compared, float32 (N, D)."""
        embeddings: np.ndarray = self._placed(images).cpu().numpy()
        return embeddings

    def module(self) -> nn.Module:
        """The network, and where its outputs are compared."""
        from torch import nn  # noqa: PLC0415

        from hashbench_wsdhq.objective import Placed  # noqa: PLC0415

        return nn.Sequential(super().module(), Placed(self.config)).eval()

    def embed_words(self, words: Sequence[str]) -> np.ndarray:
        """Words as their vectors, which is where images that carry such tags are drawn to.

        Raises:
            DataError: A word has no vector, or the state was kept before it held what tags are centred by.
        """
        from hashbench_wsdhq.objective import placed  # noqa: PLC0415
        from hashbench_wsdhq.semantics import meanings  # noqa: PLC0415

        mean = self._head.tag_mean.cpu().numpy()
        if np.isnan(mean).any():
            raise DataError(
                "this run of method 'wsdhq' was stored before searches by words were known, without what "
                "words are centred by. Expected a newer run: remove it from its store, and run it again."
            )
        embeddings: np.ndarray = (
            placed(self.tensor(meanings(words, mean, self.config)), self.config).cpu().numpy()
        )
        return embeddings

    def quantize(self, embeddings: np.ndarray) -> AdditiveCodes:
        """Codes by ICM, compared by inner product (paper: AQD)."""
        codebooks = self._head.codebooks
        codes = codebooks.encode(self.tensor(embeddings)).cpu().numpy().astype(np.uint8)
        return AdditiveCodes(codes, codebooks.words.cpu().numpy(), Similarity.INNER_PRODUCT)

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Rebuild the network and take everything back."""
        self.dimensions = len(state[_METRIC])
        unknown = np.full(self.dimensions, np.nan, dtype=np.float32)
        super().load_state({_TAG_MEAN: unknown, **state})

    @property
    def _head(self) -> Head:
        return cast("Head", self.network.head)

    def _placed(self, images: ImageView) -> torch.Tensor:
        from hashbench_wsdhq.objective import placed  # noqa: PLC0415

        return placed(self.outputs(images), self.config)
