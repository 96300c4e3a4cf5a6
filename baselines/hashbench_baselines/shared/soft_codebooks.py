"""Codebooks that are trained by gradients, since codewords are chosen softly.

B = batch, F = feature dimensions, M = codebooks of K codewords of d dimensions.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import log_softmax, normalize


class SoftCodebooks(nn.Module):
    """A head that puts images on M spheres, and codewords on the same spheres."""

    def __init__(self, head: nn.Module, books: int, words: int, width: int, *, learn: bool) -> None:
        super().__init__()
        self.head, self.books = head, books
        self._codebooks = nn.Parameter(torch.empty(books, words, width), requires_grad=learn)
        nn.init.xavier_uniform_(self._codebooks)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Embeddings (B, M d) of features (B, F); each slice has length one."""
        return normalize(self._slices(self.head(features)), dim=2).flatten(1)

    @property
    def codewords(self) -> torch.Tensor:
        """Codewords of length one (M, K, d)."""
        return normalize(self._codebooks, dim=2)

    def log_choice(self, embeddings: torch.Tensor, sharpness: float) -> torch.Tensor:
        """Logarithms (B, M, K) of how much of each codeword embeddings (B, M d) take: more of the nearer.

        The sharper, the closer to one for the nearest and zero for all others.
        """
        nearness = torch.einsum("bmd,mkd->bmk", self._slices(embeddings), self.codewords)
        return log_softmax(sharpness * nearness, dim=2)

    def mix(self, choice: torch.Tensor) -> torch.Tensor:
        """Reconstructions (B, M d): codewords in the proportions (B, M, K)."""
        return torch.einsum("bmk,mkd->bmd", choice, self.codewords).flatten(1)

    def crowding(self) -> torch.Tensor:
        """Mean inner product of all pairs of codewords of a codebook, which is their mean's square."""
        return self.codewords.mean(dim=1).square().sum(dim=1).mean()

    def _slices(self, vectors: torch.Tensor) -> torch.Tensor:
        """Vectors (B, M d) as (B, M, d)."""
        # Their `len`, a plain number, would fix the batch of an exported encoder.
        return vectors.view(vectors.shape[0], len(self._codebooks), -1)


class CodeMemory(nn.Module):
    """The newest soft codes, as many as fit: a module, so that they outlast an interruption."""

    codes: torch.Tensor
    held: torch.Tensor

    def __init__(self, size: int, books: int, words: int) -> None:
        super().__init__()
        self.register_buffer("codes", torch.zeros(size, books, words))
        self.register_buffer("held", torch.tensor(0))

    def add(self, choice: torch.Tensor) -> None:
        """Take in soft codes (B, M, K), and forget the oldest where there are too many."""
        size = len(self.codes)
        # The newest are the last.
        self.codes = torch.cat([self.codes, choice.detach()])[len(choice) :] if size else self.codes
        self.held = (self.held + len(choice)).clamp(max=size)

    def recall(self, codebooks: SoftCodebooks) -> torch.Tensor | None:
        """What they stand for (Q, M d) with the codewords as they are now; None if there is none."""
        held = int(self.held)
        if not held:
            return None
        with torch.no_grad():
            return codebooks.mix(self.codes[-held:])
