"""From a fitted method to scores: encode both sides, rank by every distance, score by every preset.

Q = queries, N = database items, D = embedding dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from hashbench.codes.storage import Codes, QuantizedCodes
from hashbench.data.split import Split
from hashbench.errors import DataError
from hashbench.methods.method import Method
from hashbench.metrics.code_statistics import statistics
from hashbench.metrics.presets import CURVE, PRESETS, SUITE
from hashbench.metrics.score import score
from hashbench.progress import Progress
from hashbench.ranking.distances import Distances, feature, suited
from hashbench.ranking.kernels.choice import resolve_kernel
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.relevance import Relevance
from hashbench.ranking.search import nearest
from hashbench.runs.data import PreparedDataset
from hashbench.runs.folder import column
from hashbench.runs.inputs import RunInputs
from hashbench.runs.measure import timed

# Search time is the time to find this many neighbours of every query.
NEIGHBOURS = 100
# As many queries, and of each the first items found, are kept to be looked at.
_SHOWN_QUERIES, _SHOWN_ITEMS = 6, 10
# Pairs of query and item from which scoring takes long enough to say what is being done.
_LONG = 100_000_000


@dataclass(frozen=True)
class Encoded:
    """Both sides of the search.

    Attributes:
        query_embeddings: float32 (Q, D).
        database_embeddings: float32 (N, D).
        query: Q codes.
        database: N codes.
        seconds: Time to embed and quantize the database.
    """

    query_embeddings: np.ndarray
    database_embeddings: np.ndarray
    query: Codes
    database: Codes
    seconds: float

    def distances(self) -> Iterator[Distances]:
        """Every distance that suits the kind of code, the one to rank methods by first."""
        database = self.database
        yield from suited(self.query, database, self.query_embeddings)
        if isinstance(database, QuantizedCodes):
            yield feature(self.query_embeddings, self.database_embeddings, database.similarity)


@dataclass(frozen=True)
class Evaluation:
    """The outcome of scoring.

    Attributes:
        means: Mean metrics by distance, then metric preset, then metric.
        code_statistics: How well the database's codes use their bits, by name.
        per_query: Columns (Q,): the query's id, and those of `Scored`.
        retrieval: What some of the queries find by the first distance: see `first_found`.
        search_seconds: By distance, the time to find every query's nearest items.
    """

    means: dict[str, dict[str, dict[str, float]]]
    code_statistics: dict[str, float]
    per_query: dict[str, np.ndarray]
    retrieval: dict[str, Any]
    search_seconds: dict[str, float]


@dataclass(frozen=True)
class Answers:
    """What the queries of a split should find.

    Attributes:
        relevance: The ground truth.
        queries: Q ids.
        items: N ids, of the database's images.
    """

    relevance: Relevance
    queries: list[str]
    items: list[str]

    @classmethod
    def of(cls, data: PreparedDataset, split: Split) -> Answers:
        """Open the ground truth of a split of a data set."""
        truth, ids = data.ground_truth().labels, data.images.ids
        return cls(
            Relevance.of(truth[split.query], truth[split.database]),
            [ids[place] for place in split.query],
            [ids[place] for place in split.database],
        )


@dataclass(frozen=True)
class Scored:
    """Scores by one distance.

    Attributes:
        means: Mean metrics by metric preset, then metric.
        per_query: Every metric under the suite's preset, and the mAP under every other, (Q,) a `column`.
    """

    means: dict[str, dict[str, float]]
    per_query: dict[str, np.ndarray]


def encode(method: Method, inputs: RunInputs) -> Encoded:
    """Embed and quantize queries and database, and hold the codes to the budget.

    Raises:
        DataError: The method gave another number of codes, or codes of another size.
    """
    split, bits = inputs.split, inputs.run.spec.bits
    queries, database = (inputs.images(part) for part in (split.query, split.database))
    embed_seconds, database_embeddings = timed(lambda: method.embed(database))
    quantize_seconds, database_codes = timed(lambda: method.quantize(database_embeddings))
    query_embeddings = method.embed(queries)
    query_codes = method.quantize(query_embeddings)
    for codes, images in ((query_codes, queries), (database_codes, database)):
        if codes.bits != bits or len(codes) != len(images):
            raise DataError(
                f"method {method.PLUGIN_NAME!r} gave {len(codes)} codes of {codes.bits} bits for "
                f"{len(images)} images. Expected one of {bits} bits an image."
            )
    seconds = embed_seconds + quantize_seconds
    return Encoded(query_embeddings, database_embeddings, query_codes, database_codes, seconds)


def evaluate(encoded: Encoded, inputs: RunInputs) -> Evaluation:
    """Score against the ground truth, which is opened here and not before."""
    answers = Answers.of(inputs.run.data, inputs.split)
    kernel = resolve_kernel(device=inputs.device)
    means: dict[str, dict[str, dict[str, float]]] = {}
    columns = {"query": np.array(answers.queries)}
    seconds: dict[str, float] = {}
    retrieval: dict[str, Any] = {}
    for distances in encoded.distances():
        kernel.nearest(distances, slice(0, 1), NEIGHBOURS)  # compiling is no part of a search
        seconds[distances.name], found = timed(partial(nearest, distances, NEIGHBOURS, kernel))
        scored = score_by(distances, answers.relevance, kernel, inputs.progress)
        means[distances.name] = scored.means
        columns |= scored.per_query
        retrieval = retrieval or first_found(distances.name, found, answers)
    described = statistics(encoded.database, encoded.database_embeddings)
    return Evaluation(means, described, columns, retrieval, seconds)


def score_by(distances: Distances, relevance: Relevance, kernel: NumpyKernel, progress: Progress) -> Scored:
    """Score a ranking under every metric preset, and find the points of its precision-recall curve."""
    name = distances.name
    if distances.queries * distances.items >= _LONG:
        progress.note(f"scoring by {name}")
    results = score(distances, relevance, [*PRESETS.values(), CURVE], kernel)
    columns = {column(name, metric): values for metric, values in results[SUITE.name].per_query.items()}
    for other, preset in PRESETS.items():
        if other != SUITE.name:
            maps = [metric for metric in preset.metrics if metric.startswith("map@")]
            columns |= {column(name, metric, other): results[other].per_query[metric] for metric in maps}
    return Scored({preset: result.means() for preset, result in results.items()}, columns)


def first_found(distance: str, found: np.ndarray, answers: Answers) -> dict[str, Any]:
    """What a few queries find first; the queries are spread evenly over the list, not chosen.

    Args:
        distance: The distance's name.
        found: int64 (Q, 10 or more, or N), positions of each query's nearest items.
        answers: What they should find.

    Returns:
        The distance's name, and by query its id, the ids of its nearest items, and which are relevant.
    """
    relevance = answers.relevance
    shown = np.unique(np.linspace(0, len(answers.queries) - 1, _SHOWN_QUERIES).round().astype(int))
    listed = []
    for query in shown.tolist():
        grades = relevance.grades(slice(query, query + 1))[0]
        first = found[query, :_SHOWN_ITEMS]
        listed.append(
            {
                "query": answers.queries[query],
                "found": [answers.items[place] for place in first],
                "relevant": [bool(grades[relevance.group[place]]) for place in first],
            }
        )
    return {"distance": distance, "queries": listed}
