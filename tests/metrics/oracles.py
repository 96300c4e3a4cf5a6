"""Definitions taken literally, item by item and over every order of tied items, and other libraries'.

Q = queries, N = items. A literal metric takes the grades of the items in the order of a ranking.
"""

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
import pytrec_eval
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hashbench.codes.additive import Similarity
from hashbench.metrics.average_precision import Denominator
from hashbench.metrics.presets import PRESETS, MetricPreset
from hashbench.ranking import entries
from hashbench.ranking.blocks import Ties
from hashbench.ranking.counts import DistanceCounts
from hashbench.ranking.distances import feature
from hashbench.ranking.relevance import Relevance


def close(expected, tolerance=1e-9):
    """Equal up to rounding; what is not defined has to be so on both sides."""
    return pytest.approx(expected, rel=0, abs=tolerance, nan_ok=True)


@dataclass(frozen=True)
class Ranking:
    """One query's items, and the rank to stop at."""

    distances: list[int]
    grades: list[int]
    k: int | None

    def blocks(self):
        return ranked([self.distances], [self.grades])

    def orders(self):
        """The grades in every order that sorts the distances."""
        nearest = sorted(range(len(self.distances)), key=self.distances.__getitem__)
        tied = itertools.groupby(nearest, key=self.distances.__getitem__)
        inside = [itertools.permutations([self.grades[i] for i in block]) for _, block in tied]
        for order in itertools.product(*inside):
            yield list(itertools.chain(*order))

    def in_all_orders(self, literal):
        """The metric in each order; an order in which it is not defined counts zero if another does."""
        values = np.array([literal(order, self.k) for order in self.orders()], dtype=np.float64)
        return values if np.isnan(values).all() else np.nan_to_num(values)

    def expected(self, literal):
        return self.in_all_orders(literal).mean()


@st.composite
def rankings(draw, *, most=6, all_items=True):
    """Rankings with every kind of edge: one item, all tied, nothing or everything relevant, k beyond.

    Args:
        draw: From Hypothesis.
        most: The most items.
        all_items: Whether k may be None.
    """
    n = draw(st.integers(1, most))
    some = {"min_size": n, "max_size": n}
    distances = draw(st.lists(st.integers(0, 3), **some) | st.just([5] * n) | st.permutations(range(n)))
    lists = st.lists(st.integers(0, 3), **some), st.lists(st.integers(1, 2), **some), st.just([0] * n)
    k = st.integers(1, n + 2)
    return Ranking(distances, draw(st.one_of(lists)), draw(st.none() | k if all_items else k))


@st.composite
def databases(draw):
    """Distances (Q, N) from 0 to 4 and grades (Q, N) from 0 to 2; some queries have no relevant item."""
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 6)))
    distances = draw(arrays.arrays(np.int64, shape, elements=st.integers(0, 4)))
    grades = draw(arrays.arrays(np.uint8, shape, elements=st.integers(0, 2)))
    found = draw(arrays.arrays(np.bool_, (shape[0], 1)))
    return distances, grades * found


def ranked(distances, grades):
    """Whole numbers as distances (Q, N) and grades (Q, N) as blocks."""
    grades = np.asarray(grades, dtype=np.uint8)
    levels = max(1, int(grades.max()))
    total = np.stack([np.bincount(row, minlength=levels + 1)[1:] for row in grades])
    found = np.sort(entries.pack(np.asarray(distances)), axis=1)
    return entries.to_blocks(found, grades, np.arange(grades.shape[1]), total, tied=True)


def counted(distances, grades, bits):
    """The same as counts, one item after another."""
    at = np.zeros((len(distances), bits + 1, max(1, int(grades.max())) + 1), dtype=np.int64)
    for query, (row, graded) in enumerate(zip(distances, grades, strict=True)):
        for distance, grade in zip(row, graded, strict=True):
            at[query, distance, grade] += 1
    return DistanceCounts(at)


def placed(distances):
    """Float embeddings that are exactly that far from each other, float32 (Q, N)."""
    return feature(np.eye(len(distances)), -distances.T, Similarity.INNER_PRODUCT)


