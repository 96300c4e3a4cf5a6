"""NUS-WIDE: 269,648 photos from Flickr with their takers' tags, 81 concepts labelled by hand.

Chua, Tang, Hong, Li, Luo, Zheng: NUS-WIDE: A Real-World Web Image Database from National University of
Singapore, CIVR 2009. The photos may not be passed on, and those that people keep are seldom all: what is
there is taken, and what is missing is said. N = images that are there, C = labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from hashbench import fingerprint
from hashbench.data.collection import GroundTruth, ImageCollection
from hashbench.data.content import content_hashes
from hashbench.data.dataset import Dataset
from hashbench.data.download import Archive
from hashbench.data.drawing import Sizes
from hashbench.data.source import Source
from hashbench.data.split import Split
from hashbench.errors import DataError
from hashbench.files import cache_root, whole_file
from hashbench_datasets.nuswide import text_files
from hashbench_datasets.nuswide.concepts import CONCEPTS, most_frequent
from hashbench_datasets.nuswide.photos import FOLDERS, find_photos
from hashbench_datasets.nuswide.plan import Plan

_NAME = "nuswide"
_LISTED_TAGS = "AllTags1k.txt"
_URL = "https://lms.comp.nus.edu.sg/wp-content/uploads/2019/research/nuswide"
_LAYOUT = (
    "Expected the photos as Flickr/actor/0001_2124494179.jpg or images/0001_2124494179.jpg and so on; "
    "Groundtruth, NUS_WID_Tags and ImageList beside, as folders or zips, are fetched where not there. "
    "Features without photos are for --dataset features."
)
# With less than this share of the photos it is another data set.
_LEAST_SHARE = 0.5
# Official duplicates are pairs. In place of a photo that was removed Flickr sends one that says so.
_PLACEHOLDER = 10
# Of the official archives: 1.3 GB of tags, 244 files of labels.
_MOST_BYTES, _MOST_FILES = 4_000_000_000, 1_000


@dataclass(frozen=True)
class Part:
    """An archive, and where what is in it may lie.

    Attributes:
        archive: What is published; without a checksum, so that the first one that is used is pinned.
        folder: The folder that it unfolds to, in some copies.
        holds: What is in that folder, or in none.
    """

    archive: Archive
    folder: str
    holds: str


class NusWide21(Dataset):
    """The 21 concepts that the most images carry.

    Attributes:
        PARTS: The archives of labels, tags and names.
        IMAGES: How many images are listed.
        LABELS: C concepts, the most frequent ones.
        SPLITS: How each split is drawn, by its name.
    """

    PLUGIN_NAME = "nuswide21"
    DESCRIPTION = (
        "269,648 Flickr photos with their takers' tags, the 21 most frequent concepts; needs --data-root"
    )
    TAGS = ("typed", "1k")
    PARTS: ClassVar[tuple[Part, Part, Part]] = (
        Part(Archive(f"{_URL}/Groundtruth.zip"), "Groundtruth", "AllLabels"),
        Part(Archive(f"{_URL}/NUS_WID_Tags.zip"), "NUS_WID_Tags", "All_Tags.txt"),
        Part(Archive(f"{_URL}/ImageList.zip"), "ImageList", "Imagelist.txt"),
    )
    IMAGES: ClassVar[int] = 269_648
    LABELS: ClassVar[tuple[str, ...]] = most_frequent(21)
    SPLITS: ClassVar[Mapping[str, Plan]] = {
        "deephash": Plan(Sizes(2_100, 10_500, 193_734), by_label=True),
        "wdht": Plan(Sizes(2_000, None, 100_000)),
    }

    def images(self) -> ImageCollection:
        """The photos that are there, in the order of Imagelist.txt, with tags of the kind asked for.

        Raises:
            DataError: A file is missing, damaged or cannot be fetched, or too few photos are there.
        """
        files = self._files
        return ImageCollection(
            name=self.PLUGIN_NAME,
            ids=tuple(self._names[place].removesuffix(".jpg") for place in self._present),
            hashes=self._hashes,
            tags=self._read_tags(),
            read=lambda index: files[index].read_bytes(),
        )

    def label_names(self) -> tuple[str, ...]:
        """The concepts, in the order of the alphabet."""
        return self.LABELS

    def ground_truth(self) -> GroundTruth:
        """The concepts of each photo; many carry none.

        Raises:
            DataError: A label's file is missing or damaged, or other concepts are more frequent.
        """
        return GroundTruth(self.LABELS, self._labels)

    def notices(self) -> tuple[str, ...]:
        """Which photos are missing, and which seem to be none."""
        return (*self._missing_notice(), *self._placeholder_notice())

    def splits(self) -> Mapping[str, Callable[[], Split]]:
        """Parts in the sizes of papers, drawn from a fixed seed; no paper says which photos it drew.

        Where photos are missing there are as many queries and training images, and a smaller database.
        """
        return {name: partial(self._split, name, plan) for name, plan in self.SPLITS.items()}

    def _split(self, name: str, plan: Plan) -> Split:
        try:
            query, database, train = plan.draw(self._labels, self._hashes)
        except DataError as error:
            raise DataError(f"{self.PLUGIN_NAME}, split {name!r}: {error}") from error
        notice = ""
        if len(database) != plan.sizes.database:
            notice = (
                f"{self.PLUGIN_NAME}, split {name!r}: {len(database):,} database images in place of "
                f"{plan.sizes.database:,}, as photos are missing."
            )
        return Split(name, query=query, database=database, train=train, notice=notice)

    def _missing_notice(self) -> tuple[str, ...]:
        """One sentence where photos are missing; their names are written to the cache."""
        missing = sorted(set(self._names) - {self._names[place] for place in self._present})
        if not missing:
            return ()
        name = f"datasets/{_NAME}/missing-{fingerprint.of_strings(missing)[:16]}.txt"
        if not (cache_root() / name).is_file():
            with whole_file(cache_root() / name) as unfinished:
                unfinished.write_text("".join(f"{image}\n" for image in missing), encoding="utf-8")
        return (
            f"{self.PLUGIN_NAME}: {len(missing):,} of {len(self._names):,} photos are missing; "
            f"{name} of the cache lists them.",
        )

    def _placeholder_notice(self) -> tuple[str, ...]:
        """One sentence where one picture stands for more photos than duplicates explain."""
        ((content, count),) = Counter(self._hashes).most_common(1)
        if count <= _PLACEHOLDER:
            return ()
        first = self._names[self._present[self._hashes.index(content)]]
        return (
            f"{self.PLUGIN_NAME}: {count:,} photos are one and the same, {first} among them, perhaps what "
            "Flickr sends in place of removed ones.",
        )

    @cached_property
    def _names(self) -> list[str]:
        """All images, there or not."""
        return text_files.image_names(self._folder(self.PARTS[2]) / self.PARTS[2].holds, self.IMAGES)

    @cached_property
    def _found(self) -> list[Path | None]:
        """The photo of each of the images.

        Raises:
            DataError: There is no folder of photos, or too few are in it.
        """
        root = self._photo_root
        found = find_photos(root, self._names)
        count = len(found) - found.count(None)
        if count < _LEAST_SHARE * len(found):
            raise DataError(
                f"{self.PLUGIN_NAME}: only {count:,} of the {len(found):,} photos are below {str(root)!r}. "
                f"{_LAYOUT}"
            )
        return found

    @cached_property
    def _files(self) -> list[Path]:
        """The N photos."""
        return [path for path in self._found if path is not None]

    @cached_property
    def _present(self) -> list[int]:
        """Which of the images they are."""
        return [place for place, path in enumerate(self._found) if path is not None]

    @cached_property
    def _hashes(self) -> tuple[str, ...]:
        return content_hashes(self._photo_root, self._files)

    @property
    def _photo_root(self) -> Path:
        if self.root is None:
            raise DataError(
                f"{self.PLUGIN_NAME}: the photos are not for download. Name their folder with --data-root. "
                f"{_LAYOUT}"
            )
        if not any((self.root / folder).is_dir() for folder in FOLDERS):
            raise DataError(f"{self.PLUGIN_NAME}: no photos are below {str(self.root)!r}. {_LAYOUT}")
        return self.root

    @cached_property
    def _labels(self) -> np.ndarray:
        """Bool (N, C).

        Raises:
            DataError: As of `ground_truth`.
        """
        present = self._present
        folder = self._folder(self.PARTS[0]) / self.PARTS[0].holds
        every = text_files.label_columns(folder, CONCEPTS, self.IMAGES)
        self._check_most_frequent(folder, dict(zip(CONCEPTS, every.sum(axis=0).tolist(), strict=True)))
        return every[np.ix_(present, [CONCEPTS.index(concept) for concept in self.LABELS])]

    def _check_most_frequent(self, folder: Path, counts: Mapping[str, int]) -> None:
        """Hold the names of `LABELS` to how many of all images carry each concept.

        Raises:
            DataError: A concept that is not among them is more frequent than one that is.
        """
        others = [concept for concept in CONCEPTS if concept not in self.LABELS]
        most = max(others, key=counts.__getitem__, default=None)
        least = min(self.LABELS, key=counts.__getitem__)
        if most is not None and counts[most] > counts[least]:
            raise DataError(
                f"{str(folder)!r}: {most!r} is on {counts[most]:,} images, {least!r} on {counts[least]:,}. "
                f"Expected {self.PLUGIN_NAME} to have the {len(self.LABELS)} most frequent concepts."
            )

    def _read_tags(self) -> tuple[tuple[str, ...], ...]:
        part, wanted = self.PARTS[1], set(self._present)
        if self.tags == self.TAGS[0]:
            return text_files.typed_tags(self._folder(part) / part.holds, self._names, wanted)
        folder = _holding(self._photo_root, replace(part, holds=_LISTED_TAGS)) or self._folder(part)
        return text_files.listed_tags(folder / _LISTED_TAGS, folder / "TagList1k.txt", self.IMAGES, wanted)

    def _folder(self, part: Part) -> Path:
        """The folder of what is in an archive: below the root, unpacked from there, or fetched.

        Raises:
            DataError: It is nowhere.
        """
        root = self._photo_root
        if (found := _holding(root, part)) is not None:
            return found
        own = root if (root / part.archive.name).is_file() else None
        source = Source(_NAME, own, _LAYOUT, most_bytes=_MOST_BYTES, most_files=_MOST_FILES)
        found = _holding(source.unpacked(part.archive, part.folder), part)
        if found is None:
            raise DataError(f"{self.PLUGIN_NAME}: {part.archive.name} holds no {part.holds}. {_LAYOUT}")
        return found


class NusWide10(NusWide21):
    """The ten concepts that the most images carry."""

    PLUGIN_NAME = "nuswide10"
    DESCRIPTION = "as nuswide21, with the 10 most frequent concepts"
    LABELS = most_frequent(10)
    SPLITS: ClassVar[Mapping[str, Plan]] = {"dpchash": Plan(Sizes(5_000, 5_000, 181_577))}


class NusWide81(NusWide21):
    """All concepts."""

    PLUGIN_NAME = "nuswide81"
    DESCRIPTION = "as nuswide21, with all 81 concepts"
    LABELS = CONCEPTS
    SPLITS: ClassVar[Mapping[str, Plan]] = {
        "hashnet": Plan(Sizes(5_000, 10_000, 218_491), unlabelled=True),
    }


def _holding(root: Path, part: Part) -> Path | None:
    """The folder in or below `root` that holds what an archive does, if there is one."""
    return next((f for f in (root / part.folder, root) if (f / part.holds).exists()), None)
