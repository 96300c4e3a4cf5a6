"""Merging near-synonyms: one semantic embedding for tags that mean the same.

N = images, T = tags before, U = tags after.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn.cluster import DBSCAN

from hashbench.tags.table import TagTable


def merge(
    table: TagTable, vectors: np.ndarray, radius: float, min_tags: int = 1
) -> tuple[TagTable, np.ndarray]:
    """Cluster tags by DBSCAN on cosine distance; each cluster becomes one tag.

    A merged tag's embedding is its members' mean, and an image carries it if it carries any member
    (WSDHQ, tag processing). Tags that DBSCAN calls noise, which needs `min_tags` > 1, are dropped.

    Args:
        table: N images, T tags; not changed.
        vectors: float32 (T, D).
        radius: DBSCAN's eps, a cosine distance; 0 merges equal directions only.
        min_tags: DBSCAN's min_samples.

    Returns:
        The table over U merged tags, named "a+b" after their members, and float32 (U, D).
    """
    # DBSCAN refuses a radius of zero; any distance below this is rounding.
    clusterer = DBSCAN(eps=max(radius, 1e-6), min_samples=min_tags, metric="cosine")
    cluster = clusterer.fit(vectors).labels_
    kept = np.flatnonzero(cluster >= 0)
    count = int(cluster.max(initial=-1)) + 1
    shape = (len(vectors), count)
    member = sparse.csr_array((np.ones(len(kept)), (kept, cluster[kept])), shape=shape)
    sizes = np.asarray(member.sum(axis=0))
    means = (member.T @ vectors) / sizes[:, None]
    incidence = (table.incidence.astype(np.float64) @ member) > 0
    names = ["+".join(table.vocabulary[t] for t in np.flatnonzero(cluster == u)) for u in range(count)]
    return TagTable(tuple(names), sparse.csr_array(incidence)), means.astype(np.float32)