def truth(relevant):
    """Ground truth in which exactly those pairs (Q, N) are relevant: each query has its own label."""
    return Relevance.of(np.eye(len(relevant), dtype=np.bool_), relevant.T)


BY_RANK = (
    "map@2",
    "map@all",
    "precision@2",
    "recall@9",
    "hit_rate@2",
    "r_precision",
    "ndcg@3",
    "ndcg@all",
    "acg@2",
    "wap@3",
)
# Every metric.
MINE = MetricPreset(
    "mine",
    (*BY_RANK, "precision_within@1", "recall_within@1"),
    Denominator.TOTAL,
    "zero",
    "skip",
    Ties.EXPECTED,
    band=True,
)
# The same under every rule of ties, and all presets.
EVERY = [*PRESETS.values(), MINE, *(replace(MINE, name=ties, ties=ties) for ties in list(Ties)[:3])]
EVERY += [replace(MINE, name=ties, ties=ties, seed=3) for ties in Ties if ties.needs_order]


def literal_wap(grades, k, denominator):
    cut = len(grades) if k is None else min(k, len(grades))
    hits, summed = 0, 0.0
    for i in range(cut):
        if grades[i] > 0:
            hits += 1
            summed += sum(grades[: i + 1]) / (i + 1)
    total = sum(grade > 0 for grade in grades)
    divisor = {
        Denominator.RETRIEVED: hits,
        Denominator.TOTAL: total,
        Denominator.MIN_K_TOTAL: min(cut, total),
    }[denominator]
    return summed / divisor if divisor else math.nan


def literal_ap(grades, k, denominator):
    return literal_wap([int(grade > 0) for grade in grades], k, denominator)


def literal_precision(grades, k):
    return sum(grade > 0 for grade in grades[:k]) / k


def literal_recall(grades, k):
    total = sum(grade > 0 for grade in grades)
    return sum(grade > 0 for grade in grades[:k]) / total if total else math.nan


def literal_hit_rate(grades, k):
    return float(any(grades[:k])) if any(grades) else math.nan


def literal_r_precision(grades, k):
    total = sum(grade > 0 for grade in grades)
    last = total if k is None else min(k, total)
    return sum(grade > 0 for grade in grades[:last]) / last if last else math.nan


def literal_ndcg(grades, k, gain):
    def dcg(order):
        return sum(gain(grade) / math.log2(i + 2) for i, grade in enumerate(order[:k]))

    best = dcg(sorted(grades, reverse=True))
    return dcg(grades) / best if best else math.nan


def literal_acg(grades, k):
    return sum(grades[:k]) / k


GAINS = {"exponential": lambda grade: 2**grade - 1, "linear": lambda grade: grade}


def trec_eval(distances, relevant, *measures):
    """What trec_eval gives for each query, (Q,) by measure; documents are named by their positions."""
    names = [f"{i:06d}" for i in range(distances.shape[1])]
    judged = {str(q): dict(zip(names, map(int, row), strict=True)) for q, row in enumerate(relevant)}
    run = {str(q): dict(zip(names, map(float, -row), strict=True)) for q, row in enumerate(distances)}
    scored = pytrec_eval.RelevanceEvaluator(judged, set(measures)).evaluate(run)
    keys = [measure.replace(".", "_") for measure in measures]
    return {key: np.array([scored[str(q)][key] for q in range(len(distances))]) for key in keys}


def for_torchmetrics(distances, relevant):
    """Scores and relevance of each query; torchmetrics drops items whose score is not above zero."""
    scores = torch.from_numpy(1.0 + distances.max() - distances)
    return list(zip(scores, torch.from_numpy(relevant), strict=True))


def untied(queries=30, items=200, share=0.2, seed=0):
    """Distances (Q, N) without ties and relevance (Q, N) in which every query has something to find."""
    generator = np.random.default_rng(seed)
    distances = np.stack([generator.permutation(items) for _ in range(queries)])
    relevant = generator.random((queries, items)) < share
    relevant[:, 0] = True
    return distances, relevant
