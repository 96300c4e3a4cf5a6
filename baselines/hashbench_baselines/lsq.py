"""Local search quantization (Martinez, Clement, Hoos, Little, ECCV 2016; LSQ++, ECCV 2018); FAISS trains.

N = images, D = dimensions that are coded, M = codebooks of K codewords.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hashbench.training.seeding import numpy_generator
from hashbench_baselines.shared.quantizer import BITS_PER_BOOK, WORDS, ProjectedConfig, ProjectedQuantizer

if TYPE_CHECKING:
    import faiss


class LSQConfig(ProjectedConfig):
    """Settings of LSQ; the defaults are FAISS's.

    Attributes:
        iterations: Alternations between codebooks and codes.
        train_rounds: Rounds of local search for the codes in each of them.
        encode_rounds: Rounds of local search for the codes of an image.
        sweeps: Sweeps of ICM over the codebooks in a round.
        perturbed: Codewords that are drawn anew before a round.
        ridge: Weight of the codebooks' squared length in their update, in images.
    """

    iterations: int = Field(default=25, ge=1)
    train_rounds: int = Field(default=8, ge=1)
    encode_rounds: int = Field(default=16, ge=1)
    sweeps: int = Field(default=4, ge=1)
    perturbed: int = Field(default=4, ge=1)
    ridge: float = Field(default=0.01, gt=0)


class LSQ(ProjectedQuantizer):
    """Additive codebooks by least squares, codes by iterated local search."""

    PLUGIN_NAME = "lsq"
    DESCRIPTION = "additive codes by iterated local search, LSQ++ (Martinez et al., 2018)"
    Config = LSQConfig

    def learn_codebooks(self, vectors: np.ndarray) -> np.ndarray:
        """Codebooks, noise on them that fades (SR-D), and codes in turn, from random codes."""
        import faiss  # noqa: PLC0415

        quantizer = self.faiss_quantizer(vectors.shape[1])
        quantizer.train_iters = self.config.iterations
        quantizer.train_ils_iters = self.config.train_rounds
        quantizer.lambd = self.config.ridge
        quantizer.random_seed = self.faiss_seed("local search quantizer")
        quantizer.train(vectors)
        return faiss.vector_to_array(quantizer.codebooks).reshape(self.books, WORDS, -1)

    def find_codes(self, vectors: np.ndarray) -> np.ndarray:
        """The best codes of all rounds of local search.

        FAISS perturbs each image's codes by the next draws of one generator, so that they depend on
        who comes before it. Here a round draws once for all images.
        """
        # Whatever the seed, so that a restored method finds the same codes.
        generator = numpy_generator(0, "local search")
        search = _Search(self.faiss_quantizer(vectors.shape[1]), self.codebooks, vectors)
        best = np.tile(generator.integers(WORDS, size=self.books, dtype=np.int32), (len(vectors), 1))
        lowest = search.errors(best)
        for _ in range(self.config.encode_rounds):
            books = generator.integers(self.books, size=self.config.perturbed)
            codes = best.copy()
            codes[:, books] = generator.integers(WORDS, size=len(books), dtype=np.int32)
            search.improve(codes)
            errors = search.errors(codes)
            better = errors < lowest
            best[better], lowest[better] = codes[better], errors[better]
        return best.astype(np.uint8)

    def faiss_quantizer(self, width: int) -> faiss.LocalSearchQuantizer:
        """FAISS's quantizer of vectors of that width, untrained."""
        import faiss  # noqa: PLC0415

        quantizer = faiss.LocalSearchQuantizer(width, self.books, BITS_PER_BOOK)
        quantizer.icm_iters = self.config.sweeps
        # FAISS refuses more than there are.
        quantizer.nperts = min(self.config.perturbed, self.books)
        return quantizer


class _Search:
    """FAISS's ICM on some vectors (N, D), with its look-up tables; codes are int32 (N, M)."""

    def __init__(
        self, quantizer: faiss.LocalSearchQuantizer, codebooks: np.ndarray, vectors: np.ndarray
    ) -> None:
        import faiss  # noqa: PLC0415

        books, words, _ = codebooks.shape
        faiss.copy_array_to_vector(codebooks.ravel(), quantizer.codebooks)
        self._quantizer, self._vectors, self._pointer = quantizer, vectors, faiss.swig_ptr
        self._pairs = np.empty((books, books, words, words), dtype=np.float32)
        quantizer.compute_binary_terms(self._pointer(self._pairs))
        self._products = np.empty((books, len(vectors), words), dtype=np.float32)
        quantizer.compute_unary_terms(self._pointer(vectors), self._pointer(self._products), len(vectors))

    def improve(self, codes: np.ndarray) -> None:
        """Sweeps of ICM, in place: each codeword becomes the best one given the others."""
        count, sweeps = len(codes), self._quantizer.icm_iters
        tables = self._pointer(self._products), self._pointer(self._pairs)
        self._quantizer.icm_encode_step(self._pointer(codes), *tables, count, sweeps)

    def errors(self, codes: np.ndarray) -> np.ndarray:
        """Squared errors of the sums that codes stand for, float32 (N,)."""
        found = np.empty(len(codes), dtype=np.float32)
        pointers = self._pointer(codes), self._pointer(self._vectors)
        self._quantizer.evaluate(*pointers, len(codes), self._pointer(found))
        return found
