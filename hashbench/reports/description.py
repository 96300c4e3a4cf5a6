"""What is in a data set: images, tags, labels, and how much the tags tell of the labels.

N = images, T = tags of the vocabulary, C = labels, L = training images.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import entr, rel_entr

from hashbench.data.collection import GroundTruth
from hashbench.data.split import PARTS, Split
from hashbench.errors import DataError
from hashbench.metrics.presets import SUITE
from hashbench.metrics.score import CHANCE, Scores, per_query
from hashbench.ranking.blocks import one_block
from hashbench.ranking.relevance import Relevance
from hashbench.runs.data import PreparedDataset
from hashbench.tags.embeddings import BUNDLED, embed_tags
from hashbench.tags.recipe import TagRecipe
from hashbench.tags.table import TagTable

MOST = 20
# Tags are taken so many at a time that a dense array of tags x labels has about as many entries.
_BLOCK = 1 << 18
_QUERIES = 256
# A word that the bundled vectors know, because looking up nothing but unknown words is an error.
_KNOWN = "the"


def describe(data: PreparedDataset, recipe: TagRecipe, near_queries: int = 0) -> dict[str, Any]:
    """What is in a data set, ready to be printed as JSON; what is not defined is None.

    Args:
        data: The data set with one of its splits.
        recipe: What becomes of the training images' tags.
        near_queries: Queries whose picture is, hardly changed, also among the others.
    """
    images, split, truth = data.images, data.split, data.ground_truth()
    # In the order in which a run has them: noise depends on it.
    train = images.by_content(split.train)
    table = _table(data, recipe, train)
    carried = table.incidence.sum(axis=0, dtype=np.int64)
    return {
        "name": images.name,
        "images": len(images),
        "kind": images.kind,
        "notices": list(data.notices),
        "truth": truth.by.value,
        "split": {"name": split.name, **{part: len(getattr(split, part)) for part in PARTS}},
        "without_tag": sum(not tags for tags in images.tags),
        "without_label": int((~truth.labels.any(axis=1)).sum()),
        "duplicates": {**_duplicates(images.hashes), "near_queries": near_queries},
        "typed_tags": {
            "kind": data.dataset.tags,
            "distinct": len({tag for tags in images.tags for tag in tags}),
            "an_image": _spread([len(tags) for tags in images.tags]),
        },
        "protocol": _after_recipe(table, recipe),
        "frequent_tags": _most_frequent(table.vocabulary, carried),
        "word_vectors": _known(table.vocabulary, carried),
        "labels": _labels(truth, split),
        "chance": _chance(truth.labels, split),
        "telling": _telling(table, truth.names, truth.labels[train]),
    }


def mutual_information(joint: np.ndarray, tags: np.ndarray, labels: np.ndarray, images: int) -> np.ndarray:
    """What carrying a tag or not tells of carrying a label or not, in bits.

    I(t; c) = sum over a, b in {0, 1} of p(a, b) log2(p(a, b) / (p(a) p(b))), where p(1, 1) is the share
    of images with both tag t and label c, and so on.

    Args:
        joint: Integers (T, C), images that carry both.
        tags: Integers (T,), images that carry the tag.
        labels: Integers (C,), images that carry the label.
        images: L, at least 1.

    Returns:
        float64 (T, C), zero or more.

    A tag that is the label, and one that has nothing to do with it:

    >>> mutual_information(np.array([[2], [1]]), np.array([2, 2]), np.array([2]), 4).tolist()
    [[1.0], [0.0]]
    """
    with_tag, with_label = tags[:, None].astype(np.float64), labels[None, :].astype(np.float64)
    no_tag, no_label = images - with_tag, images - with_label
    nats = rel_entr(joint, with_tag * with_label / images)
    nats += rel_entr(with_tag - joint, with_tag * no_label / images)
    nats += rel_entr(with_label - joint, no_tag * with_label / images)
    nats += rel_entr(no_tag - with_label + joint, no_tag * no_label / images)
    return np.maximum(nats, 0) / (images * np.log(2))


@dataclass(frozen=True)
class Telling:
    """What single tags tell of single labels.

    Attributes:
        pairs: int64 (P, 2), tag and label of the most telling pairs, the most telling first; ties in
            the order of the vocabulary.
        bits: float64 (P,), their mutual information.
        together: int64 (P,), images that carry both.
        best: float64 (C,), the most that any one tag tells of each label, in bits.
    """

    pairs: np.ndarray
    bits: np.ndarray
    together: np.ndarray
    best: np.ndarray


def telling(incidence: sparse.csr_array, labels: np.ndarray, most: int = MOST) -> Telling:
    """Mutual information of every tag with every label, of which only the highest are kept.

    Args:
        incidence: Sparse bool (L, T).
        labels: bool (L, C).
        most: How many pairs to keep.
    """
    by_tag = incidence.T.tocsr().astype(np.int64)
    labelled = sparse.csr_array(labels).astype(np.int64)
    tags, totals = by_tag.sum(axis=1), labels.sum(axis=0)
    kept = Telling(np.empty((0, 2), np.int64), np.empty(0), np.empty(0, np.int64), np.zeros(len(totals)))
    step = max(1, _BLOCK // max(1, len(totals)))
    for start in range(0, len(tags), step):
        joint = (by_tag[start : start + step] @ labelled).toarray()
        bits = mutual_information(joint, tags[start : start + step], totals, len(labels))
        # Stable, so that pairs that tell as much stay in order.
        top = np.argsort(-bits, axis=None, kind="stable")[:most]
        rows, columns = np.unravel_index(top, bits.shape)
        pairs = np.column_stack([rows + start, columns])
        found = np.concatenate([kept.bits, bits.flat[top]])
        order = np.argsort(-found, kind="stable")[:most]
        kept = Telling(
            pairs=np.concatenate([kept.pairs, pairs])[order],
            bits=found[order],
            together=np.concatenate([kept.together, joint.flat[top]])[order],
            best=np.maximum(kept.best, bits.max(axis=0)),
        )
    return kept


def entropy_explained(best: np.ndarray, labels: np.ndarray, images: int) -> float | None:
    """The share of the labels' entropy that the best single tag explains.

    For label c it is max over tags t of I(t; c), over H(c) = -p log2 p - (1 - p) log2(1 - p), where p is
    the share of images with the label. Averaged over labels with weights H(c) that makes

        sum over c of max over t of I(t; c)  /  sum over c of H(c),

    0 where no tag tells anything and 1 where each label has a tag that is exactly it, or its opposite.
    Labels that all or no images carry have no entropy, and no weight.

    Args:
        best: float64 (C,), max over t of I(t; c) in bits.
        labels: Integers (C,), images that carry each label.
        images: L.

    Returns:
        None where no label has entropy.

    >>> entropy_explained(np.array([0.5, 0.0]), np.array([2, 2]), images=4)
    0.25
    """
    share = labels / images
    entropy = float((entr(share) + entr(1 - share)).sum() / np.log(2))
    return float(best.sum()) / entropy if entropy else None


def _duplicates(hashes: Sequence[str]) -> dict[str, int]:
    """Images that have an equal, and how many different ones these are."""
    copies = [count for count in Counter(hashes).values() if count > 1]
    return {"images": sum(copies), "contents": len(copies)}


def _spread(counts: Sequence[int] | np.ndarray) -> dict[str, float]:
    return {"mean": float(np.mean(counts)), "median": float(np.median(counts)), "max": int(np.max(counts))}


def _table(data: PreparedDataset, recipe: TagRecipe, train: np.ndarray) -> TagTable:
    """The training images' tags after the recipe; none where it leaves none."""
    raw = [data.images.tags[i] for i in train]
    try:
        return recipe.table(raw, data.dataset.label_names())
    except DataError:
        return TagTable.from_lists([[] for _ in raw], ())


