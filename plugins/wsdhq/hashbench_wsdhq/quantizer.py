"""Additive quantization in the tags' metric: whitening, ICM, closed-form codebooks, k-means start.

N = images, U = tags, D = dimensions, M = codebooks, K = codewords a codebook, B = 4,096 images of a block.
r: image embeddings (N, D); v: tag embeddings (U, D); C: codebooks (M, K, D); b: codes (N, M).

All of it runs on the device of its tensors. What would grow with N is taken in blocks, so that the bytes of
the tensors beside input and output have the bound that each docstring states.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from hashbench.training.seeding import numpy_generator, torch_generator
from hashbench_wsdhq.kmeans import add_rows, kmeans

_ROWS = 4096
# Training rows of k-means for each codeword, as FAISS has it.
_ROWS_A_WORD = 256


def whitening(tags: torch.Tensor) -> torch.Tensor:
    """L (D, D) with sum over t of (x . v_t)^2 = |x L|^2 for every x.

    L L' = V'V, by eigenvectors, so that fewer tags than dimensions are no special case. Everything
    that the paper measures against all tags becomes a Euclidean length after one product with L.
    """
    values, vectors = torch.linalg.eigh(tags.T.double() @ tags.double())
    return (vectors * values.clamp(min=0).sqrt()).type_as(tags)


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

    Holds at most (M K)^2 + B K (M + 2) + M K numbers of the targets' type: products of every two words, and
    the costs in a block.

    Args:
        targets: (N, D).
        codebooks: (M, K, D).
        orders: For each sweep, the order in which to visit the codebooks.
        start: int64 (N, M) to start from; zeros where None.

    Returns:
        int64 (N, M).
    """
    if start is None:
        codes = torch.zeros((len(targets), len(codebooks)), dtype=torch.int64, device=targets.device)
    else:
        codes = start.clone()
    between = _cross_products(codebooks)
    for rows in _blocks(len(targets)):
        _improve(codes[rows], targets[rows], codebooks, between, orders)
    return codes


def _blocks(images: int) -> Iterator[slice]:
    return (slice(first, first + _ROWS) for first in range(0, images, _ROWS))


def _cross_products(codebooks: torch.Tensor) -> torch.Tensor:
    """Inner products between codewords, (M, M, K, K): [m, l, j, k] of word j of m and k of l."""
    return torch.einsum("mjd,lkd->mljk", codebooks, codebooks)


def _improve(
    codes: torch.Tensor,
    targets: torch.Tensor,
    codebooks: torch.Tensor,
    between: torch.Tensor,
    orders: Sequence[Sequence[int]],
) -> None:
    """Choose the codes (B, M) of one block anew, in place."""
    norms = codebooks.square().sum(dim=2)
    # |r - c|^2 without |r|^2, which no choice changes
    alone = torch.einsum("nd,mkd->mnk", targets, codebooks).mul_(-2).add_(norms[:, None, :])
    for order in orders:
        for m in order:
            cost = alone[m].clone()
            for other in range(len(codebooks)):
                if other != m:
                    cost.add_(between[other, m][codes[:, other]], alpha=2)
            codes[:, m] = cost.argmin(dim=1)


def update_codebooks(
    embeddings: torch.Tensor, codes: torch.Tensor, codebooks: torch.Tensor, ridge: float
) -> torch.Tensor:
    """C = (B'B + ridge I)^-1 B'R, B being the one-hot codes; words that nobody uses stay as they are.

    The tags' metric cancels out of the least squares problem, so that it is solved in the plain space.
    B'B is counted in integers and B'R added up in float64 in the order of the images, so that neither
    depends on the blocks or on the threads of a GPU.

    Holds at most 32 (M K)^2 + 40 M K D bytes for the system, and B (24 M^2 + 16 D) for a block.

    Args:
        embeddings: (N, D).
        codes: int64 (N, M).
        codebooks: (M, K, D).
        ridge: The paper's 0.001.
    """
    counts, sums = _normal_equations(embeddings, codes, codebooks.shape[1])
    used = counts.diagonal() > 0
    regular = counts[used][:, used].double()
    regular.diagonal().add_(ridge)
    updated = codebooks.flatten(0, 1).clone()
    updated[used] = torch.linalg.solve(regular, sums[used]).type_as(codebooks)
    return updated.view(codebooks.shape)


def _normal_equations(
    embeddings: torch.Tensor, codes: torch.Tensor, words: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """B'B, int64 (M K, M K), and B'R, float64 (M K, D), of the one-hot codes B."""
    books = codes.shape[1]
    size = books * words
    offsets = torch.arange(books, device=codes.device) * words
    counts = torch.zeros(size * size, dtype=torch.int64, device=codes.device)
    one = torch.ones((), dtype=torch.int64, device=codes.device)
    sums = torch.zeros((size, embeddings.shape[1]), dtype=torch.float64, device=codes.device)
    for rows in _blocks(len(codes)):
        columns = codes[rows] + offsets
        pairs = columns[:, :, None] * size + columns[:, None, :]
        add_rows(counts, pairs.flatten(), one)
        exact = embeddings[rows].double()
        for m in range(books):
            add_rows(sums, columns[:, m], exact)
    return counts.view(size, size), sums


def start_codebooks(embeddings: torch.Tensor, books: int, words: int, seed: int) -> torch.Tensor:
    """k-means on M slices of the embeddings: each codebook starts block-sparse, as PQ's would.

    Of more than 256 embeddings a codeword, as many are drawn: more would move the means by little.

    D need not be divisible by M: the first slices are one dimension wider. Where a slice has fewer
    different values than codewords, the words left over stay zero and stand for "nothing to add".

    Holds the R = min(N, 256 K) embeddings drawn, and what `kmeans` does for R points of D / M dimensions.

    Args:
        embeddings: (N, D), D at least M.
        books: M.
        words: K.
        seed: Of the draws, which are the same on every device.

    Returns:
        (M, K, D) of the embeddings' type, on their device.
    """
    if len(embeddings) > _ROWS_A_WORD * words:
        generator = numpy_generator(seed, "start")
        drawn = generator.choice(len(embeddings), _ROWS_A_WORD * words, replace=False)
        embeddings = embeddings[torch.as_tensor(np.sort(drawn), device=embeddings.device)]
    codebooks = embeddings.new_zeros((books, words, embeddings.shape[1]))
    slices = zip(embeddings.tensor_split(books, dim=1), codebooks.tensor_split(books, dim=2), strict=True)
    for m, (part, own) in enumerate(slices):
        centres = kmeans(part, words, torch_generator(seed, f"k-means of slice {m}"))
        own[m, : len(centres)] = centres
    return codebooks


def reconstruct(codes: torch.Tensor, codebooks: torch.Tensor) -> torch.Tensor:
    """C b, (N, D)."""
    books = torch.arange(len(codebooks), device=codes.device)
    return codebooks[books, codes].sum(dim=1)
