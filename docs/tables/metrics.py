"""Compute the tables of docs/metrics.md and write them into the page.

    uv run docs/tables/metrics.py

The test suite computes them, too, and fails where the page says something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from tabulate import tabulate

from hashbench.codes.binary import BinaryCodes
from hashbench.errors import DataError
from hashbench.metrics.acg import acg
from hashbench.metrics.average_precision import Denominator
from hashbench.metrics.curves import Averaging, curve_by_radius, curve_by_rank
from hashbench.metrics.hit_rate import hit_rate
from hashbench.metrics.mean_distance import mean_distance, mean_distance_of_hits
from hashbench.metrics.ndcg import Gain, ndcg
from hashbench.metrics.precision import precision
from hashbench.metrics.presets import PRESETS, SUITE, MetricPreset
from hashbench.metrics.r_precision import r_precision
from hashbench.metrics.radius import EmptyBall, precision_within, recall_within
from hashbench.metrics.recall import recall
from hashbench.metrics.score import score
from hashbench.metrics.wap import wap
from hashbench.ranking.blocks import Ties
from hashbench.ranking.distances import Hamming, hamming
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.relevance import Relevance, RelevanceRule

PAGE = Path(__file__).parent.parent / "metrics.md"
KERNEL = NumpyKernel()
ALL = slice(None)
LABELS = ("sky", "sea", "dog", "cat")
# Name, code, labels. The query is 00000000 and shows the sky and the sea.
ITEMS = (
    ("A", 0b00000001, {"dog"}),
    ("B", 0b00000011, {"sky"}),
    ("C", 0b00000101, {"dog"}),
    ("D", 0b00001001, {"sky", "sea"}),
    ("E", 0b00010001, {"sea"}),
)
QUERY = (0b00000000, {"sky", "sea"})
CAT = (0b00000000, {"cat"})
DOG = (0b00000001, {"dog"})


def ranking(*queries: tuple[int, set[str]], rule: str = "shared") -> tuple[Hamming, Relevance]:
    """What queries are compared with, and what is relevant to them."""
    sides = queries, [item[1:] for item in ITEMS]
    codes = [BinaryCodes(np.array([[code] for code, _ in side], dtype=np.uint8)) for side in sides]
    labels = [np.array([[name in found for name in LABELS] for _, found in side]) for side in sides]
    return hamming(*codes), Relevance.of(*labels, RelevanceRule.parse(rule), graded=True)


def mean(preset: MetricPreset, *queries: tuple[int, set[str]]) -> float:
    """The preset's only metric, averaged over queries."""
    scores = score(*ranking(*queries), [preset], KERNEL)[preset.name]
    return scores.means()[preset.metrics[0]]


def one(metric: str, **options: object) -> MetricPreset:
    """The suite's preset with one metric, and with other options."""
    return replace(SUITE, metrics=(metric,), band=False, **options)


