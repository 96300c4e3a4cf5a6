"""From tags to the semantic embeddings that supervise both losses.

N = images, T = tags of the protocol, U = merged tags, D = dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.preprocessing import normalize

from hashbench.errors import DataError
from hashbench.tags.embeddings import embed_tags
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
        incidence: sparse bool (N, U), the positive tags of each image.
    """

    names: tuple[str, ...]
    vectors: np.ndarray
    incidence: sparse.csr_array


def semantics(table: TagTable, config: WSDHQConfig) -> Semantics:
    """Embed, enhance by the correlation graph, merge (paper, semantic embedding section).

    Tags without a word vector are dropped first. Each step can be switched off by the settings.
    """
    embedded = embed_tags(table.vocabulary, config.embeddings)
    kept = np.flatnonzero(embedded.known)
    vectors = embedded.vectors[kept]
    table = TagTable(tuple(table.vocabulary[t] for t in kept), sparse.csr_array(table.incidence[:, kept]))
    if config.standardize:
        vectors = normalize(vectors - vectors.mean(axis=0))
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
    return Semantics(table.vocabulary, vectors.astype(np.float32), table.incidence)
