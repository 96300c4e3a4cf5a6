"""MIRFLICKR-25K: 25,000 photos from Flickr with their takers' tags, labelled by hand.

Huiskes, Lew: The MIR Flickr Retrieval Evaluation, MIR 2008. N = images, C = labels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from hashbench.data.array_files import readable
from hashbench.data.collection import GroundTruth, ImageCollection
from hashbench.data.content import content_hashes
from hashbench.data.dataset import Dataset
from hashbench.data.download import Archive
from hashbench.data.drawing import Sizes, alone, draw
from hashbench.data.source import Source
from hashbench.data.split import Split
from hashbench.errors import DataError
from hashbench.tags.vocabulary import read_vocabulary

_URL = "https://press.liacs.nl/mirflickr/mirflickr25k.v3b"
# Labels of everything that may be seen in an image, and, of some, of what is relevant in it.
_POTENTIAL = (
    *("animals", "baby", "bird", "car", "clouds", "dog", "female", "flower", "food", "indoor", "lake"),
    *("male", "night", "people", "plant_life", "portrait", "river", "sea", "sky", "structures", "sunset"),
    *("transport", "tree", "water"),
)
_RELEVANT = (
    *("baby", "bird", "car", "clouds", "dog", "female", "flower", "male", "night", "people", "portrait"),
    *("river", "sea", "tree"),
)
_RELEVANT_ENDING = "_r1"
_PHOTOS = "mirflickr"
# Where each kind of tags is.
_TAG_FOLDERS = {"typed": "meta/tags_raw", "simplified": "meta/tags", "common": "meta/tags"}
# The simplified tags that at least 20 images carry, with their counts.
_COMMON = "doc/common_tags.txt"
# Where people unpack the labels' archive; the last one is the root itself.
_LABEL_FOLDERS = ("annotations", "mirflickr25k_annotations_v080", "mirflickr/annotations", "")
_LAYOUT = (
    "Expected mirflickr/im1.jpg and so on, mirflickr/meta/tags_raw/tags1.txt and so on, and the labels' "
    "files in annotations/; or the two zips."
)
_SEED = 0
# Of the official archives: 3.1 GB in about 150,000 files.
_MOST_BYTES, _MOST_FILES = 8_000_000_000, 400_000


class Mirflickr(Dataset):
    """The 24 labels of what may be seen in an image.

    The tags are what people typed (`meta/tags_raw`), what Flickr makes of them, `simplified`: lower case
    without spaces (`meta/tags`), or those of the latter that are `common`: of 20 images or more, 1,386 in
    the official archive (`doc/common_tags.txt`).

    Attributes:
        ARCHIVES: The photos' archive and the labels'.
        IMAGES: How many images there are.
        LABELS: C names, each of a file of the labels' archive.
        SPLITS: The parts of each split by its name.
    """

    PLUGIN_NAME = "mirflickr25k"
    DESCRIPTION = "25,000 Flickr photos with their takers' tags, 24 labels; fetched (3.1 GB) or --data-root"
    ARCHIVES: ClassVar[tuple[Archive, Archive]] = (
        Archive(f"{_URL}/mirflickr25k.zip", 3_069_184_257, md5="a23d0a8564ee84cda5622a6c2f947785"),
        Archive(
            f"{_URL}/mirflickr25k_annotations_v080.zip", 207_220, md5="aa0138c79892b1b670184d142380948f"
        ),
    )
    TAGS = ("typed", "simplified", "common")
    IMAGES: ClassVar[int] = 25_000
    LABELS: ClassVar[tuple[str, ...]] = _POTENTIAL
    SPLITS: ClassVar[Mapping[str, Sizes]] = {
        "bihalf": Sizes(query=2_000, train=5_000),
        "ssdh": Sizes(query=2_000, train=10_000, database=18_015),
    }

    def images(self) -> ImageCollection:
        """The photos by number, with their takers' tags.

        Raises:
            DataError: A file is missing, damaged or cannot be fetched; the message names it.
        """
        files = self._files
        return ImageCollection(
            name=self.PLUGIN_NAME,
            ids=tuple(path.stem for path in files),
            hashes=self._hashes,
            tags=_tags(self._photos, self.tags, len(files)),
            read=lambda index: files[index].read_bytes(),
        )

    def label_names(self) -> tuple[str, ...]:
        """The names of the labels' files."""
        return self.LABELS

    def ground_truth(self) -> GroundTruth:
        """The labels of each photo; 419 of the official 25,000 carry none.

        Raises:
            DataError: A label's file is missing or damaged, or a label of what is relevant is on a photo
                that lacks the one of what may be seen.
        """
        return GroundTruth(self.LABELS, self._labels)

    def splits(self) -> Mapping[str, Callable[[], Split]]:
        """Parts of the photos that carry a label, in the sizes of papers, drawn from a fixed seed.

        `bihalf`: 2,000 queries, all others database, 5,000 of them to learn from (BiHalf, MeCoQ).
        `ssdh`: 2,000 queries, 18,015 database, 10,000 of them to learn from (SSDH). No paper says which
        photos it drew.
        """
        return {name: partial(self._split, name, sizes) for name, sizes in self.SPLITS.items()}

    def _split(self, name: str, sizes: Sizes) -> Split:
        labelled = np.flatnonzero(self._labels.any(axis=1))
        try:
            query, database, train = draw(labelled, alone(self._hashes), sizes, _SEED)
        except DataError as error:
            raise DataError(f"{self.PLUGIN_NAME}, split {name!r}: {error}") from error
        return Split(name, query=query, database=database, train=train)

    @cached_property
    def _files(self) -> list[Path]:
        """The photos, by number.

        Raises:
            DataError: One is missing, or there are more.
        """
        with readable(self._photos):
            found = {path.name for path in self._photos.iterdir()}
        names = [f"im{number}.jpg" for number in range(1, self.IMAGES + 1)]
        missing = next((name for name in names if name not in found), None)
        if missing is not None:
            raise DataError(
                f"{self.PLUGIN_NAME}: there is no photo {str(self._photos / missing)!r}. "
                f"Expected {self.IMAGES:,}, from im1.jpg on."
            )
        more = {name for name in found if re.fullmatch(r"im\d+\.jpg", name)} - set(names)
        if more:
            raise DataError(
                f"{self.PLUGIN_NAME}: {str(self._photos / min(more))!r} is none of the photos. "
                f"Expected {self.IMAGES:,}, from im1.jpg on."
            )
        return [self._photos / name for name in names]

    @cached_property
    def _hashes(self) -> tuple[str, ...]:
        return content_hashes(self._photos, self._files)

    @cached_property
    def _labels(self) -> np.ndarray:
        """Bool (N, C)."""
        labels = np.zeros((self.IMAGES, len(self.LABELS)), dtype=np.bool_)
        for column, name in enumerate(self.LABELS):
            labels[_listed(self._label_folder / f"{name}.txt", self.IMAGES), column] = True
        for column, name in enumerate(self.LABELS):
            base = name.removesuffix(_RELEVANT_ENDING)
            without = labels[:, column] & ~labels[:, self.LABELS.index(base)]
            if without.any():
                raise DataError(
                    f"{str(self._label_folder / f'{name}.txt')!r} lists image {np.argmax(without) + 1}, "
                    f"which {base}.txt does not. Expected only images of that file."
                )
        return labels

    @cached_property
    def _photos(self) -> Path:
        """The folder of the photos."""
        if self.root is not None and (self.root / _PHOTOS).is_dir():
            return self.root / _PHOTOS
        folder = self._source.unpacked(self.ARCHIVES[0], f"folder {str((self.root or Path()) / _PHOTOS)!r}")
        if not (folder / _PHOTOS).is_dir():
            raise DataError(f"{self.ARCHIVES[0].name} holds no folder {_PHOTOS!r}. {_LAYOUT}")
        return folder / _PHOTOS

    @cached_property
    def _label_folder(self) -> Path:
        """The folder of the labels' files; which of them it holds shows when they are read."""
        found = None if self.root is None else _holding(self.root, self.LABELS)
        if found is not None:
            return found
        wanted = (self.root or Path()) / _LABEL_FOLDERS[0] / f"{self.LABELS[0]}.txt"
        folder = self._source.unpacked(self.ARCHIVES[1], f"file {str(wanted)!r}")
        return _holding(folder, self.LABELS) or folder

    @property
    def _source(self) -> Source:
        return Source("mirflickr25k", self.root, _LAYOUT, most_bytes=_MOST_BYTES, most_files=_MOST_FILES)


