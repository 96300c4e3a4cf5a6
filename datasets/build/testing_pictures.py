# ruff: noqa: T201 (a script speaks by printing)
"""Make the pictures that `hashbench.testing` checks methods on, from the data set openclipart.

    uv run datasets/build/testing_pictures.py

Writes hashbench/testing/pictures.npz. All drawings are in the public domain; see LICENSE.md of the data
set. Queries and database are the first of the data set's own split, which is drawn by a hash. The web
set stands for images that were found by searching for the categories' names: it is made of other
drawings of the same library, so that nothing in the file is anybody's.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from hashbench.data.collection import ImageCollection
from hashbench.data.images import decode_one
from hashbench.features.extract import frozen_features
from hashbench.features.lite import EfficientNetLite0
from hashbench.progress import on_stderr
from hashbench.tags.protocol import PlainTags
from hashbench_datasets.openclipart import OpenClipart

TARGET = Path(__file__).parents[2] / "hashbench" / "testing" / "pictures.npz"
QUERIES, DATABASE = 64, 336
# Web images a category, of as many as there are.
FOUND = 10
# Principal directions of the features that are kept.
WIDTH = 96
# Small pictures: side, and how many queries, training images and web images are there as pixels, too.
SIDE, SEEN = 32, (8, 16, 15)


def part_of(whole: ImageCollection, chosen: np.ndarray) -> ImageCollection:
    """Some images of a collection."""
    return ImageCollection(
        name=whole.name,
        ids=tuple(whole.ids[i] for i in chosen),
        hashes=tuple(whole.hashes[i] for i in chosen),
        tags=tuple(whole.tags[i] for i in chosen),
        read=lambda index: whole.read(int(chosen[index])),
    )


def features_of(images: ImageCollection) -> np.ndarray:
    """Frozen features float32 (N, F) of the default backbone."""
    with tempfile.TemporaryDirectory() as cache:
        found, _ = frozen_features(images, EfficientNetLite0(), "cpu", Path(cache), on_stderr())
        return np.array(found)


def spread(labels: np.ndarray, count: int) -> np.ndarray:
    """Places of `count` rows, one of each category in turn."""
    category = labels.argmax(axis=1)
    turn = np.array([np.count_nonzero(category[:i] == category[i]) for i in range(len(category))])
    return np.sort(np.lexsort((category, turn))[:count])


def main() -> None:
    """Choose, compute and write."""
    dataset = OpenClipart()
    whole, split, truth = dataset.images(), dataset.splits()["test"](), dataset.ground_truth()
    chosen = np.concatenate([split.query[:QUERIES], split.database[:DATABASE]])
    category = truth.labels.argmax(axis=1)
    left = split.database[DATABASE:]
    web = np.concatenate([left[category[left] == c][:FOUND] for c in range(len(truth.names))])
    features, web_features = features_of(part_of(whole, chosen)), features_of(part_of(whole, web))
    mean = features.mean(axis=0)
    directions = np.linalg.svd(features - mean, full_matrices=False)[2][:WIDTH].T
    labels = truth.labels[chosen]
    parts = {"queries": chosen[:QUERIES], "items": chosen[QUERIES:], "web": web}
    seen = {
        name: spread(truth.labels[part], count)
        for (name, part), count in zip(parts.items(), SEEN, strict=True)
    }
    pixels = {
        name: np.stack([decode_one(whole, int(part[i]), SIDE) for i in seen[name]])
        for name, part in parts.items()
    }
    table = PlainTags().table([whole.tags[i] for i in chosen[QUERIES:]], truth.names)
    rows, columns = table.incidence.nonzero()
    np.savez_compressed(
        TARGET,
        allow_pickle=False,
        features=((features - mean) @ directions).astype(np.float16),
        labels=labels,
        first=np.array(QUERIES),
        vocabulary=np.array(table.vocabulary),
        tagged=np.stack([rows, columns]).astype(np.uint16),
        web_features=((web_features - mean) @ directions).astype(np.float16),
        web_concepts=category[web].astype(np.uint8),
        web_names=np.array([name.replace("_", " ") for name in truth.names]),
        query_pixels=pixels["queries"],
        item_pixels=pixels["items"],
        web_pixels=pixels["web"],
        **{f"seen_{name}": places.astype(np.uint16) for name, places in seen.items()},
    )
    print(f"{TARGET.stat().st_size:,} bytes, {len(table.vocabulary)} tags, {len(web)} web images")


if __name__ == "__main__":
    main()
