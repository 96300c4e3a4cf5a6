"""All that a method ever sees of a data set.

A view holds arrays and words, never the data set, a collection, a path or an image's name: there is
no way from here to the ground truth unless it was put in, and it is put in only for a method that
declared `Supervision.LABELS`.

N = images, F = feature dimensions, S = side in pixels, C = labels, W = web images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from hashbench.data.supervision import Supervision
from hashbench.errors import DataError, SupervisionError

Tags = TypeVar("Tags")
# Rows of features that are looked at together: an array of truths as large as all of them is not needed.
_LOOKED_AT = 4096


class Rows:
    """Some rows of an array on disk, in some order; only those that are asked for are ever in memory.

    Indexing by a number, a slice, or an array of numbers or truths gives a NumPy array.
    """

    def __init__(self, array: np.ndarray, places: np.ndarray) -> None:
        self._array = array
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @property
    def shape(self) -> tuple[int, ...]:
        """N, and the shape of a row."""
        return (len(self), *self._array.shape[1:])

    @property
    def dtype(self) -> np.dtype:
        """The type of the numbers."""
        return self._array.dtype

    def __getitem__(self, key: int | slice | np.ndarray) -> np.ndarray:
        return self._array[self._places[key]]

    def __reduce__(self) -> tuple[Any, ...]:
        """For another process: the name of the file, where there is one, and not what is in it."""
        base = self._array.base if self._array.base is not None else self._array
        if not isinstance(base, np.memmap) or base.shape != self._array.shape:
            return Rows, (self._array, self._places)
        where = (base.filename, base.dtype, "r", base.offset, base.shape)
        return _mapped, (where, self._places)

    def part(self, places: np.ndarray) -> Rows:
        """Some of these rows, in the order of `places`, which is not kept."""
        return Rows(self._array, self._places[places])


def _mapped(where: tuple[Any, ...], places: np.ndarray) -> Rows:
    """Rows of a file, opened again."""
    return Rows(np.asarray(np.memmap(*where)), places)


class ImageView:
    """Some images, as frozen features or as pixels, whichever the method asked for.

    Both are read-only; asking for the one that is not there raises `SupervisionError`. Features are finite
    numbers: no method needs to look for others.

    Raises:
        DataError: Features have no width, or hold what is not a finite number.
    """

    def __init__(
        self, *, features: np.ndarray | None = None, pixels: np.ndarray | Rows | None = None
    ) -> None:
        if (features is None) == (pixels is None):
            raise ValueError("an ImageView holds either features or pixels")
        if features is not None:
            _require_finite(features)
        self._features = features
        self._pixels = pixels

    def __len__(self) -> int:
        held = self._features if self._features is not None else self._pixels
        assert held is not None  # noqa: S101 - the constructor saw to it
        return len(held)

    @property
    def features(self) -> np.ndarray:
        """float32 (N, F), the backbone's frozen features."""
        if self._features is None:
            raise SupervisionError(
                "this method declared inputs='pixels' and asked for features. "
                "Declare inputs='features' to get them."
            )
        return self._features

    @property
    def pixels(self) -> np.ndarray | Rows:
        """uint8 (N, S, S, 3), decoded images, on disk until they are indexed."""
        if self._pixels is None:
            raise SupervisionError(
                "this method declared inputs='features' and asked for pixels. "
                "Declare inputs='pixels' to get them."
            )
        return self._pixels


def _require_finite(features: np.ndarray) -> None:
    """Refuse features that nothing can be learnt from.

    Raises:
        DataError: They have no width, or hold what is not a finite number.
    """
    if features.ndim != 2 or not features.shape[1]:
        raise DataError(f"features of shape {features.shape}. Expected (images, dimensions).")
    for start in range(0, len(features), _LOOKED_AT):
        finite = np.isfinite(features[start : start + _LOOKED_AT]).all(axis=1)
        if not finite.all():
            raise DataError(
                f"features of image {start + int(finite.argmin())} hold what is not a finite number. "
                "Expected numbers: look at where the features come from."
            )


@dataclass(frozen=True)
class WebView:
    """Images from elsewhere, each found by searching for a concept; none of them is of the data set.

    Attributes:
        images: W images, of the same kind as the training images.
        concepts: int64 (W,), the concept that each was found by.
        names: The concepts' names.
    """

    images: ImageView
    concepts: np.ndarray
    names: tuple[str, ...]


class TrainView(Generic[Tags]):
    """The training images and the one kind of supervision that the method declared.

    Tags, web images and labels are given as functions, and only the permitted one is ever called or
    kept: what a method may not see is not loaded, let alone reachable.
    """

    def __init__(
        self,
        images: ImageView,
        supervision: Supervision,
        *,
        load_tags: Callable[[], Tags],
        load_web: Callable[[], WebView],
        load_labels: Callable[[], np.ndarray],
    ) -> None:
        self.images = images
        self.supervision = supervision
        self._tags = load_tags() if supervision.sees_tags else None
        self._web = load_web() if supervision.sees_web else None
        self._labels = load_labels() if supervision.sees_labels else None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def tags(self) -> Tags:
        """The training images' tags, after the tag protocol.

        Raises:
            SupervisionError: The method did not declare `Supervision.TAGS`.
        """
        if self._tags is None:
            raise self._refusal("tags")
        return self._tags

    @property
    def web(self) -> WebView:
        """Images found on the web, with the concepts that were searched for.

        Raises:
            SupervisionError: The method did not declare `Supervision.WEB`.
        """
        if self._web is None:
            raise self._refusal("web")
        return self._web

    @property
    def labels(self) -> np.ndarray:
        """Bool (N, C), the training images' ground truth.

        Raises:
            SupervisionError: The method did not declare `Supervision.LABELS`.
        """
        if self._labels is None:
            raise self._refusal("labels")
        return self._labels

    def _refusal(self, wanted: str) -> SupervisionError:
        return SupervisionError(
            f"a method of supervision {self.supervision.value!r} asked for {wanted}. Rule: a method sees "
            f"only the supervision that it declares; for {wanted}, declare SUPERVISION = {wanted!r}."
        )
