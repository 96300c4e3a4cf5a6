"""What PQ and OPQ share: FAISS trains, the suite's own codes are what comes out.

N = images, F = feature dimensions, M = codebooks of K codewords.
"""

from __future__ import annotations

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
    """Features are turned by `rotation`, cut into M slices, and each slice has its own codebook."""

    SUPERVISION = Supervision.NONE
    Config = ProductConfig
    rotation: np.ndarray
    codebooks: np.ndarray

    def fit(self, view: TrainView[TagTable]) -> None:
        """Choose the rotation, then the codebooks."""
        vectors = self._vectors(view.images)
        books = self.context.bits // BITS_PER_BOOK
        if vectors.shape[1] < books:
            raise ConfigError(f"{books} codebooks for features of {vectors.shape[1]} dimensions.")
        self.rotation = self.choose_rotation(vectors)
        self.codebooks = self._train_codebooks(vectors @ self.rotation, books)

    def choose_rotation(self, vectors: np.ndarray) -> np.ndarray:
        """float32 (F, F') to turn (N, F) training vectors by; F' a multiple of M."""
        width, books = vectors.shape[1], self.context.bits // BITS_PER_BOOK
        padded = -(-width // books) * books
        return np.eye(width, padded, dtype=np.float32)

    def embed(self, images: ImageView) -> np.ndarray:
        """Turned features, float32 (N, F')."""
        turned: np.ndarray = self._vectors(images) @ self.rotation
        return turned

    def quantize(self, embeddings: np.ndarray) -> AdditiveCodes:
        """The nearest codeword in each slice."""
        quantizer = self._quantizer(*self.codebooks.shape)
        faiss.copy_array_to_vector(self.codebooks.ravel(), quantizer.centroids)
        indices = quantizer.compute_codes(np.ascontiguousarray(embeddings))
        return AdditiveCodes(indices, _spread(self.codebooks), Similarity.SQUARED_L2)

    def state(self) -> dict[str, np.ndarray]:
        """Rotation (F, F') and codebooks (M, K, F' / M)."""
        return {"rotation": self.rotation, "codebooks": self.codebooks}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Take both back."""
        self.rotation, self.codebooks = state["rotation"], state["codebooks"]

    def _vectors(self, images: ImageView) -> np.ndarray:
        features = images.features
        if not self.config.normalize:
            return features
        norms = np.linalg.norm(features, axis=1, keepdims=True)
        unit: np.ndarray = features / np.maximum(norms, np.finfo(np.float32).tiny)
        return unit

    def _train_codebooks(self, turned: np.ndarray, books: int) -> np.ndarray:
        quantizer = self._quantizer(books, WORDS, turned.shape[1] // books)
        quantizer.train(np.ascontiguousarray(at_least(turned, WORDS)))
        return faiss.vector_to_array(quantizer.centroids).reshape(books, WORDS, -1)

    def _quantizer(self, books: int, words: int, width: int) -> faiss.ProductQuantizer:
        quantizer = faiss.ProductQuantizer(books * width, books, BITS_PER_BOOK)
        quantizer.cp.niter = self.config.iterations
        quantizer.cp.seed = derive(self.context.seed, "product quantizer") % 2**31
        # Small collections have fewer than 39 images a codeword; FAISS would say so for every slice.
        quantizer.cp.min_points_per_centroid = 1
        return quantizer


def _spread(codebooks: np.ndarray) -> np.ndarray:
    """Codebooks (M, K, d) of slices as block-sparse codebooks (M, K, M d) of whole vectors."""
    books, words, width = codebooks.shape
    whole = np.zeros((books, words, books, width), dtype=np.float32)
    whole[np.arange(books), :, np.arange(books)] = codebooks
    return whole.reshape(books, words, books * width)


def at_least(vectors: np.ndarray, count: int) -> np.ndarray:
    """Repeat training vectors where there are fewer than codewords; k-means needs one for each."""
    return np.resize(vectors, (count, vectors.shape[1])) if len(vectors) < count else vectors
