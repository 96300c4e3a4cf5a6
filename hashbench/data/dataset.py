"""The contract of a data set plugin."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from hashbench.data.collection import Collection, GroundTruth
from hashbench.data.split import Split
from hashbench.data.web import WebSet
from hashbench.errors import UnknownNameError


class Dataset(ABC):
    """Images, tags, ground truth and named splits of one collection.

    A plugin returns subclasses from the hook `hashbench_datasets`; the smallest one is:

        class Holiday(Dataset):
            PLUGIN_NAME = "holiday"
            DESCRIPTION = "400 photos of one summer, tagged by their takers"
            def images(self): ...         # -> ImageCollection or FeatureCollection
            def label_names(self): ...    # -> tuple[str, ...]
            def ground_truth(self): ...   # -> GroundTruth
            def splits(self): ...         # -> {"test": function that returns a Split}

    Attributes:
        PLUGIN_NAME: What the user types after `--dataset`.
        DESCRIPTION: One line for `hashbench datasets`.
        IS_DEFAULT: Whether a run without `--dataset` uses it; at most one installed data set may.
        TAGS: The kinds of tags that it has, such as typed and simplified ones; the first is the default.
    """

    PLUGIN_NAME: ClassVar[str]
    DESCRIPTION: ClassVar[str]
    IS_DEFAULT: ClassVar[bool] = False
    TAGS: ClassVar[tuple[str, ...]] = ("typed",)

    def __init__(self, root: Path | None = None, tags: str | None = None) -> None:
        """Remember what the user said, if he did.

        Args:
            root: Where he keeps the data set's files (`--data-root`).
            tags: Which of `TAGS` the images are to carry (`--tags`).

        Raises:
            UnknownNameError: There are no such tags.
        """
        if tags is not None and tags not in self.TAGS:
            raise UnknownNameError(f"kind of tags of {self.PLUGIN_NAME}", tags, self.TAGS)
        self.root = root
        self.tags = tags or self.TAGS[0]

    @abstractmethod
    def images(self) -> Collection:
        """The images with their raw tags, or features where there are no images to be had.

        Raises:
            DataError: A file is missing or damaged; the message names it.
        """

    @abstractmethod
    def label_names(self) -> tuple[str, ...]:
        """The words that name the labels, without saying which image carries which.

        Tag protocols that strip label words from the tags need them.
        """

    @abstractmethod
    def ground_truth(self) -> GroundTruth:
        """The labels of every image, in the order of `images()`. For evaluation."""

    @abstractmethod
    def splits(self) -> Mapping[str, Callable[[], Split]]:
        """How to split into queries, database and training images, by name; the first is the default.

        A split that is drawn is drawn from a fixed seed: its name is all that a person says.
        """

    def notices(self) -> tuple[str, ...]:
        """What everybody should know who reads numbers made with these images, a sentence each.

        Runs, descriptions and tables repeat it: images that are missing, lines that were mended.
        """
        return ()

    def web_sets(self) -> Mapping[str, Callable[[], WebSet]]:
        """How to open each web set that was collected for this data set, by name; the first is the default.

        A web set is found by searching for words, without a look at any image of the data set or at
        its ground truth.
        """
        return {}
