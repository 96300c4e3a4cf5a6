"""The settings of WSIH: its authors' for two data sets, and those for a few thousand images."""

from __future__ import annotations

from pydantic import Field

from hashbench.methods.config import Preset
from hashbench.training.config import HarnessConfig


class WSIHConfig(HarnessConfig):
    """Settings of WSIH. A loss of weight 0 is left out; each ablation is one setting.

    Attributes:
        web_stage: Learn concept prototypes from web images first. Without it (ablation) no prototype is
            attended to, and all layers train on the target images, as none was trained before.
        attention: Attend to the prototypes after the first layer (ablation: false).
        layer1: Width of the encoder's first layer; frozen in the transfer, prototypes live in it.
        layer2: Width of the second layer; frozen in the transfer.
        layer3: Width of the third layer.
        decoder: Width of the decoder's hidden layer.
        dropout: After the second layer.
        learning_rate: Adam's, in both stages.
        web_epochs: Prototype learning: passes over the web images ...
        web_batch: ... images a step; 0 for all of them in one.
        classification: Weight of the cross-entropy of the concepts.
        similarity: Weight of the codes' similarity against equal concepts.
        balance: Weight of the sum of the outputs.
        decorrelation: Weight of the norm of the codes' inner products.
        epochs: Transfer: passes over the target images ...
        batch_size: ... and images a step.
        relation: Weight of the relation reconstruction (ablation: 0).
        sign: Weight of the distance from the outputs to their signs.
        semantic: Weight of the reconstruction of the features (ablation: 0).
    """

    web_stage: bool = True
    attention: bool = True
    layer1: int = Field(default=1024, ge=1)
    layer2: int = Field(default=512, ge=1)
    layer3: int = Field(default=256, ge=1)
    decoder: int = Field(default=256, ge=1)
    dropout: float = Field(default=0.4, ge=0, lt=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    web_epochs: int = Field(default=10, ge=1)
    web_batch: int = Field(default=256, ge=0)
    classification: float = Field(default=10.0, ge=0)
    similarity: float = Field(default=1.0, ge=0)
    balance: float = Field(default=1e-5, ge=0)
    decorrelation: float = Field(default=1e-5, ge=0)
    epochs: int = Field(default=20, ge=1)
    batch_size: int = Field(default=128, ge=2)
    relation: float = Field(default=0.25, ge=0)
    sign: float = Field(default=1.0, ge=0)
    semantic: float = Field(default=0.5, ge=0)


# What the authors' code has for both data sets.
_PAPER = {
    "layer1": 4096,
    "layer2": 2048,
    "layer3": 1024,
    "decoder": 1024,
    "learning_rate": 2e-4,
    "web_batch": 0,
    "epochs": 50,
    "relation": 10.0,
}
SMALL = Preset("narrow layers, for a few thousand images; chosen on a validation split")
PAPER_COCO = Preset(
    "the authors' code for MS-COCO: 80 concepts, 100 web images each",
    config={**_PAPER, "web_epochs": 180, "semantic": 0.1},
)
PAPER_NUS21 = Preset(
    "the authors' code for NUS-WIDE's 21 concepts, 200 web images each",
    config={
        **_PAPER,
        "web_epochs": 120,
        "similarity": 1e-3,
        "balance": 1e-6,
        "sign": 10.0,
        "semantic": 10.0,
    },
)
