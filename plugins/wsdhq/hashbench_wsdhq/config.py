"""The settings of WSDHQ: the paper's, and those for collections of a few thousand images."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from hashbench.methods.config import Preset
from hashbench.tags.embeddings import BUNDLED
from hashbench.training.config import DeepConfig


class WSDHQConfig(DeepConfig):
    """Settings of WSDHQ. Each ablation of the paper is one of them.

    Attributes:
        embeddings: Word vectors of the tags: the bundled ones, or a word2vec or GloVe file.
        standardize: Centre the tags' vectors and scale them to unit length.
        graph: Enhance tags by the correlation graph (ablation: false).
        graph_threshold: Cosine similarity from which tags are neighbours (tau; not published).
        merge: Merge near-synonyms by DBSCAN.
        merge_radius: DBSCAN's eps, a cosine distance (not published).
        merge_min_tags: DBSCAN's min_samples; above 1, tags without neighbours are dropped.
        finetune: What trains: `head`, on frozen features, or `all`, the backbone too.
        normalize: l2-normalise embeddings in the margin loss (ablation: false).
        sphere: Quantize unit embeddings, so that codes live on the sphere the cosine is measured on.
        loss: `margin`, or the hinge of `wdht` (ablation).
        margin: `adaptive`, or one `fixed` value for all pairs of tags.
        gamma: Exponent of the adaptive margin.
        fixed_margin: Value of the fixed margin and of WDHT's.
        hardest: Where above 0, only that many hardest negatives of each image count.
        quantization: `joint` with the embedding, or `two-stage`, after it (ablation).
        weight: Weight of the quantization loss (lambda).
        update_every: Epochs between updates of codes and codebooks.
        icm_sweeps: Sweeps over the codebooks when codes are updated, and when images are encoded.
        final_updates: Updates of codes and codebooks after the last gradient step.
        restart: Start the codebooks anew, by k-means on the final embeddings, before these.
        ridge: Of the closed-form codebooks.
        hidden: Width of a hidden layer before the fusion layer; 0 for none, as in the paper.
        dropout: Before each layer of the head.
        fusion_multiplier: Factor on the learning rate of the fusion layer's weights.
        bias_multiplier: Factor on that of all biases; the fusion layer's gets the product of both.
    """

    embeddings: str = BUNDLED
    standardize: bool = True
    graph: bool = True
    graph_threshold: float = Field(default=0.85, gt=0, le=1)
    merge: bool = True
    merge_radius: float = Field(default=0.1, ge=0, le=2)
    merge_min_tags: int = Field(default=1, ge=1)
    finetune: Literal["head", "all"] = "head"
    normalize: bool = True
    sphere: bool = True
    loss: Literal["margin", "wdht"] = "margin"
    margin: Literal["adaptive", "fixed"] = "adaptive"
    gamma: float = Field(default=1.0, gt=0)
    fixed_margin: float = Field(default=0.7, ge=0)
    hardest: int = Field(default=0, ge=0)
    quantization: Literal["joint", "two-stage"] = "joint"
    weight: float = Field(default=1e-4, ge=0)
    update_every: int = Field(default=2, ge=1)
    icm_sweeps: int = Field(default=3, ge=1)
    final_updates: int = Field(default=1, ge=1)
    restart: bool = True
    ridge: float = Field(default=10.0, gt=0)
    fusion_multiplier: float = Field(default=1.0, gt=0)
    bias_multiplier: float = Field(default=1.0, gt=0)
    iterations: int = Field(default=450, ge=1)
    decay: float = Field(default=0.5, gt=0, le=1)
    hidden: int = Field(default=512, ge=0)
    dropout: float = Field(default=0.3, ge=0, lt=1)
    ten_crop: bool = True

    @model_validator(mode="before")
    @classmethod
    def _crop_what_trains(cls, values: Any) -> Any:
        """A backbone that trains sees crops, as in the paper, unless something else is asked for."""
        if isinstance(values, dict) and values.get("finetune") == "all":
            return {"augment": "crop"} | values
        return values


SMALL = Preset("a head on frozen features, for a few thousand images; chosen on a validation split")
PAPER = Preset(
    "the paper's and its authors' code: AlexNet trained as a whole, Flickr25K's 800 iterations. The "
    "paper's word vectors, word2vec GoogleNews, are a file to be named: --set embeddings=FILE.bin",
    config={
        "standardize": False,
        "finetune": "all",
        "hidden": 0,
        "dropout": 0.5,
        "sphere": False,
        "weight": 1e-4,
        "restart": False,
        "ridge": 1e-3,
        "iterations": 800,
        "learning_rate": 3e-4,
        "fusion_multiplier": 10.0,
        "bias_multiplier": 2.0,
        "crop": 227,
    },
    backbone="alexnet",
)
