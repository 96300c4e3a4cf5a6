"""The images of a prepared run, as the kind of input that its method works on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hashbench.data.images import cached_pixels
from hashbench.data.views import ImageView, TrainView
from hashbench.features.extract import frozen_features
from hashbench.methods.method import Method
from hashbench.progress import Progress
from hashbench.runs.request import PreparedRun
from hashbench.tags.table import TagTable


@dataclass(frozen=True)
class RunInputs:
    """Computes features or pixels, or takes them from the cache.

    Attributes:
        run: What is carried out.
        cache: Root folder of the cache.
        device: Where features are computed.
        progress: Where to report.
    """

    run: PreparedRun
    cache: Path
    device: str
    progress: Progress

    def images(self, method: Method, indices: np.ndarray) -> ImageView:
        """Features or pixels of some images, in that order."""
        images, backbone = self.run.data.images, self.run.backbone
        if method.inputs == "pixels":
            pixels = cached_pixels(images, indices, backbone.SIDE, self.cache, self.progress)
            return ImageView(pixels=pixels)
        features = frozen_features(images, backbone, self.device, self.cache, self.progress)
        return ImageView(features=_read_only(features[indices]))

    def train(self, method: Method) -> TrainView[TagTable]:
        """The training images with the declared supervision, in an order that tells nothing."""
        data, protocol = self.run.data, self.run.protocol
        order = np.array(sorted(data.split.train, key=lambda i: data.images.hashes[i]))
        return TrainView(
            self.images(method, order),
            method.SUPERVISION,
            load_tags=lambda: protocol.table(
                [data.images.tags[i] for i in order], data.dataset.label_names()
            ),
            load_labels=lambda: _read_only(data.ground_truth().labels[order]),
        )


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
