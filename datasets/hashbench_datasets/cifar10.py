"""CIFAR-10: 60,000 tiny pictures of ten classes, read by torchvision.

Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009. N = images, C = labels.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from hashbench import fingerprint
from hashbench.data.collection import GroundTruth, ImageCollection
from hashbench.data.content import content_hashes
from hashbench.data.dataset import Dataset
from hashbench.data.download import Archive
from hashbench.data.drawing import alone, draw_by_label
from hashbench.data.source import Source
from hashbench.data.split import Split
from hashbench.errors import DataError
from hashbench.files import cache_root, whole_folder

_FOLDER = "cifar-10-batches-py"
_FILES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch", "batches.meta")
_LAYOUT = f"Expected {_FOLDER}/ with {', '.join(_FILES)}; or the tar.gz."
# What the name of a training image and of a test image begins with.
_TRAIN, _TEST = "train/", "test/"
_SEED = 0
# Of the official archive: 186 MB in 8 files.
_MOST_BYTES, _MOST_FILES = 400_000_000, 20
_SEARCHED = (
    "cifar10, split 'deephash-59000': the images that methods learn from are among those that are "
    "searched, so that what is learnt by heart counts. 'deephash-54000' leaves them out."
)


@dataclass(frozen=True)
class _Pictures:
    """The training images, then the test images.

    Attributes:
        pixels: uint8 (N, 32, 32, 3), RGB.
        classes: int64 (N,).
        ids: N names, str: the part and the place in it.
        names: C names of classes, str.
    """

    pixels: np.ndarray
    classes: np.ndarray
    ids: np.ndarray
    names: np.ndarray


class Cifar10(Dataset):
    """Each image has one label and no tags.

    Attributes:
        ARCHIVE: What is published.
        QUERY: Queries of each class, where they are drawn.
        TRAIN: Images of each class to learn from, likewise.
    """

    PLUGIN_NAME = "cifar10"
    DESCRIPTION = "60,000 pictures of 32 x 32 pixels, 10 labels, no tags; fetched (170 MB) or --data-root"
    ARCHIVE: ClassVar[Archive] = Archive(
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        170_498_071,
        md5="c58f30108f718f92721af3b95e74349a",
    )
    QUERY: ClassVar[int] = 100
    TRAIN: ClassVar[int] = 500

    def images(self) -> ImageCollection:
        """The images in the archive's order, as PNG files made on the fly; none has tags.

        Raises:
            DataError: A file is missing, damaged or cannot be fetched.
        """
        pixels = self._pictures.pixels
        return ImageCollection(
            name=self.PLUGIN_NAME,
            ids=tuple(self._pictures.ids.tolist()),
            hashes=self._hashes,
            tags=((),) * len(pixels),
            read=lambda index: _png(pixels[index]),
        )

    def label_names(self) -> tuple[str, ...]:
        """The names of the classes, as the archive has them.

        Raises:
            DataError: As of `images`.
        """
        return tuple(self._pictures.names.tolist())

    def ground_truth(self) -> GroundTruth:
        """The class of each image.

        Raises:
            DataError: As of `images`.
        """
        return GroundTruth(self.label_names(), self._labels)

    def splits(self) -> Mapping[str, Callable[[], Split]]:
        """What papers report on, the first two drawn from a fixed seed: no paper says which it drew.

        `deephash-59000`: 100 queries a class, all others database, 500 of each class to learn from.
        `deephash-54000`: the same without the images to learn from in the database.
        `test`: the test images are queries; all training images are database, and to learn from.
        """
        return {"deephash-59000": self._searched, "deephash-54000": self._apart, "test": self._test}

    def _searched(self) -> Split:
        query, database, train = self._drawn
        return Split("deephash-59000", query=query, database=database, train=train, notice=_SEARCHED)

    def _apart(self) -> Split:
        query, database, train = self._drawn
        return Split("deephash-54000", query=query, database=np.setdiff1d(database, train), train=train)

    def _test(self) -> Split:
        is_query = np.char.startswith(self._pictures.ids, _TEST)
        return Split(
            "test",
            query=np.flatnonzero(is_query),
            database=np.flatnonzero(~is_query),
            as_published="Krizhevsky (2009)",
        )

    @cached_property
    def _drawn(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        try:
            return draw_by_label(self._labels, alone(self._hashes), self.QUERY, self.TRAIN, _SEED)
        except DataError as error:
            raise DataError(f"{self.PLUGIN_NAME}: {error}") from error

    @cached_property
    def _hashes(self) -> tuple[str, ...]:
        """Of the pixels: how a PNG packs them is no part of an image."""
        return tuple(fingerprint.of_array(image) for image in np.asarray(self._pictures.pixels))

    @property
    def _labels(self) -> np.ndarray:
        """Bool (N, C)."""
        return self._pictures.classes[:, None] == np.arange(len(self._pictures.names))[None, :]

    @cached_property
    def _pictures(self) -> _Pictures:
        if self.root is not None and (self.root / _FOLDER).is_dir():
            return _kept(self.root)
        source = Source(
            self.PLUGIN_NAME, self.root, _LAYOUT, most_bytes=_MOST_BYTES, most_files=_MOST_FILES
        )
        return _kept(source.unpacked(self.ARCHIVE, f"folder {str((self.root or Path()) / _FOLDER)!r}"))


def _kept(root: Path) -> _Pictures:
    """The pictures below a folder, unpickled once and then taken from the cache by the files' content.

    Raises:
        DataError: A file is missing or not as published.
    """
    hashes = content_hashes(root / _FOLDER, [root / _FOLDER / name for name in _FILES])
    folder = cache_root() / "datasets" / "cifar10" / f"arrays-{fingerprint.of_strings(hashes)[:32]}"
    if not folder.is_dir():
        pictures = _read(root)
        with whole_folder(folder) as partial:
            for field in fields(_Pictures):
                np.save(partial / f"{field.name}.npy", getattr(pictures, field.name))
    return _Pictures(*(np.load(folder / f"{field.name}.npy", mmap_mode="r") for field in fields(_Pictures)))


def _read(root: Path) -> _Pictures:
    """The pictures below a folder.

    The files are Python pickles, which are programs: torchvision runs one only if its checksum fits.

    Raises:
        DataError: A file is missing or not as published.
    """
    from torchvision.datasets import CIFAR10  # noqa: PLC0415 - it loads slowly
    from torchvision.datasets.utils import check_integrity  # noqa: PLC0415 - as above

    meta = CIFAR10.meta["filename"], CIFAR10.meta["md5"]
    for name, md5 in (*CIFAR10.train_list, *CIFAR10.test_list, meta):
        if not check_integrity(root / _FOLDER / name, md5):
            raise DataError(
                f"cifar10: {str(root / _FOLDER / name)!r} is not as published. Expected MD5 {md5}."
            )
    train, test = CIFAR10(root), CIFAR10(root, train=False)
    ids = [f"{_TRAIN}{place:05d}" for place in range(len(train))]
    return _Pictures(
        pixels=np.concatenate([train.data, test.data]),
        classes=np.array([*train.targets, *test.targets], dtype=np.int64),
        ids=np.array([*ids, *(f"{_TEST}{place:05d}" for place in range(len(test)))]),
        names=np.array(train.classes),
    )


def _png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return buffer.getvalue()
