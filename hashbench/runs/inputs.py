"""The images of a prepared run, as the kind of input that its method works on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hashbench.data.collection import Collection, FeatureCollection, ImageCollection
from hashbench.data.images import cached_pixels
from hashbench.data.views import ImageView, TrainView, WebView
from hashbench.errors import ConfigError, DataError
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
        """Features or pixels of some images of the data set, in that order."""
        return self._view(method, self.run.data.images, indices)

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
            load_web=lambda: self._web(method),
            load_labels=lambda: _read_only(data.ground_truth().labels[order]),
        )

    def _web(self, method: Method) -> WebView:
        web = self.run.web
        if web is None:
            raise ConfigError(f"method {method.PLUGIN_NAME!r} learns from a web set, and the run has none.")
        images = self._view(method, web.images, np.arange(len(web.images)))
        return WebView(images, _read_only(web.found_by), web.concepts)

    def _view(self, method: Method, images: Collection, indices: np.ndarray) -> ImageView:
        """Features or pixels of some images of a collection, in that order."""
        pixels, backbone = method.inputs == "pixels", self.run.backbone
        if isinstance(images, FeatureCollection) and not pixels:
            return ImageView(features=_read_only(images.features[indices]))
        if not isinstance(images, ImageCollection) or backbone is None:
            raise DataError(
                f"{images.name} holds features, and method {method.PLUGIN_NAME!r} works on pixels. "
                "Expected a data set of images."
            )
        if pixels:
            shown = cached_pixels(images, indices, backbone.SIDE, self.cache, self.progress)
            return ImageView(pixels=shown)
        features = frozen_features(images, backbone, self.device, self.cache, self.progress)
        return ImageView(features=_read_only(features[indices]))


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
