"""What PQ and OPQ share: FAISS trains, the suite's own codes are what comes out.

N = images, F = feature dimensions, M = codebooks of K codewords.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import faiss
import numpy as np

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.errors import ConfigError
from hashbench.methods.config import MethodConfig
from hashbench.methods.method import Method
from hashbench.tags.table import TagTable
from hashbench.training.seeding import derive

BITS_PER_BOOK = 8
WORDS = 2**BITS_PER_BOOK


class ProductConfig(MethodConfig):
    """Settings of product quantizers.

    Attributes:
        normalize: Scale features to unit length first, so that nearest means most similar by cosine.
        iterations: k-means iterations (FAISS's default).
    """

    normalize: bool = True
    iterations: int = 25


class ProductQuantizer(Method):
    """Features are turned, cut into M slices, and each slice has its own codebook."""

    SUPERVISION = Supervision.NONE
    Config = ProductConfig
    codebooks: np.ndarray

    @abstractmethod
    def learn_turn(self, vectors: np.ndarray) -> None:
        """Choose how training vectors (N, F) are turned."""

    @abstractmethod
    def turn(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors (N, F) as float32 (N, F'), F' a multiple of M."""

    def fit(self, view: TrainView[TagTable]) -> None:
        """Choose the turn, then the codebooks."""
        vectors = self._vectors(view.images)
        if vectors.shape[1] < self.books:
            raise ConfigError(f"{self.books} codebooks for features of {vectors.shape[1]} dimensions.")
        self.learn_turn(vectors)
        self.codebooks = self._train_codebooks(self.turn(vectors))

    def embed(self, images: ImageView) -> np.ndarray:
        """Turned features, float32 (N, F')."""
        return self.turn(self._vectors(images))

    def quantize(self, embeddings: np.ndarray) -> AdditiveCodes:
        """The nearest codeword in each slice."""
        quantizer = self.quantizer(embeddings.shape[1])
        faiss.copy_array_to_vector(self.codebooks.ravel(), quantizer.centroids)
        indices = quantizer.compute_codes(np.ascontiguousarray(embeddings))
        return AdditiveCodes(indices, _spread(self.codebooks), Similarity.SQUARED_L2)

    def state(self) -> dict[str, np.ndarray]:
        """Codebooks (M, K, F' / M)."""
        return {"codebooks": self.codebooks}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take them back."""
        self.codebooks = state["codebooks"]

    @property
    def books(self) -> int:
        """M."""
        return self.context.bits // BITS_PER_BOOK

    def quantizer(self, width: int) -> faiss.ProductQuantizer:
        """FAISS's quantizer of vectors of that width, seeded and untrained."""
        quantizer = faiss.ProductQuantizer(width, self.books, BITS_PER_BOOK)
        quantizer.cp.niter = self.config.iterations
        quantizer.cp.seed = derive(self.context.seed, "product quantizer") % 2**31
        # Small collections have fewer than 39 images a codeword; FAISS would say so for every slice.
        quantizer.cp.min_points_per_centroid = 1
        return quantizer

    def _vectors(self, images: ImageView) -> np.ndarray:
        features = images.features
        if not self.config.normalize:
            return features
        norms = np.linalg.norm(features, axis=1, keepdims=True)
        return features / np.maximum(norms, np.finfo(np.float32).tiny)

    def _train_codebooks(self, turned: np.ndarray) -> np.ndarray:
        quantizer = self.quantizer(turned.shape[1])
        quantizer.train(at_least(turned, WORDS))
        return faiss.vector_to_array(quantizer.centroids).reshape(self.books, WORDS, -1)


def _spread(codebooks: np.ndarray) -> np.ndarray:
    """Codebooks (M, K, d) of slices as block-sparse codebooks (M, K, M d) of whole vectors."""
    books, words, width = codebooks.shape
    whole = np.zeros((books, words, books, width), dtype=np.float32)
    whole[np.arange(books), :, np.arange(books)] = codebooks
    return whole.reshape(books, words, books * width)


def at_least(vectors: np.ndarray, count: int) -> np.ndarray:
    """Repeat training vectors where there are fewer than codewords; k-means needs one for each."""
    enough = np.resize(vectors, (count, vectors.shape[1])) if len(vectors) < count else vectors
    return np.ascontiguousarray(enough, dtype=np.float32)
