"""Every kernel against the plain one: the same numbers to the bit, in bounded memory."""

import builtins
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.errors import ConfigError, UnknownNameError
from hashbench.metrics.presets import PRESETS, SUITE
from hashbench.metrics.score import score
from hashbench.ranking.distances import aqd, cosine, feature, hamming
from hashbench.ranking.kernels import choice
from hashbench.ranking.kernels.choice import resolve_kernel
from hashbench.ranking.kernels.compiled import NumbaKernel, _Reach
from hashbench.ranking.kernels.on_torch import TorchKernel
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.relevance import Relevance, RelevanceRule

FAST = [
    pytest.param(lambda: NumbaKernel(threads=1), id="numba-1"),
    pytest.param(lambda: NumbaKernel(threads=3), id="numba-3"),
    pytest.param(lambda: TorchKernel("cpu"), id="torch-cpu"),
    pytest.param(lambda: TorchKernel("cuda"), id="torch-cuda", marks=pytest.mark.gpu),
]


def labels(generator, count, width=12, share=0.15):
    return generator.random((count, width)) < share


def categories(generator, count):
    """One of 24 labels and now and then others, as photo collections have them: a quarter is relevant."""
    several = labels(generator, count, 24, 0.06)
    several[np.arange(count), generator.integers(0, 24, count)] = True
    return several


def whole_numbers(generator, shape):
    """Small whole numbers, whose sums are exact whatever their order, and which tie often."""
    return generator.integers(-2, 3, shape).astype(np.float32)


def distances_of(kind, generator, queries, items):
    if kind.startswith("hamming"):
        width = int(kind.split("-")[1])
        sides = (generator.integers(0, 256, (n, width), dtype=np.uint8) for n in (queries, items))
        return hamming(*map(BinaryCodes, sides))
    query = whole_numbers(generator, (queries, 6))
    if kind.startswith("aqd"):
        books = int(kind.split("-")[1])
        codes = generator.integers(0, 16, (items, books), dtype=np.uint8)
        words = whole_numbers(generator, (books, 16, 6))
        return aqd(query, AdditiveCodes(codes, words, Similarity.SQUARED_L2))
    return feature(query, whole_numbers(generator, (items, 6)), Similarity.INNER_PRODUCT)


KINDS = ["hamming-1", "hamming-3", "hamming-8", "hamming-20", "aqd-1", "aqd-4", "aqd-6", "feature"]


@pytest.fixture(params=KINDS)
def case(request):
    """Distances with many ties, and relevance, of more items than one tile holds."""
    generator = np.random.default_rng(KINDS.index(request.param))
    distances = distances_of(request.param, generator, 21, 5000)
    return distances, labels(generator, 21), labels(generator, 5000)


def same_blocks(a, b):
    """Equal where they hold relevant items; a kernel may leave the other blocks out."""
    assert np.array_equal(a.total, b.total) and a.items == b.items
    for q in range(len(a)):
        for name in ("start", "size", "grades"):
            kept = (getattr(blocks, name)[q][blocks.hits[q] > 0] for blocks in (a, b))
            assert np.array_equal(*kept)


@pytest.mark.parametrize("kernel", FAST)
@pytest.mark.parametrize("k", [1, 60, 900, 5000, 9000])
def test_the_nearest_are_those_of_the_plain_kernel(case, kernel, k):
    distances, _, _ = case
    for whole_blocks in (False, True):
        found, plain = (
            chosen.nearest(distances, slice(3, 20), k, whole_blocks=whole_blocks)
            for chosen in (kernel(), NumpyKernel())
        )
        assert np.array_equal(found, plain)


@pytest.mark.parametrize("kernel", FAST)
@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize("rule", ["shared", "shared>=2", "jaccard>=0.4", "same"])
def test_the_rankings_are_those_of_the_plain_kernel(case, kernel, graded, rule):
    distances, query, database = case
    relevance = Relevance.of(query, database, RelevanceRule.parse(rule), graded=graded)
    plain, part = NumpyKernel(), slice(3, 20)
    for k in (1, 60, 900, None):
        same_blocks(kernel().tied(distances, relevance, part, k), plain.tied(distances, relevance, part, k))
        same_blocks(
            kernel().ordered(distances, relevance, part, k), plain.ordered(distances, relevance, part, k)
        )
    if distances.name == "hamming":
        counts = (chosen.counts(distances, relevance, part).at for chosen in (kernel(), plain))
        assert np.array_equal(*counts)


@pytest.mark.parametrize("kernel", FAST)
def test_scores_under_every_preset_are_those_of_the_plain_kernel(case, kernel):
    distances, query, database = case
    relevance = Relevance.of(query, database)
    fast, plain = (
        score(distances, relevance, PRESETS.values(), chosen) for chosen in (kernel(), NumpyKernel())
    )
    for name, scores in plain.items():
        for metric, values in scores.per_query.items():
            assert np.array_equal(fast[name].per_query[metric], values, equal_nan=True)


