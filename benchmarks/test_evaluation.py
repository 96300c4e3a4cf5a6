"""The evaluation engine against the peers' algorithms, and against itself at other sizes.

    OMP_NUM_THREADS=2 uv run pytest benchmarks/test_evaluation.py -s

Every round runs the peer and the engine in turn, in one process with the same threads; the ratio of
the medians is printed. Each pair is checked to give the same mAP first. The data has
structure: an item has one of 24 categories and now and then others, and its code is its category's
with a quarter of the bits flipped. Each side finds codes and labels in its own form: packed here,
floats there.
"""

import time
from dataclasses import replace
from statistics import median

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

import peers
from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.metrics.curves import Averaging, curve_by_radius
from hashbench.metrics.presets import PRESETS, SUITE
from hashbench.metrics.radius import EmptyBall
from hashbench.metrics.score import merge_tiles, per_query, score
from hashbench.ranking.counts import DistanceCounts
from hashbench.ranking.distances import aqd, hamming
from hashbench.ranking.kernels.compiled import NumbaKernel
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.relevance import Relevance

THREADS = 2
CATEGORIES = 24


@pytest.fixture(scope="module", autouse=True)
def pinned_threads():
    torch.set_num_threads(THREADS)
    with threadpool_limits(THREADS):
        yield


class Codes:
    """Codes and labels of a database and its queries."""

    def __init__(self, queries, items, bits):
        generator = np.random.default_rng(0)
        centres = generator.random((CATEGORIES, bits)) < 0.5

        def side(count):
            category = generator.integers(0, CATEGORIES, count)
            labels = generator.random((count, CATEGORIES), dtype=np.float32) < 0.06
            labels[np.arange(count), category] = True
            flips = generator.random((count, bits), dtype=np.float32) < 0.25
            return BinaryCodes(np.packbits(centres[category] ^ flips, axis=1)), labels

        (self.query, self.query_labels), (self.database, self.database_labels) = map(side, (queries, items))
        self.distances = hamming(self.query, self.database)
        self.relevance = Relevance.of(self.query_labels, self.database_labels)

    def as_floats(self):
        codes = (side.signs().astype(np.float32) for side in (self.query, self.database))
        return *codes, *(labels.astype(np.float32) for labels in (self.query_labels, self.database_labels))

    def map(self, preset, kernel):
        return score(self.distances, self.relevance, [preset], kernel)[preset.name].means()


def only(metric, preset=SUITE):
    return replace(preset, metrics=(metric,), band=False)


def compare(benchmark, peer, ours, aim, rounds=3):
    """Time both in turn, each warmed up; print the ratio of the medians beside the one aimed at."""
    seconds = []

    def run_peer():
        start = time.perf_counter()
        peer()
        seconds.append(time.perf_counter() - start)
        time.sleep(0.5)  # a peer that took gigabytes gives them back first
        ours()

    peer()
    benchmark.pedantic(ours, setup=run_peer, rounds=rounds)
    theirs, own = median(seconds), benchmark.stats.stats.median
    ratio = theirs / own
    benchmark.extra_info.update(peer_seconds=theirs, ratio=ratio)
    print(f"\n{benchmark.name}: {theirs:.3f} s / {own:.4f} s = {ratio:.1f}, aim {aim}")


@pytest.fixture(scope="module")
def flickr():
    """2,000 queries against 190,000 items, 32 bits: about NUS-WIDE's size."""
    return Codes(2000, 190_000, 32)


@pytest.fixture(scope="module")
def floats(flickr):
    return flickr.as_floats()


@pytest.fixture(scope="module")
def kernel():
    return NumbaKernel(THREADS)


def test_the_peers_compute_the_same(flickr, floats, kernel):
    query, database, query_labels, database_labels = floats
    some = slice(0, 40)
    relevance = Relevance.of(flickr.query_labels[some], flickr.database_labels)
    distances = hamming(BinaryCodes(flickr.query.packed[some]), flickr.database)
    preset = PRESETS["deephash_pytorch"]
    ours = score(distances, relevance, [preset], kernel)[preset.name].means()
    sides = query[some], database, query_labels[some], database_labels
    for k, name in ((5000, "map@5000"), (len(database), "map@all")):
        assert peers.argsort_loop(*sides, k, kind="stable") == pytest.approx(ours[name], rel=1e-6)
        assert peers.argsort_matrix(*sides, k) == pytest.approx(ours[name], abs=2e-3)  # in its own order


