"""A few hundred real pictures with all that a method may learn from, for tests that need no data set.

The file beside this module holds the features of 400 drawings and of 150 more that stand for images
found on the web, 39 of them as small pictures, too. All are of the Open Clip Art Library, release 0.18,
whose authors dedicated them to the public domain. `datasets/build/testing_pictures.py` made it.

Q = queries, N = database images, F = feature dimensions, S = side, W = web images, C = labels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView, WebView
from hashbench.methods.method import Inputs
from hashbench.tags.table import TagTable

_FILE = Path(__file__).with_name("pictures.npz")
# What of the pictures is an array.
ARRAYS = ("queries", "items", "query_labels", "labels", "web", "concepts")


@dataclass(frozen=True)
class Pictures:
    """Queries, the database, which is also the training set, and its supervision: one kind of input.

    Attributes:
        queries: float32 (Q, F) or uint8 (Q, S, S, 3).
        items: float32 (N, F) or uint8 (N, S, S, 3), the database.
        query_labels: bool (Q, C).
        labels: bool (N, C).
        tags: Of the database's images.
        web: (W, ...), of the same kind.
        concepts: int64 (W,).
        names: The concepts' names.
        inputs: Whether images are features or pixels.
    """

    queries: np.ndarray
    items: np.ndarray
    query_labels: np.ndarray
    labels: np.ndarray
    tags: TagTable
    web: np.ndarray
    concepts: np.ndarray
    names: tuple[str, ...]
    inputs: Inputs

    def view(self, images: np.ndarray) -> ImageView:
        """Images of this kind as a method is given them."""
        return ImageView(features=images) if self.inputs == "features" else ImageView(pixels=images)

    def query(self) -> ImageView:
        """The queries."""
        return self.view(self.queries)

    def database(self) -> ImageView:
        """The images that are searched, and learnt from."""
        return self.view(self.items)

    def train(
        self, supervision: Supervision = Supervision.NONE, images: ImageView | None = None
    ) -> TrainView[TagTable]:
        """What `fit` is given by a run; the database's images, unless others are shown in their place."""
        return TrainView(
            images or self.database(),
            supervision,
            load_tags=lambda: self.tags,
            load_web=lambda: WebView(self.view(self.web), self.concepts, self.names),
            load_labels=lambda: self.labels,
        )

    def part(self, rows: np.ndarray) -> Pictures:
        """The same with some of the database's images only, by their places."""
        return replace(
            self,
            items=self.items[rows],
            labels=self.labels[rows],
            tags=TagTable(self.tags.vocabulary, self.tags.incidence[rows]).carried_by(1),
        )


@cache
def pictures(inputs: Inputs = "features") -> Pictures:
    """The pictures; arrays are read-only. As pixels there are 24 and 15 web images, of 32 x 32."""
    with np.load(_FILE, allow_pickle=False) as stored:
        kept = dict(stored)
    first = int(kept["first"])
    vocabulary = tuple(kept["vocabulary"].tolist())
    rows, columns = kept["tagged"].astype(np.int64)
    features = kept["features"].astype(np.float32)
    whole = Pictures(
        queries=features[:first],
        items=features[first:],
        query_labels=kept["labels"][:first],
        labels=kept["labels"][first:],
        tags=TagTable.from_marks(rows, columns, len(features) - first, vocabulary),
        web=kept["web_features"].astype(np.float32),
        concepts=kept["web_concepts"].astype(np.int64),
        names=tuple(kept["web_names"].tolist()),
        inputs="features",
    )
    return _locked(whole if inputs == "features" else _seen(whole, kept))


def _seen(whole: Pictures, kept: dict[str, np.ndarray]) -> Pictures:
    """Those of the pictures that are there as pixels."""
    queries, items, web = (kept[f"seen_{name}"].astype(np.int64) for name in ("queries", "items", "web"))
    return replace(
        whole.part(items),
        queries=kept["query_pixels"],
        items=kept["item_pixels"],
        query_labels=whole.query_labels[queries],
        web=kept["web_pixels"],
        concepts=whole.concepts[web],
        inputs="pixels",
    )


def _locked(made: Pictures) -> Pictures:
    """The same; its arrays cannot be changed."""
    arrays = {name: getattr(made, name).copy() for name in ARRAYS}
    for array in arrays.values():
        array.flags.writeable = False
    return replace(made, **arrays)
