"""COCO 2017: 123,287 photos with 80 kinds of objects in them, and five sentences by people on each.

Lin et al.: Microsoft COCO: Common Objects in Context, ECCV 2014. N = images, C = labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from hashbench.data.array_files import readable
from hashbench.data.collection import GroundTruth, ImageCollection
from hashbench.data.content import content_hashes
from hashbench.data.dataset import Dataset
from hashbench.data.download import Archive
from hashbench.data.drawing import Sizes, alone, draw, shuffled
from hashbench.data.source import Source
from hashbench.data.split import Split
from hashbench.errors import DataError
from hashbench_datasets.coco.annotations import DIGITS, Labelled, read_labels, read_words

# The server has no certificate of its own; the checksums tell whether what comes is what was meant.
_URL = "http://images.cocodataset.org"
_PARTS = ("train2017", "val2017")
# Where people put the folders; the first one is the root itself.
_ABOVE = ("", "images")
_LAYOUT = (
    "Expected train2017/, val2017/ and annotations/ with instances_train2017.json, captions_train2017.json "
    "and the same of val2017; or the three zips."
)
_SEED = 0
# Of the official archives: 19.4 GB in 118,288 files, the largest one.
_MOST_BYTES, _MOST_FILES = 40_000_000_000, 200_000


class Coco(Dataset):
    """The labels are the kinds of objects in a photo; the tags are the words of its captions.

    Attributes:
        ARCHIVES: What is published, by the folder that is in it.
        CLASSES: How many labels there are.
        SIZES: Of the split that is drawn; as many photos to learn from are drawn for the other.
    """

    PLUGIN_NAME = "coco"
    DESCRIPTION = "123,287 photos, 80 labels, words of captions as tags; fetched (20.4 GB) or --data-root"
    TAGS = ("captions",)
    ARCHIVES: ClassVar[Mapping[str, Archive]] = {
        "train2017": Archive(
            f"{_URL}/zips/train2017.zip", 19_336_861_798, md5="cced6f7f71b7629ddf16f17bbcfab6b2"
        ),
        "val2017": Archive(f"{_URL}/zips/val2017.zip", 815_585_330, md5="442b8da7639aecaf257c1dceb8ba8c80"),
        "annotations": Archive(
            f"{_URL}/annotations/annotations_trainval2017.zip",
            252_907_541,
            md5="f4bbac642086de4f52a3fdda2de5fa2c",
        ),
    }
    CLASSES: ClassVar[int] = 80
    SIZES: ClassVar[Sizes] = Sizes(query=5_000, train=10_000)

    def images(self) -> ImageCollection:
        """The training photos by number, then the validation photos, with the words of their captions.

        Raises:
            DataError: A file is missing, damaged or cannot be fetched; the message names it.
        """
        files = [path for of_part in self._files for path in of_part]
        return ImageCollection(
            name=self.PLUGIN_NAME,
            ids=tuple(f"{path.parent.name}/{path.stem}" for path in files),
            hashes=self._hashes,
            tags=self._words(),
            read=lambda index: files[index].read_bytes(),
        )

    def label_names(self) -> tuple[str, ...]:
        """The names of the categories, in the order of their numbers.

        Raises:
            DataError: As of `ground_truth`.
        """
        return self._parts[0].names

    def ground_truth(self) -> GroundTruth:
        """The kinds of objects in each photo; 1,069 of the official ones show none of them.

        Raises:
            DataError: A file of annotations is missing or damaged, or holds other categories.
        """
        return GroundTruth(self.label_names(), self._labels)

    def splits(self) -> Mapping[str, Callable[[], Split]]:
        """Parts of the photos that carry a label.

        `hashnet`: 5,000 queries, all others database, 10,000 of them to learn from (HashNet), drawn from
        a fixed seed. `val`: the validation photos are queries, the training photos database; 10,000
        of them, drawn likewise, to learn from.
        """
        return {"hashnet": self._hashnet, "val": self._val}

    def _hashnet(self) -> Split:
        labelled = np.flatnonzero(self._labels.any(axis=1))
        try:
            query, database, train = draw(labelled, alone(self._hashes), self.SIZES, _SEED)
        except DataError as error:
            raise DataError(f"{self.PLUGIN_NAME}, split 'hashnet': {error}") from error
        return Split("hashnet", query=query, database=database, train=train)

    def _val(self) -> Split:
        labelled = np.flatnonzero(self._labels.any(axis=1))
        database, query = np.split(labelled, [np.searchsorted(labelled, len(self._parts[0].numbers))])
        train = np.sort(shuffled(database, _SEED)[: self.SIZES.train])
        said = "Lin et al. (COCO 2017)"
        try:
            return Split("val", query=query, database=database, train=train, as_published=said)
        except DataError as error:
            raise DataError(f"{self.PLUGIN_NAME}, {error}") from error

    @cached_property
    def _parts(self) -> list[Labelled]:
        parts = read_labels(self._folder("annotations"), _PARTS)
        for name, part in zip(_PARTS, parts, strict=True):
            if part.names != parts[0].names or len(part.names) != self.CLASSES:
                raise DataError(
                    f"coco: instances_{name}.json lists {len(part.names)} categories. Expected "
                    f"{self.CLASSES}, the same in each part."
                )
        return parts

    @cached_property
    def _labels(self) -> np.ndarray:
        """Bool (N, C)."""
        return np.concatenate([part.labels for part in self._parts])

    def _words(self) -> tuple[tuple[str, ...], ...]:
        """The tags of each photo.

        Raises:
            DataError: A file of captions is missing or damaged, or a caption is of a photo that its part
                does not hold.
        """
        tags: list[tuple[str, ...]] = []
        found = read_words(self._folder("annotations"), _PARTS)
        for name, part, words in zip(_PARTS, self._parts, found, strict=True):
            numbers = part.numbers.tolist()
            unknown = words.keys() - set(numbers)
            if unknown:
                raise DataError(
                    f"coco: captions_{name}.json has a caption of image {min(unknown)}. "
                    f"Expected only images that instances_{name}.json lists."
                )
            tags += [words.get(number, ()) for number in numbers]
        return tuple(tags)

    @cached_property
    def _files(self) -> list[list[Path]]:
        """The photos of each part.

        Raises:
            DataError: One is missing.
        """
        return [
            _photos(self._folder(part), listed.numbers)
            for part, listed in zip(_PARTS, self._parts, strict=True)
        ]

    @cached_property
    def _hashes(self) -> tuple[str, ...]:
        return tuple(found for files in self._files for found in content_hashes(files[0].parent, files))

    def _folder(self, name: str) -> Path:
        """The folder of that name, below the root or from its archive."""
        own = [] if self.root is None else [self.root / above / name for above in _ABOVE]
        found = next((folder for folder in own if folder.is_dir()), None)
        if found is not None:
            return found
        source = Source(
            self.PLUGIN_NAME, self.root, _LAYOUT, most_bytes=_MOST_BYTES, most_files=_MOST_FILES
        )
        wanted = f"folder {str((self.root or Path()) / name)!r}"
        folder = source.unpacked(self.ARCHIVES[name], wanted) / name
        if not folder.is_dir():
            raise DataError(f"{self.ARCHIVES[name].name} holds no folder {name!r}. {_LAYOUT}")
        return folder


def _photos(folder: Path, numbers: np.ndarray) -> list[Path]:
    """The files of the photos of those numbers.

    Raises:
        DataError: One is missing.
    """
    with readable(folder):
        found = {path.name for path in folder.iterdir()}
    names = [f"{number:0{DIGITS}d}.jpg" for number in numbers]
    missing = next((name for name in names if name not in found), None)
    if missing is not None:
        raise DataError(
            f"coco: there is no photo {str(folder / missing)!r}. Expected the {len(names):,} that "
            f"instances_{folder.name}.json lists."
        )
    return [folder / name for name in names]
