"""A folder of a person's own photos: the data set that needs no code.

N = photos, C = labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np

from hashbench import fingerprint
from hashbench.data.collection import GroundTruth, ImageCollection, TruthKind
from hashbench.data.dataset import Dataset
from hashbench.data.split import Split
from hashbench.errors import DataError
from hashbench.tags.held_out import HeldOut, hold_out
from hashbench_datasets.photos.contents import Contents, open_folder
from hashbench_datasets.slug import slug

# One photo in so many is a query, at least and at most so many.
_ONE_IN, _FEWEST, _MOST = 10, 10, 2_000
# As bool (N, C), labels of 100,000 photos then take a gigabyte.
_MOST_LABELS = 10_000
_MORE = "Tag more of the photos, or label them in a table (columns path and labels)."


class Photos(Dataset):
    """Photos with the tags of a table, of sidecar files, in the files themselves, or of the folders' names.

    Labels are a column of the table, or, where there is none, a third of the tags, which no method sees.
    """

    PLUGIN_NAME = "photos"
    DESCRIPTION = "your own photos in the folder --data-root, with their keywords; no code needed"
    TAGS = ("auto", "table", "sidecar", "embedded", "folders")

    def images(self) -> ImageCollection:
        """The photos by name, each content once, with the tags that methods may see.

        Raises:
            DataError: There are no photos or no tags, or a table is not as expected.
        """
        contents = self._contents
        return ImageCollection(
            name=slug(contents.root.name, self.PLUGIN_NAME),
            ids=contents.ids,
            hashes=contents.hashes,
            tags=contents.tags if contents.labels else self._held_out.tags,
            read=lambda index: contents.photos[index].read_bytes(),
        )

    def label_names(self) -> tuple[str, ...]:
        """The table's labels, or the held-out tags."""
        return self._truth.names

    def ground_truth(self) -> GroundTruth:
        """Which photo carries which of the table's labels, or which held-out tag.

        Raises:
            DataError: As of `images`, or too few tags may be held out.
        """
        return self._truth

    def splits(self) -> Mapping[str, Callable[[], Split]]:
        """`table`, where the table says a part for each photo; `test`.

        `test`: one photo in ten that carries a label is a query, chosen by content hash, so that photos
        that are added change little of it; all others are database and to learn from.
        """
        drawn = {"test": self._test_split}
        return {"table": self._table_split, **drawn} if all(self._contents.parts) else drawn

    def notices(self) -> tuple[str, ...]:
        """Where the tags are from, what is relevant, and what was passed over."""
        if self._contents.labels:
            return self._contents.notices
        count = len(self._held_out.names)
        truth = f"Relevant to a query are photos that share one of {count} held-out tags with it."
        return (*self._contents.notices, truth)

    def _table_split(self) -> Split:
        """The table's parts; what is learnt from is searched, too, as elsewhere."""
        parts = np.array(self._contents.parts)
        query, train = np.flatnonzero(parts == "query"), np.flatnonzero(parts == "train")
        try:
            return Split("table", query=query, database=np.flatnonzero(parts != "query"), train=train)
        except DataError as error:
            raise DataError(f"{str(self._contents.root)!r}, {error}") from error

    def _test_split(self) -> Split:
        labelled = np.flatnonzero(self._truth.labels.any(axis=1))
        hashes = self._contents.hashes
        if len(labelled) < 2 * _FEWEST:
            raise DataError(
                f"photos: {len(labelled)} of {len(hashes):,} photos carry a label or a held-out tag. "
                f"Expected {2 * _FEWEST} or more. {_MORE}"
            )
        order = sorted(labelled, key=lambda i: fingerprint.of_strings(["query", hashes[i]]))
        # Half of them stay in the database: what is not there cannot be found.
        count = min(max(_FEWEST, len(hashes) // _ONE_IN), _MOST, len(labelled) // 2)
        query = np.sort(np.array(order[:count]))
        return Split("test", query=query, database=np.setdiff1d(np.arange(len(hashes)), query))

    @cached_property
    def _contents(self) -> Contents:
        if self.root is None:
            raise DataError(f"{self.PLUGIN_NAME}: name the folder of the photos with --data-root.")
        return open_folder(self.root, self.tags)

    @cached_property
    def _truth(self) -> GroundTruth:
        if self._contents.labels:
            return _labelled(self._contents.labels)
        return GroundTruth(self._held_out.names, self._held_out.labels, TruthKind.HELD_OUT_TAGS)

    @cached_property
    def _held_out(self) -> HeldOut:
        try:
            return hold_out(self._contents.tags)
        except DataError as error:
            raise DataError(
                f"{self.PLUGIN_NAME}: without labels some tags are held out. {error} {_MORE}"
            ) from error


def _labelled(lists: tuple[tuple[str, ...], ...]) -> GroundTruth:
    """Labels as a matrix.

    Raises:
        DataError: There are too many.
    """
    names = tuple(sorted({label for labels in lists for label in labels}))
    if len(names) > _MOST_LABELS:
        raise DataError(
            f"photos: the column labels holds {len(names):,} labels. Expected at most {_MOST_LABELS:,}."
        )
    column = {name: place for place, name in enumerate(names)}
    matrix = np.zeros((len(lists), len(names)), dtype=np.bool_)
    for row, labels in enumerate(lists):
        matrix[row, [column[label] for label in labels]] = True
    return GroundTruth(names, matrix)
