"""Additive quantization in the tags' metric: whitening, ICM, closed-form codebooks, k-means start.

N = images, U = tags, D = dimensions, M = codebooks, K = codewords a codebook.
r: image embeddings (N, D); v: tag embeddings (U, D); C: codebooks (M, K, D); b: codes (N, M).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from hashbench.training.seeding import numpy_generator

_ROWS = 8192
# Training rows of k-means for each codeword, as FAISS has it.
_ROWS_A_WORD = 256


def whitening(tags: torch.Tensor) -> torch.Tensor:
    """L (D, D) with sum over t of (x . v_t)^2 = |x L|^2 for every x.

    L L' = V'V, by eigenvectors, so that fewer tags than dimensions are no special case. Everything
    that the paper measures against all tags becomes a Euclidean length after one product with L.
    """
    values, vectors = torch.linalg.eigh(tags.T.double() @ tags.double())
    return (vectors * values.clamp(min=0).sqrt()).to(tags.dtype)


def icm(
    targets: torch.Tensor,
    codebooks: torch.Tensor,
    orders: Sequence[Sequence[int]],
    start: torch.Tensor | None = None,
) -> torch.Tensor:
    """Iterated conditional modes: choose one codebook's codeword at a time, the others held fixed.

    Minimises |r - sum over m of C_m,b_m|^2 for whitened targets and codebooks. The squared distance
    to each codeword needs only inner products: with the target (N, M K), and between codewords, which
    are looked up.

    Args:
        targets: (N, D).
        codebooks: (M, K, D).
        orders: For each sweep, the order in which to visit the codebooks.
        start: int64 (N, M) to start from; zeros where None.

    Returns:
        int64 (N, M).
    """
    parts = []
    between = _cross_products(codebooks)
    for first in range(0, len(targets), _ROWS):
        rows = slice(first, first + _ROWS)
        codes = None if start is None else start[rows]
        parts.append(_icm_rows(targets[rows], codebooks, between, orders, codes))
    return torch.cat(parts) if parts else torch.empty((0, len(codebooks)), dtype=torch.int64)


def _cross_products(codebooks: torch.Tensor) -> torch.Tensor:
    """Inner products between codewords, (M, M, K, K): [m, l, j, k] of word j of m and k of l."""
    return torch.einsum("mjd,lkd->mljk", codebooks, codebooks)


def _icm_rows(
    targets: torch.Tensor,
    codebooks: torch.Tensor,
    between: torch.Tensor,
    orders: Sequence[Sequence[int]],
    start: torch.Tensor | None,
) -> torch.Tensor:
    books = len(codebooks)
    shape = (len(targets), books)
    codes = torch.zeros(shape, dtype=torch.int64, device=targets.device)
    if start is not None:
        codes = start.clone()
    norms = codebooks.square().sum(dim=2)
    # |r - c|^2 without |r|^2, which no choice changes
    alone = norms[:, None, :] - 2 * torch.einsum("nd,mkd->mnk", targets, codebooks)
    for order in orders:
        for m in order:
            cost = alone[m].clone()
            for other in range(books):
                if other != m:
                    cost += 2 * between[other, m][codes[:, other]]
            codes[:, m] = cost.argmin(dim=1)
    return codes


def update_codebooks(
    embeddings: torch.Tensor, codes: torch.Tensor, codebooks: torch.Tensor, ridge: float
) -> torch.Tensor:
    """C = (B'B + ridge I)^-1 B'R, B being the one-hot codes; words that nobody uses stay as they are.

    The tags' metric cancels out of the least squares problem, so that it is solved in the plain space.

    Args:
        embeddings: (N, D).
        codes: int64 (N, M).
        codebooks: (M, K, D).
        ridge: The paper's 0.001.
    """
    books, words, width = codebooks.shape
    columns = codes + torch.arange(books, device=codes.device) * words
    pairs = columns[:, :, None] * (books * words) + columns[:, None, :]
    counts = torch.bincount(pairs.reshape(-1), minlength=(books * words) ** 2)
    gram = counts.view(books * words, books * words).double()
    used = gram.diagonal() > 0
    sums = torch.zeros((books * words, width), dtype=torch.float64, device=codes.device)
    for m in range(books):
        sums.index_add_(0, columns[:, m], embeddings.double())
    regular = gram[used][:, used] + ridge * torch.eye(
        int(used.sum()), dtype=torch.float64, device=codes.device
    )
    updated = codebooks.reshape(books * words, width).clone()
    updated[used] = torch.linalg.solve(regular, sums[used]).to(codebooks.dtype)
    return updated.view(books, words, width)


def start_codebooks(embeddings: np.ndarray, books: int, words: int, seed: int) -> np.ndarray:
    """k-means on M slices of the embeddings: each codebook starts block-sparse, as PQ's would.

    Of more than 256 embeddings a codeword, as many are drawn: more would move the means by little.

    D need not be divisible by M: the first slices are one dimension wider. Where a slice has fewer
    different values than codewords, the words left over stay zero and stand for "nothing to add".

    Args:
        embeddings: float32 (N, D), D at least M.
        books: M.
        words: K.
        seed: Of k-means.

    Returns:
        float32 (M, K, D).
    """
    if len(embeddings) > _ROWS_A_WORD * words:
        generator = numpy_generator(seed, "start")
        drawn = generator.choice(len(embeddings), _ROWS_A_WORD * words, replace=False)
        embeddings = embeddings[np.sort(drawn)]
    codebooks = np.zeros((books, words, embeddings.shape[1]), dtype=np.float32)
    for m, columns in enumerate(np.array_split(np.arange(embeddings.shape[1]), books)):
        part = embeddings[:, columns]
        clusters = min(words, len(np.unique(part, axis=0)))
        with warnings.catch_warnings():
            # Equal embeddings are normal late in training; they cost a codeword, nothing else.
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted = KMeans(clusters, n_init=1, random_state=seed).fit(part)
        codebooks[m, :clusters, columns] = fitted.cluster_centers_.T
    return codebooks


def reconstruct(codes: torch.Tensor, codebooks: torch.Tensor) -> torch.Tensor:
    """C b, (N, D)."""
    books = torch.arange(len(codebooks), device=codes.device)
    return codebooks[books, codes].sum(dim=1)
