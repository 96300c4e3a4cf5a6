"""From tags to the semantic embeddings that supervise both losses.

N = images, T = tags of the protocol, U = merged tags, D = dimensions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.preprocessing import normalize

from hashbench.errors import DataError
from hashbench.tags.embeddings import embed_tags, embed_words
from hashbench.tags.graph import enhance
from hashbench.tags.merging import merge
from hashbench.tags.table import TagTable
from hashbench_wsdhq.config import WSDHQConfig

_FEWEST = 2


@dataclass(frozen=True)
class Semantics:
    """What the images' tags mean.

    Attributes:
        names: U merged tags.
        vectors: float32 (U, D), the paper's v.
        mean: float32 (D,), what tags' vectors were centred by: zero where they were not.
        incidence: sparse bool (N, U), the positive tags of each image.
    """

    names: tuple[str, ...]
    vectors: np.ndarray
    mean: np.ndarray
    incidence: sparse.csr_array


def semantics(table: TagTable, config: WSDHQConfig) -> Semantics:
    """Embed, enhance by the correlation graph, merge (paper, semantic embedding section).

    Tags without a word vector are dropped first. Each step can be switched off by the settings.
    """
    embedded = embed_tags(table.vocabulary, config.embeddings)
    kept = np.flatnonzero(embedded.known)
    vectors = embedded.vectors[kept]
    table = TagTable(tuple(table.vocabulary[t] for t in kept), sparse.csr_array(table.incidence[:, kept]))
    mean = vectors.mean(axis=0) if config.standardize else np.zeros(vectors.shape[1], dtype=np.float32)
    vectors = _standard(vectors, mean, config)
    if config.graph:
        vectors = enhance(vectors, config.graph_threshold)
    if config.merge:
        table, vectors = merge(table, vectors, config.merge_radius, config.merge_min_tags)
    if len(vectors) < _FEWEST:
        raise DataError(
            f"{len(vectors)} tags are left after embedding and merging. Expected two or more: "
            "lower merge_radius, set merge_min_tags=1, or bring word vectors that know the tags."
        )
    if config.standardize:
        vectors = normalize(vectors)
    return Semantics(table.vocabulary, vectors.astype(np.float32), mean, table.incidence)


def meanings(words: Sequence[str], mean: np.ndarray, config: WSDHQConfig) -> np.ndarray:
    """Words where tags are: embedded, centred and scaled as these were, float32 (W, D).

    What the correlation graph and merging do to tags, they do to those of the training images alone.

    Args:
        words: W, each of one or several.
        mean: See `Semantics`.
        config: The settings.

    Raises:
        DataError: A word has no vector.
    """
    if not words:
        return np.zeros((0, len(mean)), dtype=np.float32)
    return _standard(embed_words(words, config.embeddings), mean, config).astype(np.float32)


def _standard(vectors: np.ndarray, mean: np.ndarray, config: WSDHQConfig) -> np.ndarray:
    """Centred and of unit length, where the settings say so."""
    standard: np.ndarray = normalize(vectors - mean) if config.standardize else vectors
    return standard