class Mirflickr38(Mirflickr):
    """As well as the 24 labels, 14 of what is relevant in an image, each within one of the 24."""

    PLUGIN_NAME = "mirflickr25k-38"
    DESCRIPTION = "as mirflickr25k, with its 14 labels of what is relevant as well: 38 labels"
    LABELS = (*_POTENTIAL, *(f"{name}{_RELEVANT_ENDING}" for name in _RELEVANT))
    SPLITS: ClassVar[Mapping[str, Sizes]] = {
        "deephash": Sizes(query=1_000, train=4_000, database=20_000),
    }

    def splits(self) -> Mapping[str, Callable[[], Split]]:
        """Parts of the photos that carry a label, in the sizes of papers, drawn from a fixed seed.

        `deephash`: 1,000 queries, 20,000 database, 4,000 of them to learn from (DeepHash-pytorch, IDHN).
        No paper says which photos it drew.
        """
        return super().splits()


def _holding(root: Path, labels: tuple[str, ...]) -> Path | None:
    """The folder in or below `root` that holds labels' files, if there is one."""
    folders = (root / name for name in _LABEL_FOLDERS)
    return next((f for f in folders if any((f / f"{label}.txt").is_file() for label in labels)), None)


def _listed(path: Path, images: int) -> np.ndarray:
    """The images that a label's file lists, as places from 0 on.

    Raises:
        DataError: The file is missing or lists nothing, or a line is no number of an image.
    """
    if not path.is_file():
        raise DataError(f"there is no file {str(path)!r}. {_LAYOUT}")
    places = []
    for row, line in enumerate(_lines(path), 1):
        word = line.strip()
        if not word:
            continue
        if not (re.fullmatch("[0-9]{1,9}", word) and 1 <= int(word) <= images):
            raise DataError(f"{str(path)!r}, line {row}: {word[:40]!r}. Expected an image, 1 to {images}.")
        places.append(int(word) - 1)
    if not places:
        raise DataError(f"{str(path)!r} lists no image. Expected one a line.")
    return np.array(places)


def _tags(photos: Path, kind: str, images: int) -> tuple[tuple[str, ...], ...]:
    """The tags of each image, one a line of its file.

    Raises:
        DataError: A file is missing.
    """
    folder = photos / _TAG_FOLDERS[kind]
    if not folder.is_dir():
        raise DataError(
            f"there is no folder {str(folder)!r} for --tags {kind}. {_LAYOUT} Some copies lack one of "
            f"{' and '.join(dict.fromkeys(_TAG_FOLDERS.values()))}."
        )
    common = frozenset(read_vocabulary(photos / _COMMON).words) if kind == "common" else None
    stripped = (
        (line.strip() for line in _lines(folder / f"tags{number}.txt")) for number in range(1, images + 1)
    )
    return tuple(
        tuple(tag for tag in tags if tag and (common is None or tag in common)) for tags in stripped
    )


def _lines(path: Path) -> list[str]:
    try:
        # Not splitlines: people type separators that Unicode knows and the files do not.
        return path.read_text(encoding="utf-8-sig", errors="replace").split("\n")
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r} ({error.strerror or error}). {_LAYOUT}") from error
