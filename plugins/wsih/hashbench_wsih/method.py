"""WSIH: concepts learnt from web images, carried over to images that nobody labelled.

Cui, Zhu, Li, Zhang, Guan: Webly Supervised Image Hashing with Lightweight Semantic Transfer Network,
ACM MM 2022.

The contract alone: the networks import torch, and are not needed to look a finished run up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

import numpy as np

from hashbench.data.supervision import Supervision
from hashbench.data.views import TrainView, WebView
from hashbench.tags.table import TagTable
from hashbench.training.deep import DeepHash
from hashbench.training.objective import Stage
from hashbench_wsih.config import PAPER_COCO, PAPER_NUS21, SMALL, WSIHConfig

if TYPE_CHECKING:
    from hashbench_wsih.network import Encoder


class WSIH(DeepHash):
    """Small layers on frozen features: prototypes from web images, then a siamese transfer.

    Attributes:
        concepts: How many prototypes there are; known once there is a web set or a state.
    """

    PLUGIN_NAME = "wsih"
    VERSION = 2
    DESCRIPTION = "webly supervised image hashing (Cui et al., MM 2022)"
    SUPERVISION = Supervision.WEB
    Config = WSIHConfig
    PRESETS = {"small": SMALL, "paper-coco": PAPER_COCO, "paper-nus21": PAPER_NUS21}  # noqa: RUF012 - a ClassVar
    concepts: int

    def prepare(self) -> None:
        """Import torch and what is built on it."""
        import hashbench_wsih.prototypes  # noqa: PLC0415
        import hashbench_wsih.transfer  # noqa: F401, PLC0415

        super().prepare()

    def build(self, width: int) -> Encoder:
        """The encoder, which attends to no prototypes yet."""
        from hashbench_wsih.network import Encoder  # noqa: PLC0415

        return Encoder(width, self.context.bits, self.concepts, self.config)

    def stages(self, view: TrainView[TagTable]) -> Iterator[Stage]:
        """Learn concept prototypes from the web set, then transfer to the training images.

        Raises:
            DataError: There are fewer than two images of either kind, or the loss explodes.
        """
        from hashbench_wsih.network import Decoder  # noqa: PLC0415
        from hashbench_wsih.prototypes import prototype_stage  # noqa: PLC0415
        from hashbench_wsih.transfer import transfer_stage  # noqa: PLC0415

        bits, config = self.context.bits, self.config
        self.concepts = len(view.web.names) if config.web_stage else 0
        self.network = self.fresh(view.images)
        if config.web_stage:
            yield prototype_stage(view.web, self.encoder, bits, config)
            self._keep_prototypes(view.web)
        decoder = Decoder(self.harness.source.width(view.images), bits, config)
        yield transfer_stage(view.images, self.encoder, decoder, bits, config)

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Rebuild the encoder and take everything back."""
        self.concepts = len(state["head.prototypes"])
        super().load_state(state)
        self.encoder.attends = self._attends

    @property
    def encoder(self) -> Encoder:
        """The network's head."""
        return cast("Encoder", self.network.head)

    @property
    def trained_parameters(self) -> int:
        """Weights of both stages; the state has fewer, and statistics that are measured, not trained."""
        import torch  # noqa: PLC0415
        from torch import nn  # noqa: PLC0415

        from hashbench_wsih.network import Decoder  # noqa: PLC0415

        width, bits = next(self.encoder.parameters()).shape[1], self.context.bits
        with torch.device("meta"):
            beside: list[nn.Module] = [Decoder(width, bits, self.config)]
            beside += [nn.Linear(bits, self.concepts)] if self.concepts else []
        return sum(weights.numel() for part in (self.encoder, *beside) for weights in part.parameters())

    @property
    def _attends(self) -> bool:
        return bool(self.concepts and self.config.attention)

    def _keep_prototypes(self, web: WebView) -> None:
        """Let images attend, from now on, to what the web images became in stage 1."""
        from hashbench_wsih.prototypes import keep_prototypes  # noqa: PLC0415

        encoder, concepts = self.encoder, self.tensor(web.concepts)
        first, codes = self.outputs(web.images, encoder.layer1), self.outputs(web.images)
        share = keep_prototypes(encoder, first, codes, concepts)
        encoder.attends = self._attends
        self.context.progress.note(
            f"{self.concepts} prototypes of {len(web.images)} web images; {share:.0%} of these are nearest "
            "their own concept's code"
        )
