"""How other suites score codes, in their plain form: what the engine is timed against.

Q = queries, N = database items, b = bits, C = labels, M = codebooks, K = codewords, D = dimensions.
"""

import numpy as np
import torch


def argsort_loop(query, database, query_labels, database_labels, k, kind="quicksort"):
    """mAP@k query by query: float label products, float codes, a full argsort (DeepHash-pytorch).

    Codes are float32 (n, b) of minus and plus one, labels float32 (n, C).
    """
    bits, summed = query.shape[1], 0.0
    for code, labels in zip(query, query_labels, strict=True):
        relevant = (labels @ database_labels.T > 0).astype(np.float32)
        order = np.argsort(0.5 * (bits - code @ database.T), kind=kind)
        shown = relevant[order][:k]
        hits = int(shown.sum())
        if hits:
            ranks = np.flatnonzero(shown == 1) + 1.0
            summed += np.mean(np.linspace(1, hits, hits) / ranks)
    return summed / len(query)


def argsort_matrix(query, database, query_labels, database_labels, k):
    """mAP@k from one query x database matrix of products and one of orders (DeepHash of thulab).

    A label counts as shared where both sides hold the same value after the query's zeros are made -1.
    """
    orders = np.argsort(-(query @ database.T), axis=1)
    ranks = np.arange(1, min(k, len(database)) + 1)
    values = []
    for order, labels in zip(orders, query_labels, strict=True):
        wanted = np.where(labels == 0, -1, labels)
        match = (database_labels[order[:k]] == wanted).sum(axis=1) > 0
        if match.any():
            precisions = np.cumsum(match) / ranks
            values.append((precisions * match).sum() / match.sum())
    return float(np.mean(values))


def _map_over_retrieved(order, labels, database_labels):
    match = database_labels[order] @ labels > 0
    if not match.any():
        return None
    return (np.cumsum(match) / np.arange(1, len(order) + 1) * match).sum() / match.sum()


def gather_argsort(query, indices, codebooks, query_labels, database_labels, k):
    """mAP@k by gathered table entries and a full argsort, query by query, in torch (MeCoQ).

    All arguments but k are tensors, the indices int64.
    """
    values = []
    for vector, labels in zip(query, query_labels, strict=True):
        tables = codebooks @ vector
        scores = torch.zeros(len(indices))
        for m, table in enumerate(tables):
            scores += table[indices[:, m]]
        order = torch.argsort(scores, descending=True)[:k]
        match = (database_labels[order] @ labels > 0).float()
        if match.any():
            precisions = match.cumsum(dim=0) / torch.arange(1, k + 1)
            values.append(float((precisions * match).sum() / match.sum()))
    return float(np.mean(values))


def reconstruct_argpartition(query, indices, codebooks, query_labels, database_labels, k):
    """mAP@k by reconstruction, one matrix product and argpartition (WSDHQ)."""
    reconstructed = sum(book[indices[:, m]] for m, book in enumerate(codebooks))
    scores = query @ reconstructed.T
    values = []
    for row, labels in zip(scores, query_labels, strict=True):
        nearest = np.argpartition(-row, k)[:k]
        order = nearest[np.argsort(-row[nearest])]
        values.append(_map_over_retrieved(order, labels, database_labels))
    return float(np.mean([value for value in values if value is not None]))


def radius_matrix(query, database, query_labels, database_labels):
    """Mean precision and recall within every radius, by a radius x item matrix a query (pr_curve).

    The common form of the repositories that descend from BiHalf and DCMH. All arguments are float32
    tensors; a query without a relevant item does not count.
    """
    bits = query.shape[1]
    radii = torch.arange(bits + 1, dtype=torch.float32)[:, None]
    precision, recall = torch.zeros(2, len(query), bits + 1)
    counted = torch.zeros(len(query), dtype=torch.bool)
    for q, (code, labels) in enumerate(zip(query, query_labels, strict=True)):
        relevant = (labels @ database_labels.T > 0).float()
        counted[q] = relevant.any()
        inside = (0.5 * (bits - code @ database.T) <= radii).float()
        hits = (relevant * inside).sum(dim=1)
        precision[q] = hits / inside.sum(dim=1).clamp(min=1)
        recall[q] = hits / relevant.sum().clamp(min=1)
    return precision[counted].mean(dim=0).numpy(), recall[counted].mean(dim=0).numpy()
