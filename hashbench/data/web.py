"""Images found by searching for words: supervision that is neither the collection's nor its labels.

W = web images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hashbench import fingerprint
from hashbench.data.collection import Collection
from hashbench.errors import DataError, LeakError


@dataclass(frozen=True)
class WebSet:
    """Images from elsewhere with the concept that each was searched for, whatever it may show.

    Attributes:
        images: W images; they carry no tags. One that several searches found is there for each.
        concepts: What was searched for.
        found_by: int64 (W,), the concept of each image.

    Raises:
        DataError: There are not two concepts, or one without an image.
    """

    images: Collection
    concepts: tuple[str, ...]
    found_by: np.ndarray

    def __post_init__(self) -> None:
        found = np.asarray(self.found_by, dtype=np.int64)
        object.__setattr__(self, "found_by", found)
        name = self.images.name
        if found.shape != (len(self.images),) or not np.isin(found, range(len(self.concepts))).all():
            raise DataError(
                f"web set {name!r}: concepts of {found.size} images. "
                f"Expected a number below {len(self.concepts)} for each of {len(self.images)}."
            )
        empty = [self.concepts[i] for i in np.flatnonzero(self.counts() == 0)]
        if empty:
            raise DataError(f"web set {name!r}: no image was found for {empty[0]!r}. Expected one or more.")
        if len(self.concepts) < 2:
            raise DataError(
                f"web set {name!r}: too few concepts ({len(self.concepts)}). Expected two or more."
            )

    def counts(self) -> np.ndarray:
        """How many images each concept has, int64 (concepts,)."""
        return np.bincount(self.found_by, minlength=len(self.concepts))

    def fingerprint(self) -> str:
        """Hash of every image's content and concept, in order."""
        return fingerprint.of_json([self.images.hashes, self.concepts, self.found_by.tolist()])


def check_disjoint_web(web: WebSet, target: Collection) -> None:
    """Refuse a web set that holds a picture of the collection that codes are learnt for.

    A web set has labels of a kind; were a query's picture among them, the answer would be learnt.

    Raises:
        LeakError: Names the web image and its copy.
    """
    owner = {content: place for place, content in enumerate(target.hashes)}
    for place, content in enumerate(web.images.hashes):
        copy = owner.get(content)
        if copy is not None:
            raise LeakError(
                f"web set {web.images.name!r}: image {web.images.ids[place]!r} has the same content as "
                f"image {target.ids[copy]!r} of {target.name}. Rule: a web set holds no image of the data "
                "set that is searched. Remove it."
            )
