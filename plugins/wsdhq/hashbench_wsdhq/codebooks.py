"""The codebooks, and the training images' codes through the alternating optimisation.

N = images, D = dimensions, M = codebooks, K = codewords a codebook.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from hashbench.training.seeding import derive, numpy_generator
from hashbench_wsdhq.config import WSDHQConfig
from hashbench_wsdhq.quantizer import icm, reconstruct, start_codebooks, update_codebooks

WORDS = 256


class Codebooks(nn.Module):
    """M codebooks that quantize embeddings in the tags' metric; all zero until the first update.

    Attributes:
        words: (M, K, D).
        whitening: (D, D), see `quantizer.whitening`.
    """

    words: torch.Tensor
    whitening: torch.Tensor

    def __init__(self, books: int, dimensions: int, sweeps: int) -> None:
        super().__init__()
        self._sweeps = sweeps
        self.register_buffer("words", torch.zeros(books, WORDS, dimensions))
        self.register_buffer("whitening", torch.eye(dimensions))

    def encode(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Codes int64 (N, M); the codebooks are visited in their own order, so that nothing is random."""
        return self.search(embeddings, [range(len(self.words))] * self._sweeps)

    def search(self, embeddings: torch.Tensor, orders: Sequence[Sequence[int]]) -> torch.Tensor:
        """Codes int64 (N, M) by ICM, a sweep for each order in which codebooks are visited."""
        return icm(embeddings @ self.whitening, self.words @ self.whitening, orders)


class Alternation(nn.Module):
    """The codes of the training images: a module, so that they outlast an interruption.

    Attributes:
        codes: int64 (N, M).
        updates: How often codes and codebooks were updated; there are no codes before the first time.
    """

    codes: torch.Tensor
    updates: torch.Tensor

    def __init__(self, images: int, codebooks: Codebooks, config: WSDHQConfig, seed: int) -> None:
        super().__init__()
        # Part of the network, which keeps it.
        self._codebooks = [codebooks]
        self._config, self._seed = config, seed
        self.register_buffer("codes", torch.zeros(images, len(codebooks.words), dtype=torch.int64))
        self.register_buffer("updates", torch.tensor(0))

    def update(self, embeddings: torch.Tensor, *, restart: bool = False) -> None:
        """One alternation: codes by ICM with the codebooks held, then codebooks with the codes held.

        Args:
            embeddings: (N, D), of all training images.
            restart: Start the codebooks anew by k-means, as the first time.
        """
        (codebooks,), number = self._codebooks, int(self.updates)
        books = len(codebooks.words)
        if restart or not number:
            codebooks.words = start_codebooks(embeddings, books, WORDS, derive(self._seed, "k-means"))
        visits = numpy_generator(self._seed, f"codebook order of update {number}")
        orders = [visits.permutation(books).tolist() for _ in range(self._config.icm_sweeps)]
        self.codes = codebooks.search(embeddings, orders)
        codebooks.words = update_codebooks(embeddings, self.codes, codebooks.words, self._config.ridge)
        self.updates = self.updates + 1

    def reconstructions(self, images: torch.Tensor) -> torch.Tensor | None:
        """C b of some training images, (B, D), under their codes of the last update; None before it."""
        if not int(self.updates):
            return None
        return reconstruct(self.codes[images], self._codebooks[0].words)
