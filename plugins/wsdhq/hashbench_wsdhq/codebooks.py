"""The codebooks and the training images' codes, through the alternating optimisation.

N = images, D = dimensions, M = codebooks, K = codewords a codebook.
"""

from __future__ import annotations

import numpy as np
import torch

from hashbench.training.seeding import derive, numpy_generator
from hashbench_wsdhq.config import WSDHQConfig
from hashbench_wsdhq.quantizer import icm, reconstruct, start_codebooks, update_codebooks

WORDS = 256


class Codebooks:
    """M codebooks that quantize embeddings in the tags' metric.

    Attributes:
        whitening: (D, D), see `quantizer.whitening`.
        words: (M, K, D).
        codes: int64 (N, M), of the training images; None before the first update.
    """

    def __init__(
        self, whitening: torch.Tensor, words: torch.Tensor, config: WSDHQConfig, seed: int
    ) -> None:
        self.whitening = whitening
        self.words = words
        self.codes: torch.Tensor | None = None
        self._config = config
        self._seed = seed
        self._visits = numpy_generator(seed, "codebook order")

    @classmethod
    def empty(cls, whitening: torch.Tensor, books: int, config: WSDHQConfig, seed: int) -> Codebooks:
        """All words zero, until the first update starts them by k-means."""
        words = torch.zeros((books, WORDS, len(whitening)), device=whitening.device)
        return cls(whitening, words, config, seed)

    def update(self, embeddings: torch.Tensor) -> None:
        """One alternation: codes by ICM with the codebooks held, then codebooks with the codes held.

        Args:
            embeddings: (N, D), of all training images.
        """
        if self.codes is None:
            seed = derive(self._seed, "k-means")
            start = start_codebooks(embeddings.cpu().numpy(), len(self.words), WORDS, seed)
            self.words = torch.from_numpy(start).to(self.words.device)
        orders = [self._visits.permutation(len(self.words)).tolist() for _ in self._sweeps()]
        self.codes = self._search(embeddings, orders)
        self.words = update_codebooks(embeddings, self.codes, self.words, self._config.ridge)

    def forget(self) -> None:
        """Let the next update start the codebooks anew."""
        self.codes = None

    def encode(self, embeddings: torch.Tensor) -> np.ndarray:
        """Codes uint8 (N, M); the codebooks are visited in their own order, so that nothing is random."""
        orders = [range(len(self.words)) for _ in self._sweeps()]
        codes: np.ndarray = self._search(embeddings, orders).cpu().numpy().astype(np.uint8)
        return codes

    def reconstructions(self, batch: torch.Tensor) -> torch.Tensor:
        """C b of some training images, (B, D), under their codes of the last update."""
        if self.codes is None:
            raise RuntimeError("there are no codes before the first update")
        return reconstruct(self.codes[batch.to(self.codes.device)], self.words)

    def _sweeps(self) -> range:
        return range(self._config.icm_sweeps)

    def _search(self, embeddings: torch.Tensor, orders: list[list[int]] | list[range]) -> torch.Tensor:
        return icm(embeddings @ self.whitening, self.words @ self.whitening, orders)
