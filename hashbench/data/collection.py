"""A collection of images with the tags that people typed, and, kept apart, its ground truth.

N = images, F = feature dimensions, C = labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hashbench import fingerprint
from hashbench.errors import DataError


@dataclass(frozen=True)
class Collection:
    """Names and raw tags of images, in a fixed order. Ground truth is not in here: see `GroundTruth`.

    It is an `ImageCollection`, or a `FeatureCollection` where there are no images to be had.

    Attributes:
        name: The data set's name.
        ids: N unique names, one an image, for messages and manifests.
        hashes: N content hashes, by `fingerprint.of_bytes` of the encoded image file or `of_array` of
            the features: equal hashes mean equal images, in whatever collection they are.
        tags: For each image the tags as they were typed.
    """

    name: str
    ids: tuple[str, ...]
    hashes: tuple[str, ...]
    tags: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        lengths = {len(self.ids), len(self.hashes), len(self.tags)}
        if len(lengths) != 1:
            raise DataError(
                f"{self.name}: {len(self.ids)} ids, {len(self.hashes)} hashes and "
                f"{len(self.tags)} tag lists. Expected as many of each."
            )
        if len(set(self.ids)) != len(self.ids):
            raise DataError(f"{self.name}: image ids are not unique.")

    def __len__(self) -> int:
        return len(self.ids)

    def by_content(self, places: np.ndarray) -> np.ndarray:
        """Places of images in the order of their content hashes, which tells nothing of the images."""
        return np.array(sorted(places, key=lambda place: self.hashes[place]), dtype=np.int64)

    def fingerprint(self) -> str:
        """Hash of every image's content and every tag, in order."""
        return fingerprint.of_json([self.ids, self.hashes, self.tags])

    @property
    def kind(self) -> str:
        """What stands for an image, in words; collections of one kind can be compared."""
        return "images"


@dataclass(frozen=True)
class ImageCollection(Collection):
    """A collection whose images are here.

    Attributes:
        read: `read(i)` gives the encoded file (PNG, JPEG, WebP, ...) of image `i`.
    """

    read: Callable[[int], bytes]


@dataclass(frozen=True)
class FeatureCollection(Collection):
    """A collection of which others have published features in place of the images.

    Attributes:
        features: float32 (N, F).
    """

    features: np.ndarray

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.features.dtype != np.float32 or self.features.ndim != 2 or len(self.features) != len(self):
            raise DataError(
                f"{self.name}: features are {self.features.dtype} {self.features.shape}. "
                f"Expected float32 ({len(self)}, F)."
            )

    @property
    def kind(self) -> str:
        """Features of so many dimensions."""
        return f"features of {self.features.shape[1]} dimensions"


class TruthKind(StrEnum):
    """What says that one image is relevant to another; numbers of different kinds are never compared."""

    LABELS = "labels"
    HELD_OUT_TAGS = "held-out tags"


@dataclass(frozen=True)
class GroundTruth:
    """Which labels each image truly carries. Only evaluation and supervised methods open it.

    Attributes:
        names: C label names.
        labels: bool (N, C), in the order of the collection.
        by: What the labels are: somebody's judgement, or tags that no method is given.
    """

    names: tuple[str, ...]
    labels: np.ndarray
    by: TruthKind = TruthKind.LABELS

    def __post_init__(self) -> None:
        if self.labels.dtype != np.bool_ or self.labels.ndim != 2:
            raise DataError(
                f"labels are {self.labels.dtype} of {self.labels.ndim} axes. Expected bool (N, C)."
            )
        if self.labels.shape[1] != len(self.names):
            raise DataError(
                f"{len(self.names)} label names for {self.labels.shape[1]} label columns. "
                "Expected as many of each."
            )

    def fingerprint(self) -> str:
        """Hash of the names and of the label matrix."""
        return fingerprint.of_json([self.names, fingerprint.of_array(self.labels)])
