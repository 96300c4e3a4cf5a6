"""From a fitted method to scores: encode both sides, rank by every distance, score by every preset.

Q = queries, N = database items, D = embedding dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from hashbench.codes.storage import Codes, QuantizedCodes
from hashbench.errors import DataError
from hashbench.methods.method import Method
from hashbench.metrics.code_statistics import statistics
from hashbench.metrics.presets import PRESETS, SUITE
from hashbench.metrics.score import score
from hashbench.ranking.distances import Distances, feature, suited
from hashbench.ranking.kernels.choice import resolve_kernel
from hashbench.ranking.relevance import Relevance
from hashbench.ranking.search import nearest
from hashbench.runs.inputs import RunInputs
from hashbench.runs.measure import timed

# Search time is the time to find this many neighbours of every query.
_NEIGHBOURS = 100
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
        per_query: Columns (Q,): the query's id, and `<distance>.<metric>` under the suite's preset.
        search_seconds: By distance, the time to find every query's nearest items.
    """

    means: dict[str, dict[str, dict[str, float]]]
    code_statistics: dict[str, float]
    per_query: dict[str, np.ndarray]
    search_seconds: dict[str, float]


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
    data = inputs.run.data
    truth, split = data.ground_truth().labels, inputs.split
    relevance = Relevance.of(truth[split.query], truth[split.database])
    kernel = resolve_kernel(device=inputs.device)
    means: dict[str, dict[str, dict[str, float]]] = {}
    columns = {"query": np.array([data.images.ids[i] for i in split.query])}
    seconds: dict[str, float] = {}
    for distances in encoded.distances():
        if distances.queries * distances.items >= _LONG:
            inputs.progress.note(f"scoring by {distances.name}")
        kernel.nearest(distances, slice(0, 1), _NEIGHBOURS)  # compiling is no part of a search
        seconds[distances.name], _ = timed(partial(nearest, distances, _NEIGHBOURS, kernel))
        results = score(distances, relevance, PRESETS.values(), kernel)
        means[distances.name] = {name: result.means() for name, result in results.items()}
        shown = results[SUITE.name].per_query
        columns |= {f"{distances.name}.{metric}": values for metric, values in shown.items()}
    described = statistics(encoded.database, encoded.database_embeddings)
    return Evaluation(means, described, columns, seconds)