@pytest.mark.parametrize(
    ("metric", "peer", "aim"),
    [
        ("map@5000", peers.argsort_loop, 20),
        ("map@5000", peers.argsort_matrix, 50),
        ("map@all", peers.argsort_loop, 18),
        ("map@all", peers.argsort_matrix, 95),
    ],
)
def test_map_of_hamming(benchmark, flickr, floats, kernel, metric, peer, aim):
    k = 5000 if metric == "map@5000" else len(flickr.database)
    preset = only(metric)
    sides = floats
    if peer is peers.argsort_matrix:  # its loader builds whole numbers
        sides = *floats[:2], *(labels.astype(np.int64) for labels in floats[2:])
    compare(benchmark, lambda: peer(*sides, k), lambda: flickr.map(preset, kernel), aim)


@pytest.mark.parametrize("metric", ["map@5000", "map@all"])
def test_map_of_hamming_in_database_order(benchmark, flickr, floats, kernel, metric):
    k = 5000 if metric == "map@5000" else len(flickr.database)
    preset = only(metric, PRESETS["deephash_pytorch"])
    compare(benchmark, lambda: peers.argsort_loop(*floats, k), lambda: flickr.map(preset, kernel), 1)


def test_map_of_hamming_without_numba(benchmark, flickr, floats):
    query, database, query_labels, database_labels = floats
    some = slice(0, 200)
    relevance = Relevance.of(flickr.query_labels[some], flickr.database_labels)
    distances = hamming(BinaryCodes(flickr.query.packed[some]), flickr.database)
    compare(
        benchmark,
        lambda: peers.argsort_loop(query[some], database, query_labels[some], database_labels, 190_000),
        lambda: score(distances, relevance, [only("map@all")], NumpyKernel()),
        1,
    )


def test_curve_by_radius_and_expected_ap(benchmark, flickr, floats, kernel):
    tensors = [torch.from_numpy(array) for array in floats]
    query, database, query_labels, database_labels = tensors

    def ours():
        counts = merge_tiles(flickr.distances, flickr.relevance, kernel)
        per_query(counts.blocks(), counts, only("map@all"))
        return counts

    def peer(queries=None):
        return peers.radius_matrix(query[:queries], database, query_labels[:queries], database_labels)

    some = DistanceCounts(ours().at[:40])
    curve = curve_by_radius(some, Averaging.MACRO, EmptyBall.ZERO)
    for got, expected in zip((curve.precision, curve.recall), peer(40), strict=True):
        assert got == pytest.approx(expected, abs=1e-4)
    compare(benchmark, peer, ours, 100, rounds=2)


@pytest.fixture(scope="module", params=[4, 8])
def additive(request):
    """64 queries against 190,000 items, K = 256, D = 300."""
    generator = np.random.default_rng(0)
    books = generator.standard_normal((request.param, 256, 300)).astype(np.float32)
    indices = generator.integers(0, 256, (190_000, request.param)).astype(np.uint8)
    query = generator.standard_normal((64, 300)).astype(np.float32)
    return query, indices, books


@pytest.mark.parametrize(("peer", "aim"), [(peers.gather_argsort, 20), (peers.reconstruct_argpartition, 5)])
def test_map_of_adc(benchmark, flickr, floats, kernel, additive, peer, aim):
    query, indices, books = additive
    query_labels, database_labels = floats[2][:64], floats[3]
    preset = only("map@5000", PRESETS["deephash_pytorch"])
    relevance = Relevance.of(flickr.query_labels[:64], flickr.database_labels)

    def ours():
        distances = aqd(query, AdditiveCodes(indices, books, Similarity.INNER_PRODUCT))
        return score(distances, relevance, [preset], kernel)[preset.name].means()

    sides = query, indices, books, query_labels, database_labels
    if peer is peers.gather_argsort:
        sides = [torch.from_numpy(side) for side in sides]
        sides[1] = sides[1].long()

    def theirs():
        return peer(*sides, 5000)

    assert ours()["map@5000"] == pytest.approx(theirs(), rel=1e-5)
    compare(benchmark, theirs, ours, aim, rounds=5)


def nanoseconds_a_pair(codes, kernel, rounds):
    preset, seconds = only("map@all"), []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        codes.map(preset, kernel)
        seconds.append(time.perf_counter() - start)
    return 1e9 * median(seconds[1:]) / len(codes.query) / len(codes.database)


def test_cost_of_a_pair_does_not_grow_with_the_database(kernel):
    small, large = Codes(1000, 25_000, 64), Codes(1000, 1_000_000, 64)
    costs = [nanoseconds_a_pair(codes, kernel, 5) for codes in (small, large)]
    print(f"\n64 bits, map@all: {costs[0]:.2f} ns a pair at 25,000 items, {costs[1]:.2f} at 1,000,000")
    assert costs[1] <= 1.3 * costs[0]


def test_ten_thousand_queries_against_a_million(kernel):
    codes = Codes(10_000, 1_000_000, 64)
    start = time.perf_counter()
    means = codes.map(SUITE, kernel)
    seconds = time.perf_counter() - start
    print(f"\n10,000 x 1,000,000 x 64 bits, every metric of the suite's preset: {seconds:.1f} s, {means}")