def _after_recipe(table: TagTable, recipe: TagRecipe) -> dict[str, Any]:
    counts = table.incidence.sum(axis=1, dtype=np.int64)
    return {
        **recipe.identity(),
        "steps": list(recipe.protocol.steps()),
        "tags": len(table.vocabulary),
        "an_image": _spread(counts),
        "without_tag": int((counts == 0).sum()),
    }


def _most_frequent(vocabulary: tuple[str, ...], carried: np.ndarray) -> list[dict[str, Any]]:
    """The tags that most training images carry; those that as many carry in the order of the alphabet."""
    order = np.argsort(-carried, kind="stable")[:MOST]
    return [{"tag": vocabulary[t], "images": int(carried[t])} for t in order]


def _known(vocabulary: tuple[str, ...], carried: np.ndarray) -> dict[str, Any]:
    """The shares of the tags, and of the times that they occur, that have a word vector."""
    shares: dict[str, float | None] = {"tags": None, "occurrences": None}
    if vocabulary:
        known = embed_tags([*vocabulary, _KNOWN]).known[:-1]
        shares = {
            "tags": float(known.mean()),
            "occurrences": float(carried[known].sum() / carried.sum()),
        }
    return {"source": BUNDLED, **shares}


def _labels(truth: GroundTruth, split: Split) -> dict[str, Any]:
    """How many images, queries and database items carry each label, in the ground truth's order."""
    counts = {
        "images": truth.labels.sum(axis=0),
        "queries": truth.labels[split.query].sum(axis=0),
        "database": truth.labels[split.database].sum(axis=0),
    }
    return {
        "an_image": float(truth.labels.sum(axis=1).mean()),
        "each": [
            {"name": name, **{what: int(count[c]) for what, count in counts.items()}}
            for c, name in enumerate(truth.names)
        ],
    }


def _chance(labels: np.ndarray, split: Split) -> dict[str, Any]:
    """mAP@all of a ranking that knows nothing, and the queries that it leaves out."""
    # Queries of the same labels have as much to find, which saves most of the work.
    sets, number = np.unique(labels[split.query], axis=0, return_inverse=True)
    relevance = Relevance.of(sets, labels[split.database])
    parts = (slice(start, start + _QUERIES) for start in range(0, len(sets), _QUERIES))
    relevant = np.concatenate([relevance.relevant(part) for part in parts])[number.reshape(-1)]
    nothing = one_block(relevant[:, None], len(split.database))
    scores = Scores(SUITE.name, per_query(nothing, None, replace(SUITE, metrics=(), band=False)))
    return {"map@all": scores.means()[CHANCE], "queries_without_relevant": int((relevant == 0).sum())}


def _telling(table: TagTable, names: tuple[str, ...], labels: np.ndarray) -> dict[str, Any]:
    """The most telling pairs of tag and label, and how much of the labels the best tags explain."""
    found = telling(table.incidence, labels)
    carried, totals = table.incidence.sum(axis=0, dtype=np.int64), labels.sum(axis=0)
    pairs = zip(found.pairs.tolist(), found.bits.tolist(), found.together.tolist(), strict=True)
    return {
        "entropy_explained": entropy_explained(found.best, totals, len(labels)),
        "pairs": [
            {
                "tag": table.vocabulary[t],
                "label": names[c],
                "bits": bits,
                "label_given_tag": together / int(carried[t]),
                "label_share": int(totals[c]) / len(labels),
            }
            for (t, c), bits, together in pairs
        ],
    }
