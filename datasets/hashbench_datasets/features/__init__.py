"""Features that a person computed elsewhere, with labels, tags and a split, from files of many kinds.

N = images, F = feature dimensions, C = labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from hashbench.data.collection import FeatureCollection, GroundTruth, TruthKind
from hashbench.data.dataset import Dataset
from hashbench.data.split import PARTS, Split
from hashbench.errors import DataError
from hashbench.tags.held_out import HeldOut, hold_out
from hashbench_datasets.features.marks import Part, Words, read_labels, read_names, read_tags
from hashbench_datasets.features.parts import NAME, brought, drawn
from hashbench_datasets.features.rows import FeatureRows, read_rows
from hashbench_datasets.features.shelf import Column, Shelf
from hashbench_datasets.slug import slug

_LAYOUT = (
    "Expected a folder with features and labels or tags as .npy, .npz, .mat, .parquet or .safetensors, or "
    "one file of these that holds them."
)
# The one part of features that came as a whole.
_WHOLE = ""


class Features(Dataset):
    """Each row of `features` stands for an image; `labels`, `tags`, `ids` and `split` have as many."""

    PLUGIN_NAME = "features"
    DESCRIPTION = "your own features, labels and tags, in files of many kinds; needs --data-root"

    def images(self) -> FeatureCollection:
        """The features with their tags, if they have any; named after the file or folder.

        Raises:
            DataError: A file is damaged, or what it holds is not as expected; the message names it.
            StoreError: The cache cannot be written.
        """
        return FeatureCollection(
            name=slug(self._root.name if self._root.is_dir() else self._root.stem, self.PLUGIN_NAME),
            ids=self._ids(),
            hashes=self._rows.hashes,
            tags=self._tags,
            features=self._rows.features,
        )

    def label_names(self) -> tuple[str, ...]:
        """`label_names`, or words, or numbers in their place."""
        return self._truth.names

    def ground_truth(self) -> GroundTruth:
        """The labels of each image; without labels, tags that no method sees.

        Raises:
            DataError: As of `images`.
        """
        return self._truth

    def splits(self) -> Mapping[str, Callable[[], Split]]:
        """The one that was brought, else a tenth of the images, at most 2,000, as queries."""
        return {NAME: self._split}

    def _split(self) -> Split:
        own = brought(self._shelf, self._rows.places, len(self._rows.hashes))
        try:
            return own or drawn(self._truth.labels, self._rows.hashes)
        except DataError as error:
            raise DataError(f"{str(self._root)!r}: {error}") from error

    @cached_property
    def _root(self) -> Path:
        if self.root is None:
            raise DataError(f"{self.PLUGIN_NAME}: name your file or folder with --data-root. {_LAYOUT}")
        if not self.root.exists():
            raise DataError(f"{str(self.root)!r}: there is no such file or folder. {_LAYOUT}")
        return self.root.resolve()

    @cached_property
    def _shelf(self) -> Shelf:
        return Shelf(self._root)

    @cached_property
    def _rows(self) -> FeatureRows:
        parts = self._columns("features")
        if not parts:
            raise DataError(f"{str(self._root)!r} holds {self._shelf.listed()}. {_LAYOUT}")
        if parts.keys() not in ({_WHOLE}, {"query", "database"}, set(PARTS)):
            listed = ", ".join(part or "all" for part in parts)
            raise DataError(
                f"{str(self._root)!r} holds features of {listed} images. Expected features, or "
                "query_features and database_features, with or without train_features."
            )
        return read_rows(parts)

    @cached_property
    def _truth(self) -> GroundTruth:
        parts = self._parts("labels")
        if parts:
            return read_labels(parts, self._names("label_names"), self._rows.firsts)
        held_out = self._held_out
        return GroundTruth(held_out.names, held_out.labels, TruthKind.HELD_OUT_TAGS)

    @cached_property
    def _tags(self) -> Words:
        """The tags that methods may see."""
        return self._typed if self._parts("labels") else self._held_out.tags

    @cached_property
    def _held_out(self) -> HeldOut:
        """The tags, divided.

        Raises:
            DataError: There are none, or too few.
        """
        if not self._parts("tags"):
            raise DataError(
                f"{str(self._root)!r} holds neither labels nor tags, but {self._shelf.listed()}. {_LAYOUT}"
            )
        try:
            return hold_out(self._typed)
        except DataError as error:
            raise DataError(f"{str(self._root)!r} holds no labels, and of its tags {error}") from error

    @cached_property
    def _typed(self) -> Words:
        parts = self._parts("tags")
        if not parts:
            return ((),) * len(self._rows.hashes)
        return read_tags(parts, self._names("tag_names"), self._rows.firsts)

    def _ids(self) -> tuple[str, ...]:
        """The ids that were brought, or the part and the number of each row."""
        brought = self._parts("ids")
        if brought:
            names = [name for part in brought for name in self._all_names(part)]
        else:
            names = [
                f"{part or 'row'}/{row:06d}"
                for part, places in self._rows.places.items()
                for row in range(len(places))
            ]
        return tuple(names[row] for row in self._rows.firsts)

    def _all_names(self, part: Part) -> tuple[str, ...]:
        names = read_names(part.column)
        if len(names) != part.rows:
            raise DataError(
                f"{part.column} has {len(names):,} rows, the features have {part.rows:,}. Expected as many."
            )
        return names

    def _names(self, thing: str) -> tuple[str, ...] | None:
        column = self._shelf.find(thing)
        return None if column is None else read_names(column)

    def _parts(self, thing: str) -> list[Part]:
        """A thing's columns, one for each part of the features; none where there are none.

        Raises:
            DataError: A part lacks it.
        """
        columns, places = self._columns(thing), self._rows.places
        missing = next((part for part in places if part not in columns), None)
        if columns and (missing is not None or len(columns) > len(places)):
            raise DataError(
                f"{str(self._root)!r} holds {thing} of other parts than features. Expected the same."
            )
        return [Part(columns[part], len(rows)) for part, rows in places.items()] if columns else []

    def _columns(self, thing: str) -> dict[str, Column]:
        """Where a thing is: as a whole, or for each part."""
        found = {part: self._shelf.find(thing, part) for part in (_WHOLE, *PARTS)}
        return {part: column for part, column in found.items() if column is not None}