def table(headers: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """A Markdown table; numbers get three decimals."""
    cells = [[f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    return tabulate(cells, headers, "github", disable_numparse=True)


def items() -> str:
    """The five items."""
    distances, relevance = ranking(QUERY)
    grades = relevance.of_items(ALL)[0]
    return table(
        ("item", "distance", "labels", "shared labels"),
        [
            (name, int(distance), ", ".join(sorted(labels)), int(grade))
            for (name, _, labels), distance, grade in zip(
                ITEMS, distances.tile(ALL)[0], grades, strict=True
            )
        ],
    )


def relevance_rules() -> str:
    """Which items each rule makes relevant."""
    rows = []
    for rule in ("shared", "shared>=2", "jaccard>=0.5", "same"):
        grades = ranking(QUERY, rule=rule)[1].of_items(ALL)[0]
        rows.append((f"`{rule}`", ", ".join(item[0] for item, g in zip(ITEMS, grades, strict=True) if g)))
    return table(("relevance", "relevant items"), rows)


def ties() -> str:
    """AP@all under every rule of ties."""
    told = {
        Ties.EXPECTED: "the mean over all orders of the four",
        Ties.OPTIMISTIC: "A, then B, D, E, then C",
        Ties.PESSIMISTIC: "A, then C, then B, D, E",
        Ties.WHOLE_BLOCK: "three hits, all at rank 5: 3/5",
        Ties.DATABASE_ORDER: "A, B, C, D, E",
        Ties.ID_DESCENDING: "A, E, D, C, B",
        Ties.RANDOM: "one order, drawn by a seed (here 0)",
    }
    rows = [(f"`{rule}`", mean(one("map@all", ties=rule), QUERY), told[rule]) for rule in Ties]
    return table(("ties", "AP@all", "the order"), rows)


def denominators() -> str:
    """AP@2 in database order."""
    told = {
        Denominator.RETRIEVED: "(1/2) / 1: one relevant item is among the first two",
        Denominator.MIN_K_TOTAL: "(1/2) / 2: two could be",
        Denominator.TOTAL: "(1/2) / 3: there are three",
    }
    order = Ties.DATABASE_ORDER
    rows = [
        (f"`{kind}`", mean(one("map@2", ties=order, denominator=kind), QUERY), told[kind])
        for kind in Denominator
    ]
    return table(("denominator", "AP@2", "why"), rows)


def unanswered() -> str:
    """What queries count that find nothing, or have nothing to find."""
    rows: list[tuple[object, ...]] = []
    for rule in ("zero", "skip"):
        preset = one("map@1", ties=Ties.DATABASE_ORDER, denominator=Denominator.RETRIEVED, no_hit=rule)
        rows.append(("`no_hit`", f"`{rule}`", "mAP@1 of the two queries", mean(preset, QUERY, DOG)))
    for rule in ("zero", "skip", "one", "error"):
        preset = one("map@all", no_relevant=rule)
        try:
            value: object = mean(preset, QUERY, CAT)
        except DataError:
            value = "refused"
        rows.append(("`no_relevant`", f"`{rule}`", "mAP@all with the cat's query", value))
    return table(("option", "value", "number", "is"), rows)


def rank_metrics() -> str:
    """Metrics by rank, in expectation over ties."""
    distances, relevance = ranking(QUERY)
    blocks = KERNEL.tied(distances, relevance, ALL, None)
    values = {
        "precision@3": precision(blocks, 3),
        "recall@3": recall(blocks, 3),
        "hit_rate@2": hit_rate(blocks, 2),
        "r_precision": r_precision(blocks),
        "ndcg@3, gain `exponential`": ndcg(blocks, 3, Gain.EXPONENTIAL),
        "ndcg@3, gain `linear`": ndcg(blocks, 3, Gain.LINEAR),
        "acg@3": acg(blocks, 3),
        "wap@all": wap(blocks, None),
    }
    told = (
        "1.5 of the first 3: A is none, and three of the next four are",
        "the same 1.5 of 3",
        "the second is one of B, D, E with 3 of 4 chances",
        "precision@3, since three are relevant",
        "D gains 3, B and E gain 1",
        "D gains 2, B and E gain 1",
        "mean number of shared labels of the first 3",
        "mean acg@i over the ranks i that hold a relevant item",
    )
    rows = [(name, float(value[0]), why) for (name, value), why in zip(values.items(), told, strict=True)]
    return table(("metric", "value", "why"), rows)


def radius_metrics() -> str:
    """Metrics by radius."""
    counts = KERNEL.counts(*ranking(QUERY), ALL)
    rows = [
        (
            radius,
            float(precision_within(counts, radius, EmptyBall.ZERO)[0]),
            "skipped"
            if np.isnan(skipped := precision_within(counts, radius, EmptyBall.SKIP)[0])
            else skipped,
            float(recall_within(counts, radius)[0]),
        )
        for radius in range(3)
    ]
    headers = ("radius", "precision, empty ball `zero`", "precision, empty ball `skip`", "recall")
    return table(headers, rows)


def curves() -> str:
    """Points of the curves of two queries."""
    distances, relevance = ranking(QUERY, DOG)
    counts = KERNEL.counts(distances, relevance, ALL)
    rows: list[tuple[object, ...]] = []
    for averaging in Averaging:
        by_rank = curve_by_rank(counts.blocks(), [1, 3], averaging)
        by_radius = curve_by_radius(counts, averaging, EmptyBall.ZERO)
        for name, curve, points in (("rank", by_rank, 2), ("radius", by_radius, 3)):
            for p in range(points):
                found = float(curve.precision[p]), float(curve.recall[p])
                rows.append((f"by {name}", f"`{averaging}`", int(curve.at[p]), *found))
    return table(("curve", "averaging", "rank or radius", "precision", "recall"), rows)


def reach() -> str:
    """How far a search has to go."""
    counts = KERNEL.counts(*ranking(QUERY), ALL)
    whole, hits = mean_distance(counts, [1, 2, 3])[0], mean_distance_of_hits(counts, [1, 2, 3])[0]
    rows = [(k + 1, float(whole[k]), float(hits[k])) for k in range(3)]
    return table(("k", "mean distance of the first k", "of the first k relevant ones"), rows)


def options() -> str:
    """What each preset answers."""
    return table(
        ("preset", "denominator", "none in top k", "no relevant item", "ties", "reports"),
        [
            (f"`{p.name}`", p.denominator, p.no_hit, p.no_relevant, p.ties, ", ".join(p.metrics))
            for p in PRESETS.values()
        ],
    )


def disagreement() -> str:
    """Every preset's mAP of the same codes: coarse ones, in a database that is sorted by class."""
    generator = np.random.default_rng(0)
    items, queries = np.sort(generator.integers(0, 5, 8000)), generator.integers(0, 6, 60)
    centres = generator.integers(0, 256, 6)

    def side(classes: np.ndarray) -> tuple[BinaryCodes, np.ndarray]:
        flips = (generator.integers(0, 4, (len(classes), 8)) == 0) @ (1 << np.arange(8))
        return BinaryCodes((centres[classes] ^ flips)[:, None].astype(np.uint8)), np.eye(6, dtype=bool)[
            classes
        ]

    (query, query_labels), (database, labels) = side(queries), side(items)
    scores = score(hamming(query, database), Relevance.of(query_labels, labels), PRESETS.values(), KERNEL)
    rows: list[tuple[object, ...]] = []
    for name, found in scores.items():
        means = found.means()
        cells = [means.get(metric, "") for metric in ("map@1000", "map@5000", "map@all")]
        ends = [means.get(f"map@all/{end}") for end in (Ties.PESSIMISTIC, Ties.OPTIMISTIC)]
        band = "" if ends[0] is None else "{:.3f}–{:.3f}".format(*ends)
        rows.append((f"`{name}`", *cells, band, means["chance"]))
    return table(("preset", "mAP@1000", "mAP@5000", "mAP@all", "tie band of mAP@all", "chance"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "items": items,
    "relevance": relevance_rules,
    "ties": ties,
    "denominators": denominators,
    "unanswered": unanswered,
    "rank-metrics": rank_metrics,
    "radius-metrics": radius_metrics,
    "curves": curves,
    "reach": reach,
    "presets": options,
    "disagreement": disagreement,
}


def filled(page: str) -> str:
    """The page with every table as it is computed now."""

    def insert(found: re.Match[str]) -> str:
        return f"<!-- table: {found[1]} -->\n{TABLES[found[1]]()}\n<!-- end -->"

    return re.sub(r"<!-- table: ([\w-]+) -->\n.*?<!-- end -->", insert, page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text()))
