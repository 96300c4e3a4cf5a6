"""Scoring codes that anyone made: `hashbench.evaluate`.

Q = queries, N = database items, b = bits, C = labels, M = codebooks, K = codewords, D = dimensions.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

import numpy as np

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.floats import FloatCodes
from hashbench.codes.reading import Layout, additive_codes, binary_codes
from hashbench.codes.scalar import ScalarCodes
from hashbench.codes.storage import Codes
from hashbench.data.label_files import multi_hot
from hashbench.errors import ConfigError, DataError, UnknownNameError
from hashbench.metrics.code_statistics import statistics
from hashbench.metrics.curves import Averaging, Curve, curve_by_radius
from hashbench.metrics.presets import PRESETS, MetricPreset
from hashbench.metrics.radius import EmptyBall
from hashbench.metrics.score import Scores, merge_tiles, score
from hashbench.ranking.counts import DistanceCounts
from hashbench.ranking.distances import Hamming, suited
from hashbench.ranking.kernels.choice import resolve_kernel
from hashbench.ranking.relevance import Relevance, RelevanceRule
from hashbench.training.device import resolve_device

E = TypeVar("E", bound=StrEnum)

ALL = "all"
# The queries' codes, the database's, and the bits of one without padding.
_Sides = tuple[Codes | None, Codes, int]


@dataclass(frozen=True, eq=False)
class Report:
    """What was found, and what it was found with.

    Attributes:
        bits: Bits a code, without padding.
        queries: Q.
        items: N.
        relevance: The rule of relevance.
        kernel: What ranked.
        presets: What each metric preset stands for.
        scores: Every query's metrics by distance, then metric preset.
        code_statistics: How well the database's codes use their bits.
        seconds: Time to rank and score.
        count: Counts items at each Hamming distance, for curves; None for quantization codes.
    """

    bits: int
    queries: int
    items: int
    relevance: str
    kernel: str
    presets: tuple[MetricPreset, ...]
    scores: dict[str, dict[str, Scores]]
    code_statistics: dict[str, float]
    seconds: float
    count: Callable[[], DistanceCounts] | None = field(repr=False)

    def curves(self, empty: EmptyBall = EmptyBall.ZERO) -> dict[str, Curve]:
        """Precision and recall within each Hamming distance, `macro` and `micro`.

        Args:
            empty: What a query counts, under `macro`, that has no item within the distance.

        Raises:
            ConfigError: The codes are not binary.
        """
        if self.count is None:
            raise ConfigError("curves by Hamming radius: the codes are not binary.")
        counts = self.count()
        unpadded = DistanceCounts(counts.at[:, : self.bits + 1])
        return {str(mean): curve_by_radius(unpadded, mean, empty) for mean in Averaging}

    def skipped(self) -> dict[str, dict[str, dict[str, int]]]:
        """How many queries each metric leaves out of its mean, by distance, preset and metric."""
        return {
            distance: {
                name: {metric: int(np.isnan(v).sum()) for metric, v in found.per_query.items()}
                for name, found in by_preset.items()
            }
            for distance, by_preset in self.scores.items()
        }

    def summary(self, *, curves: bool = False) -> dict[str, Any]:
        """The report as plain numbers and words, for strict JSON: what is not defined is None.

        Args:
            curves: Whether to add the curves, which takes another ranking.

        Raises:
            ConfigError: Curves are asked for, and the codes are not binary.
        """
        means = {
            distance: {name: found.means() for name, found in by_preset.items()}
            for distance, by_preset in self.scores.items()
        }
        told: dict[str, Any] = {
            "bits": self.bits,
            "queries": self.queries,
            "items": self.items,
            "relevance": self.relevance,
            "kernel": self.kernel,
            "presets": {preset.name: preset.as_json() for preset in self.presets},
            "scores": means,
            "skipped": self.skipped(),
            "code_statistics": self.code_statistics,
            "seconds": self.seconds,
        }
        if curves:
            told["curves"] = {name: _plain(curve) for name, curve in self.curves().items()}
        return told


def evaluate(
    query_codes: Any,
    database_codes: Any,
    query_labels: Any,
    database_labels: Any,
    *,
    presets: Sequence[str | MetricPreset] = ("hashbench",),
    relevance: str | RelevanceRule = "shared",
    layout: str = "auto",
    codebooks: Any = None,
    query_embeddings: Any = None,
    similarity: str = "inner_product",
    metrics: Sequence[str] | None = None,
    kernel: str = "auto",
    device: str = "cpu",
) -> Report:
    """Rank a database by its codes for every query, and score the rankings against labels.

    Binary codes are ranked by Hamming distance (`hamming`). Quantization codes are ranked by the
    queries' embeddings (`aqd`), by the queries' codes (`sqd`), or by both. Nothing given is changed.

    Args:
        query_codes: Binary codes (Q, b) as `hashbench.codes.reading.binary_codes` takes them, or
            codeword numbers (Q, M), or None.
        database_codes: The same of the N items.
        query_labels: 0/1 (Q, C), dense or sparse, or class numbers (Q,) or (Q, 1).
        database_labels: The same of the N items.
        presets: Names of metric presets, `all`, or presets of your own.
        relevance: When an item is relevant: `shared`, `shared>=n`, `jaccard>=t` or `same`.
        layout: How arrays hold binary codes: `auto`, `packed`, `signs` or `bits`.
        codebooks: (M, K, D); given, the codes are codeword numbers counted from 0.
        query_embeddings: (Q, D), for `aqd`.
        similarity: What quantization codes are made for: `inner_product` or `squared_l2`. Codes that
            name their own keep it.
        metrics: What to report in place of the presets' own, such as `map@1000` or `ndcg@100`.
        kernel: What ranks: `auto`, `numba`, `numpy` or `torch`.
        device: Where the torch kernel works: `auto`, `cpu`, `cuda` or `cuda:N`.

    Raises:
        DataError: Codes or labels are not what they should be, or do not fit together.
        UnknownNameError: There is no preset, layout, similarity or kernel of that name.
        ConfigError: A metric, rule of relevance or device is none, or arguments exclude each other.

    >>> report = evaluate([[1, -1]], [[1, 1], [1, -1], [-1, 1]], [0], [1, 0, 0], metrics=["map@all"])
    >>> round(report.scores["hamming"]["hashbench"].means()["map@all"], 4)
    0.8333
    """
    wanted = presets_of(presets, metrics)
    rule = relevance if isinstance(relevance, RelevanceRule) else RelevanceRule.parse(relevance)
    chosen = resolve_kernel(kernel, resolve_device(device))
    kind, arranged = one_of(Similarity, "similarity", similarity), one_of(Layout, "layout", layout)
    if isinstance(database_codes, FloatCodes | ScalarCodes):
        if not isinstance(query_codes, type(database_codes) | None):
            raise DataError(f"database codes are {database_codes.KIND}. Expected query codes of that kind.")
        sides: _Sides = query_codes, database_codes, database_codes.bits
    elif codebooks is not None or isinstance(database_codes, AdditiveCodes):
        sides = _quantized(query_codes, database_codes, codebooks, kind)
    elif query_embeddings is not None:
        raise ConfigError("query embeddings rank quantization codes only. Expected codebooks beside them.")
    else:
        sides = _binary(query_codes, database_codes, arranged)
    queries, codes, bits = sides
    distances = suited(queries, codes, None if query_embeddings is None else np.asarray(query_embeddings))
    truth = Relevance.of(*multi_hot(query_labels, database_labels), rule)
    started = time.perf_counter()
    scores = {one.name: score(one, truth, wanted, chosen) for one in distances}
    seconds = time.perf_counter() - started
    first = distances[0]
    return Report(
        bits=bits,
        queries=first.queries,
        items=first.items,
        relevance=str(rule),
        kernel=chosen.name,
        presets=tuple(wanted),
        scores=scores,
        code_statistics=statistics(codes, bits=bits),
        seconds=seconds,
        count=partial(merge_tiles, first, truth, chosen) if isinstance(first, Hamming) else None,
    )


def presets_of(named: Sequence[str | MetricPreset], metrics: Sequence[str] | None) -> list[MetricPreset]:
    """The presets asked for, reporting the metrics asked for."""
    found: list[MetricPreset] = []
    for one in [named] if isinstance(named, str) else named:
        if isinstance(one, MetricPreset):
            found.append(one)
        elif one == ALL:
            found += PRESETS.values()
        elif one in PRESETS:
            found.append(PRESETS[one])
        else:
            raise UnknownNameError("metric preset", one, (ALL, *PRESETS))
    many = Counter(preset.name for preset in found)
    if not found or len(many) < len(found):
        told = "none is given" if not found else f"{many.most_common(1)[0][0]!r} is given twice"
        raise ConfigError(f"metric presets: {told}. Expected one or more of different names.")
    return found if metrics is None else [replace(preset, metrics=tuple(metrics)) for preset in found]


def one_of(kind: type[E], what: str, name: str) -> E:
    """The member of that value.

    Raises:
        UnknownNameError: There is none.
    """
    if name not in list(kind):
        raise UnknownNameError(what, name, kind)
    return kind(name)


def _binary(query: Any, database: Any, layout: Layout) -> _Sides:
    """Codes of both sides."""
    if query is None:
        raise ConfigError("no query codes are given. Expected them for binary codes.")
    queries, width = binary_codes(query, "query", layout)
    items, bits = binary_codes(database, "database", layout)
    if width != bits:
        raise DataError(
            f"query codes have {width} bits, database codes {bits}. Expected equal numbers; rows are "
            "items, columns bits or packed bytes."
        )
    return queries, items, bits


def _quantized(query: Any, database: Any, codebooks: Any, similarity: Similarity) -> _Sides:
    """Codes of both sides."""
    items = additive_codes(database, codebooks, similarity, "database")
    queries = None if query is None else additive_codes(query, items.codebooks, items.similarity, "query")
    return queries, items, told_bits(items)


def told_bits(codes: Codes) -> int:
    """Bits that tell an item: a codeword's number takes as many as there are codewords to tell apart."""
    if not isinstance(codes, AdditiveCodes):
        return codes.bits
    books, words = codes.codebooks.shape[:2]
    return int(books * (words - 1).bit_length())


def _plain(curve: Curve) -> dict[str, list[float | None]]:
    """A curve as lists; None where no query counts."""
    columns = {"radius": curve.at, "precision": curve.precision, "recall": curve.recall}
    return {
        name: [None if np.isnan(value) else value for value in column.tolist()]
        for name, column in columns.items()
    }
