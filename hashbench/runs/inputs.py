"""The images of a prepared run, as the kind of input that its method works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from hashbench.data.collection import Collection, FeatureCollection, ImageCollection
from hashbench.data.pixels import cached_pixels
from hashbench.data.split import PARTS, Split, leak_in_words
from hashbench.data.views import ImageView, TrainView, WebView
from hashbench.errors import ConfigError, DataError
from hashbench.features.extract import frozen_features
from hashbench.methods.method import Method
from hashbench.progress import Progress
from hashbench.runs.request import PreparedRun
from hashbench.tags.table import TagTable

# Of damaged images, as many are named aloud; the record lists all.
_NAMED = 3


@dataclass(frozen=True)
class _Shown:
    """Some images of a collection, opened.

    Attributes:
        collection: Where they are from.
        view: Shows some of them, in that order.
        damaged: Why an image cannot be decoded, by its place in the collection; never to be shown.
    """

    collection: Collection
    view: Callable[[np.ndarray], ImageView]
    damaged: dict[int, str]

    def whole(self, indices: np.ndarray) -> np.ndarray:
        """Those of the images that are not damaged."""
        return _without(indices, [*self.damaged])

    def reasons(self) -> dict[str, str]:
        """Why an image cannot be decoded, by its id."""
        return {self.collection.ids[place]: reason for place, reason in self.damaged.items()}

    def loss(self) -> list[str]:
        """What to say of damaged images: a sentence, or none."""
        reasons = self.reasons()
        if not reasons:
            return []
        named = ", ".join(f"{image!r} ({why})" for image, why in list(reasons.items())[:_NAMED])
        more = ", and others" if len(reasons) > _NAMED else ""
        return [
            f"{self.collection.name}: {len(reasons):,} of the images cannot be decoded and were left out: "
            f"{named}{more}."
        ]


@dataclass(frozen=True)
class RunInputs:
    """Computes features or pixels, or takes them from the cache, and leaves damaged images out.

    Attributes:
        run: What is carried out.
        method: Who works on them.
        cache: Root folder of the cache.
        device: Where features are computed.
        progress: Where to report.
    """

    run: PreparedRun
    method: Method
    cache: Path
    device: str
    progress: Progress

    @cached_property
    def split(self) -> Split:
        """The split, without images that cannot be decoded, and without queries that give the answer away.

        Those are queries whose picture is, hardly changed, also among the others. They stay where the
        split is as published.

        Raises:
            DataError: A part holds no other image.
        """
        data, split = self.run.data, self.run.data.split
        query, database, train = (self._images.whole(getattr(split, part)) for part in PARTS)
        if not split.as_published:
            query = _without(query, [place for place, _ in data.near_duplicates(self.cache, self.progress)])
        for part, left in zip(PARTS, (query, database, train), strict=True):
            if not left.size:
                raise DataError(
                    f"{data.images.name}, split {split.name!r}: no image of part {part!r} is left. "
                    f"{' '.join(self.notices())}"
                )
        return replace(split, query=query, database=database, train=train)

    def notices(self) -> list[str]:
        """What everybody should know who reads numbers made with these images, a sentence each."""
        data, split = self.run.data, self.run.data.split
        near = data.near_duplicates(self.cache, self.progress)
        said = [*data.notices]
        if near:
            how = leak_in_words(split, data.images, near, "nearly the same picture as")
            end = f"as published by {split.as_published}" if split.as_published else "and were left out"
            said.append(f"{how}, {end}.")
        said += self._images.loss()
        if self.run.web:
            said += self._web.loss()
        return said

    def images(self, indices: np.ndarray) -> ImageView:
        """Features or pixels of some images of the split, in that order."""
        return self._images.view(indices)

    def train(self) -> TrainView[TagTable]:
        """The training images with the declared supervision, in an order that tells nothing."""
        data, recipe = self.run.data, self.run.recipe
        order = data.images.by_content(self.split.train)
        return TrainView(
            self.images(order),
            self.method.SUPERVISION,
            load_tags=lambda: recipe.table(
                [data.images.tags[i] for i in order], data.dataset.label_names()
            ),
            load_web=self._web_view,
            load_labels=lambda: _read_only(data.ground_truth().labels[order]),
        )

    def damaged(self) -> dict[str, str]:
        """Why images were left out, by their id; those of a web set after its name."""
        web = self._web.reasons() if self.run.web else {}
        return self._images.reasons() | {
            f"{self._web.collection.name}/{image}": why for image, why in web.items()
        }

    @cached_property
    def _images(self) -> _Shown:
        split = self.run.data.split
        used = np.unique(np.concatenate([getattr(split, part) for part in PARTS]))
        return self._shown(self.run.data.images, used)

    @cached_property
    def _web(self) -> _Shown:
        web = self.run.web
        if web is None:
            raise ConfigError(
                f"method {self.method.PLUGIN_NAME!r} learns from a web set, and the run has none."
            )
        return self._shown(web.images, np.arange(len(web.images)))

    def _web_view(self) -> WebView:
        shown, web = self._web, self.run.web
        assert web is not None  # noqa: S101 - opening it saw to it
        whole = shown.whole(np.arange(len(web.images)))
        found_by = web.found_by[whole]
        lost = set(range(len(web.concepts))).difference(found_by.tolist())
        if lost:
            raise DataError(
                f"web set {web.images.name!r}: no image of {web.concepts[min(lost)]!r} can be decoded. "
                "Expected one or more."
            )
        return WebView(shown.view(whole), _read_only(found_by), web.concepts)

    def _shown(self, images: Collection, used: np.ndarray) -> _Shown:
        """Open the images at the places `used` of a collection, ascending."""
        pixels, backbone = self.method.inputs == "pixels", self.run.backbone
        if isinstance(images, FeatureCollection) and not pixels:
            given = images.features
            return _Shown(images, lambda part: ImageView(features=_read_only(given[part])), {})
        if not isinstance(images, ImageCollection) or backbone is None:
            raise DataError(
                f"{images.name} holds features, and method {self.method.PLUGIN_NAME!r} works on pixels. "
                "Expected a data set of images."
            )
        if pixels:
            rows, damaged = cached_pixels(images, used, backbone.SIDE, self.cache, self.progress)
            shown = _Shown(
                images, lambda part: ImageView(pixels=rows.part(np.searchsorted(used, part))), damaged
            )
        else:
            features, damaged = frozen_features(images, backbone, self.device, self.cache, self.progress)
            damaged = {place: damaged[place] for place in used.tolist() if place in damaged}
            shown = _Shown(images, lambda part: ImageView(features=_read_only(features[part])), damaged)
        return shown


def _without(indices: np.ndarray, left_out: list[int]) -> np.ndarray:
    return indices[~np.isin(indices, left_out)]


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