@settings(max_examples=40)
@given(
    size=st.tuples(st.integers(1, 4), st.integers(1, 12)),
    kind=st.sampled_from(KINDS),
    share=st.sampled_from([0.0, 0.2, 1.0]),
    k=st.integers(1, 15),
    seed=st.integers(0, 9),
)
def test_few_items_no_relevant_item_and_only_relevant_items(size, kind, share, k, seed):
    queries, items = size
    generator = np.random.default_rng(seed)
    distances = distances_of(kind, generator, queries, items)
    query, database = labels(generator, queries, 3, 0.6), labels(generator, items, 3, share)
    relevance, part = Relevance.of(query, database, graded=True), slice(0, queries)
    for kernel in (NumbaKernel(threads=2), TorchKernel("cpu")):
        for rank in ("tied", "ordered"):
            for last in (k, None):
                same_blocks(
                    getattr(kernel, rank)(distances, relevance, part, last),
                    getattr(NumpyKernel(), rank)(distances, relevance, part, last),
                )


@pytest.mark.parametrize("kernel", FAST)
def test_all_items_at_one_distance(kernel):
    zeros = np.zeros((3000, 4), dtype=np.float32)
    distances = cosine(zeros[:5], zeros)
    generator = np.random.default_rng(0)
    relevance = Relevance.of(labels(generator, 5, share=0.5), labels(generator, 3000))
    blocks = kernel().tied(distances, relevance, slice(0, 5), 10)
    assert blocks.size.tolist() == [[3000]] * 5
    assert np.array_equal(blocks.hits[:, 0], blocks.relevant)


@pytest.mark.parametrize("kernel", [NumpyKernel, *(param.values[0] for param in FAST[:3])])
def test_tiles_change_nothing(case, kernel, monkeypatch):
    distances, query, database = case
    relevance = Relevance.of(query, database)
    once = score(distances, relevance, [SUITE], kernel())[SUITE.name].per_query
    chosen = kernel()
    monkeypatch.setattr(chosen, "_step", lambda *_: 4)
    tiled = score(distances, relevance, [SUITE], chosen)[SUITE.name].per_query
    for metric, values in once.items():
        assert np.array_equal(values, tiled[metric], equal_nan=True)


def peak_bytes(work):
    work()  # what is compiled or loaded once is no part of it
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("kind", "rank", "k"),
    [
        ("hamming-4", "tied", None),
        ("hamming-4", "ordered", 5000),
        ("hamming-4", "ordered", None),
        ("aqd-4", "tied", 5000),
        ("aqd-4", "tied", None),
    ],
)
def test_memory_beside_the_inputs_is_at_most_16_bytes_an_item_and_thread(kind, rank, k):
    items, threads = 200_000, 2
    generator = np.random.default_rng(0)
    distances = distances_of(kind, generator, 64, items)
    relevance = Relevance.of(*(categories(generator, count) for count in (64, items)))
    ties = "expected" if rank == "tied" else "db_order"
    preset = next(preset for preset in PRESETS.values() if preset.ties == ties and not preset.band)
    metric = "map@all" if k is None else f"map@{k}"
    chosen = type(preset)(**{**vars(preset), "metrics": (metric,)})
    peak = peak_bytes(lambda: score(distances, relevance, [chosen], NumbaKernel(threads)))
    assert peak < 16 * items * threads


def test_without_numba_the_plain_kernel_ranks(monkeypatch):
    monkeypatch.setattr(choice, "find_spec", lambda _: None)
    kept = builtins.__import__

    def refuse(name, *rest):
        if name.split(".")[0] == "numba":
            raise ImportError(name)
        return kept(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    assert type(resolve_kernel()) is NumpyKernel
    with pytest.raises(ConfigError, match=r"Numba is not installed. Expected hashbench\[fast\]"):
        resolve_kernel("numba")


def test_an_unknown_kernel_is_refused():
    with pytest.raises(UnknownNameError, match="Did you mean 'numba'"):
        resolve_kernel("numbah")


def test_a_gpu_is_used_where_that_is_the_device():
    assert resolve_kernel().name == "numba"
    assert resolve_kernel("torch").name == "torch"


def test_the_nearest_of_very_many_are_found_without_sorting_all():
    generator = np.random.default_rng(0)
    words = generator.standard_normal((4, 256, 4)).astype(np.float32)
    codes = generator.integers(0, 256, (1 << 20, 4), dtype=np.uint8)
    query = generator.standard_normal((100, 4)).astype(np.float32)
    distances = aqd(query, AdditiveCodes(codes, words, Similarity.INNER_PRODUCT))
    reach = _Reach(distances.items, 100)
    sizes = [len(entries) for entries in reach.entries(distances, slice(0, 100))]
    assert min(sizes) >= 100 and max(sizes) < distances.items / 50
