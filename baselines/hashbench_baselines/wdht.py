"""Weakly supervised deep hashing with tag embeddings (Gattupalli, Zhuo, Li, CVPR 2019).

N = images, B = tagged images of a batch, T = tags, D = dimensions of word vectors, b = bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from hashbench.data.supervision import Supervision
from hashbench.data.views import TrainView
from hashbench.methods.config import Preset
from hashbench.tags.embeddings import BUNDLED, TagEmbeddings, embed_tags, embeddings_fingerprint
from hashbench.tags.table import TagTable
from hashbench.training.config import DeepConfig
from hashbench.training.deep import DeepHash
from hashbench.training.objective import Objective
from hashbench_baselines.shared.tag_targets import require_tagged

if TYPE_CHECKING:
    import torch

    from hashbench.training.objective import Batch

Weighting = Literal["mean", "tf", "itf"]


class WDHTConfig(DeepConfig):
    """Settings of WDHT.

    Attributes:
        embeddings: Word vectors of the tags: the bundled ones, or a word2vec or GloVe file.
        weighting: How a tag counts among an image's: `mean` alike, `tf` by how many images carry it,
            `itf` by how few.
        margin: Of the hinge loss.
        pairwise: Weight of the pairwise loss (the paper's lambda 1).
        hinge: Weight of the hinge loss (lambda 2).
        quantization: Weight of the quantization loss (lambda 3).
    """

    embeddings: str = BUNDLED
    weighting: Weighting = "mean"
    margin: float = Field(default=0.2, ge=0)
    pairwise: float = Field(default=1.0, ge=0)
    hinge: float = Field(default=10.0, ge=0)
    quantization: float = Field(default=0.01, ge=0)
    hidden: int = Field(default=256, ge=0)
    dropout: float = Field(default=0.5, ge=0, lt=1)


PAPER = Preset(
    "the paper's and its authors' code on NUS-WIDE, with Adam, and the backbone frozen. Their word "
    "vectors, word2vec, are a file to be named: --set embeddings=FILE.bin",
    config={"quantization": 1.0, "dropout": 0.0, "iterations": 100_000, "batch_size": 50},
    backbone="alexnet",
)


class WDHT(DeepHash):
    """Bits differ as images' tags do, and beside them the network learns to tell the tags' meaning."""

    PLUGIN_NAME = "wdht"
    DESCRIPTION = "hashing through tag embeddings (Gattupalli et al., CVPR 2019)"
    SUPERVISION = Supervision.TAGS
    Config = WDHTConfig
    PRESETS: ClassVar = {
        "small": Preset("frozen features, for a few thousand images; chosen on a validation split"),
        "paper": PAPER,
    }

    def sources(self) -> dict[str, str]:
        """The word vectors' content."""
        return {"embeddings": embeddings_fingerprint(self.config.embeddings)}

    def objective(self, view: TrainView[TagTable]) -> Objective:
        """The paper's three losses; a layer beside the hash layer maps into the space of word vectors.

        Raises:
            DataError: Fewer than two images have a tag embedding.
        """
        from hashbench_baselines.shared.two_heads import TwoHeads  # noqa: PLC0415

        config = self.config
        embeddings = self._tag_embeddings(view.tags)

        def loss(batch: Batch) -> torch.Tensor:
            known = batch.targets["tags"].any(dim=1)
            own, output = batch.targets["tags"][known], batch.output[known]
            bits, meanings = output[:, : self.context.bits].sigmoid(), output[:, self.context.bits :].tanh()
            return (
                config.pairwise * pairwise_loss(bits, own)
                + config.hinge * hinge_loss(meanings, own, config.margin)
                + config.quantization * quantization_loss(bits)
            )

        both = TwoHeads(self.network.head, embeddings.shape[1])
        return Objective(loss, targets={"tags": embeddings}, head=both)

    def _tag_embeddings(self, table: TagTable) -> np.ndarray:
        """Images' tag embeddings by the settings, float32 (N, D)."""
        embedded = embed_tags(table.vocabulary, self.config.embeddings)
        embeddings = image_tag_embeddings(table, embedded, self.config.weighting)
        tagged = int(np.count_nonzero(embeddings.any(axis=1)))
        require_tagged(tagged, len(table), "a tag with a word vector")
        return embeddings


def tag_weights(table: TagTable, weighting: Weighting) -> np.ndarray:
    """How much each tag counts: 1, n / N, or log(N / n), n being the images that carry it.

    Args:
        table: N images; a tag that none carries counts as if one did.
        weighting: Which.

    Returns:
        float64 (T,).

    >>> tag_weights(TagTable.from_lists([["cat", "pet"], ["cat"]], ("cat", "pet")), "tf").tolist()
    [1.0, 0.5]
    """
    share = np.maximum(table.carried(), 1) / len(table)
    return {"mean": np.ones_like(share), "tf": share, "itf": -np.log(share)}[weighting]


def image_tag_embeddings(table: TagTable, embedded: TagEmbeddings, weighting: Weighting) -> np.ndarray:
    """The weighted mean of the word vectors of each image's tags, scaled to unit length.

    Args:
        table: Tags of N images.
        embedded: The tags' word vectors, zero for tags without one, which therefore do not count.
        weighting: How tags are weighted.

    Returns:
        float32 (N, D); zero for images without a known tag, and where the weights are all zero.
    """
    summed = table.incidence @ (tag_weights(table, weighting)[:, None] * embedded.vectors)
    norms = np.linalg.norm(summed, axis=1, keepdims=True)
    embeddings: np.ndarray = (summed / np.where(norms > 0, norms, 1)).astype(np.float32)
    return embeddings


def pairwise_loss(bits: torch.Tensor, tags: torch.Tensor) -> torch.Tensor:
    """Distances of codes are to be those of tag embeddings (paper, L1).

    The mean over all (i, j) of (|h_i - h_j|^2 / b - (1 - cos(w_i, w_j)) / 2)^2.

    Args:
        bits: h, in [0, 1], (B, b).
        tags: w, of unit length, (B, D).

    Returns:
        A scalar; 0 where B is 0.
    """
    lengths = bits.square().sum(dim=1)
    distances = lengths[:, None] + lengths - 2 * bits @ bits.T
    difference = distances / bits.shape[1] - (1 - tags @ tags.T) / 2
    return difference.square().sum() / max(len(bits) ** 2, 1)


def hinge_loss(meanings: torch.Tensor, tags: torch.Tensor, margin: float) -> torch.Tensor:
    """An image's own tag embedding is to be nearer than other images' (paper, L2).

    The mean over all n and j != n of max(0, margin + w_j . g_n - w_n . g_n).

    Args:
        meanings: g, what the network takes the images' tags to mean, (B, D).
        tags: w, (B, D).
        margin: The margin.

    Returns:
        A scalar; 0 where B is below 2.
    """
    products = meanings @ tags.T
    violations = (margin + products - products.diagonal()[:, None]).clamp(min=0)
    return violations.fill_diagonal_(0).sum() / max(len(tags) * (len(tags) - 1), 1)


def quantization_loss(bits: torch.Tensor) -> torch.Tensor:
    """Codes are to be far from one half (paper, L3): minus the mean over images of |h - 1/2|^2 / b.

    Args:
        bits: h, in [0, 1], (B, b).

    Returns:
        A scalar, from -1/4 to 0; 0 where B is 0.
    """
    return -(bits - 0.5).square().sum() / max(bits.numel(), 1)
