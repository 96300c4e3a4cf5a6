"""Thumbnails of what queries find, made from the data sets that are at hand."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from hashbench.data.collection import ImageCollection
from hashbench.data.images import decode_one
from hashbench.errors import DataError, HashbenchError
from hashbench.plugins import Plugins
from hashbench.progress import Progress
from hashbench.reports.site.folder import SiteFolder
from hashbench.runs.spec import RunSpec

SIDE = 96
_QUALITY = 80


@dataclass(frozen=True)
class Pictures:
    """The thumbnails of one data set.

    Attributes:
        files: A thumbnail's path in the site, by image id.
        lacking: Why there are none, in a sentence; empty where there are.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    lacking: str = ""


@dataclass(frozen=True)
class Source:
    """Where pictures are from.

    Attributes:
        name: The data set.
        tags: Its kind of tags; empty where it has one.
        images: The fingerprint of its images.
    """

    name: str
    tags: str
    images: str

    @classmethod
    def of(cls, spec: RunSpec) -> Source:
        """The images of a run."""
        return cls(spec.dataset["name"], spec.dataset["tags"], spec.dataset["images"])


class Photographer:
    """Makes thumbnails, of each data set once; those that the site has are not decoded again."""

    def __init__(
        self, folder: SiteFolder, plugins: Plugins, data_roots: Mapping[str, Path], progress: Progress
    ) -> None:
        self._folder = folder
        self._plugins = plugins
        self._roots = data_roots
        self._progress = progress

    def pictures(self, source: Source, ids: Iterable[str]) -> Pictures:
        """Thumbnails of some images of a data set.

        Args:
            source: The data set.
            ids: The images; of those that it does not have or that cannot be decoded there is none.
        """
        name = source.name
        if name not in self._plugins.datasets:
            return Pictures(lacking=f"The data set {name} was not installed where this page was made.")
        try:
            images = self._plugins.datasets[name](self._roots.get(name), source.tags or None).images()
        except Exception as error:  # a plugin's code: whatever it raises, the pages can do without pictures
            said = error if isinstance(error, HashbenchError) else f"{type(error).__name__}: {error}"
            self._progress.notice(f"no pictures of {name}: {said}")
            return Pictures(lacking=f"The files of {name} were not at hand where this page was made.")
        if images.fingerprint() != source.images:
            return Pictures(lacking=f"The images of {name} at hand are not those of this run.")
        if not isinstance(images, ImageCollection):
            return Pictures(lacking=f"{name} holds features, published in place of the images.")
        return Pictures(self._thumbnails(images, sorted(set(ids))))

    def _thumbnails(self, images: ImageCollection, ids: list[str]) -> dict[str, str]:
        places = {image: place for place, image in enumerate(images.ids)}
        files: dict[str, str] = {}
        with self._progress.task(f"thumbnails of {images.name}", len(ids)) as advance:
            for image in ids:
                place = places.get(image)
                if place is not None and (made := self._thumbnail(images, place)):
                    files[image] = made
                advance(1)
        return files

    def _thumbnail(self, images: ImageCollection, place: int) -> str:
        """The path of one thumbnail; empty where the image cannot be decoded."""
        path = f"images/{images.hashes[place]}.webp"
        if not self._folder.has(path):
            try:
                pixels = decode_one(images, place, SIDE)
            except DataError as error:
                self._progress.notice(str(error))
                return ""
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "WEBP", quality=_QUALITY)
            self._folder.write(path, buffer.getvalue())
        return path
