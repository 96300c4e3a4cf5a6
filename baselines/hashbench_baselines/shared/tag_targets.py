"""What images' tags mean, as word vectors: the mean of their tags'.

N = images, T = tags, D = dimensions of word vectors.
"""

from __future__ import annotations

import numpy as np

from hashbench.errors import DataError
from hashbench.tags.embeddings import TagEmbeddings, embed_tags
from hashbench.tags.table import TagTable

_FEWEST = 2


def tag_means(table: TagTable, source: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean word vectors of the images' tags.

    Args:
        table: Tags of N images.
        source: Word vectors, as `embed_tags` takes them.

    Returns:
        float64 (N, D), zero for images without a known tag, and the numbers of those with one.

    Raises:
        DataError: Fewer than two images have a tag with a word vector.
    """
    embedded = (
        embed_tags(table.vocabulary, source)
        if table.vocabulary
        else TagEmbeddings(np.zeros((0, 1), dtype=np.float32), np.zeros(0, dtype=np.bool_))
    )
    known = table.incidence[:, embedded.known].astype(np.float64)
    counts = known.sum(axis=1)
    tagged = np.flatnonzero(counts)
    require_tagged(len(tagged), len(table), "a tag with a word vector")
    means: np.ndarray = (known @ embedded.vectors[embedded.known]) / np.maximum(counts, 1)[:, None]
    return means, tagged


def require_tags(table: TagTable) -> None:
    """Refuse to learn from a table of tags that hardly an image carries.

    Raises:
        DataError: Fewer than two images have a tag.
    """
    require_tagged(int(np.count_nonzero(table.incidence.sum(axis=1))), len(table), "a tag")


def require_tagged(tagged: int, images: int, what: str) -> None:
    """Refuse to learn from tags that are not there.

    Args:
        tagged: How many training images have `what` ...
        images: ... of how many.
        what: What they need, for the message.

    Raises:
        DataError: Fewer than two have it.
    """
    if tagged < _FEWEST:
        raise DataError(
            f"{tagged} of {images} training images have {what}. Expected {_FEWEST} or more: "
            "use a tag protocol that leaves some, or word vectors that know them."
        )
