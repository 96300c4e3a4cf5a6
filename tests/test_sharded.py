"""A database scored in shards scores as it does in one piece, to the bit, and in bounded memory."""

import itertools
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

import hashbench
from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.floats import FloatCodes
from hashbench.codes.rows import take
from hashbench.codes.set_writer import SetWriter
from hashbench.codes.storage import save_codes
from hashbench.errors import ConfigError, DataError
from hashbench.metrics.presets import SUITE
from hashbench.progress import SilentProgress
from hashbench.ranking.blocks import Ties
from hashbench.sharded import DatabaseLabels, Queries, evaluate_shards

RNG = np.random.default_rng(0)
ASKING, ITEMS = 9, 230
LABELS = RNG.random((ASKING, 5)) < 0.4, RNG.random((ITEMS, 5)) < 0.3
NUMBERS = RNG.integers(0, 4, ASKING), RNG.integers(0, 4, ITEMS)
UNORDERED = ["hashbench", "sklearn", "tie_aware"]
DOWN_TO = ["map@20", "recall@7", "ndcg@10", "precision@300"]


def additive(items, books, similarity):
    return AdditiveCodes(RNG.integers(0, 4, (items, 2), dtype=np.uint8), books, similarity)


def both(kind):
    """Codes of queries and database, and embeddings where queries have them."""
    if kind == "binary":
        made = [BinaryCodes(RNG.integers(0, 256, (n, 1), dtype=np.uint8)) for n in (ASKING, ITEMS)]
        return *made, None
    if kind == "float":
        made = [
            FloatCodes(RNG.standard_normal((n, 3)).astype(np.float32), Similarity.SQUARED_L2)
            for n in (ASKING, ITEMS)
        ]
        return *made, None
    books = RNG.standard_normal((2, 4, 3)).astype(np.float32)
    made = [additive(n, books, Similarity(kind)) for n in (ASKING, ITEMS)]
    return *made, RNG.standard_normal((ASKING, 3)).astype(np.float32)


def shards(folder, codes, cuts):
    bounds = [0, *cuts, ITEMS]
    writer = SetWriter.begin(folder, len(bounds) - 1, {})
    for number, (start, stop) in enumerate(itertools.pairwise(bounds)):
        writer.put(number, take(codes, slice(start, stop)))
    writer.finish()
    return folder


def labelled(tmp_path, labels):
    np.save(tmp_path / "labels.npy", labels)
    return DatabaseLabels(tmp_path / "labels.npy")


def assert_equal(whole, merged):
    assert (whole.queries, whole.items, whole.bits) == (merged.queries, merged.items, merged.bits)
    assert whole.scores.keys() == merged.scores.keys()
    for distance, presets in whole.scores.items():
        assert presets.keys() == merged.scores[distance].keys()
        for name, scores in presets.items():
            found = merged.scores[distance][name].per_query
            assert found.keys() == scores.per_query.keys()
            for metric, values in scores.per_query.items():
                assert np.array_equal(values, found[metric], equal_nan=True), (distance, name, metric)


@pytest.mark.parametrize(("kernel", "cuts"), [("numpy", []), ("numpy", [100]), ("numba", [1, 2, 120, 229])])
@pytest.mark.parametrize("labels", [LABELS, NUMBERS], ids=["labels", "classes"])
def test_counts_of_shards_score_as_the_whole(kernel, cuts, labels, tmp_path):
    query, database, _ = both("binary")
    merged = evaluate_shards(
        shards(tmp_path / "set", database, cuts),
        labelled(tmp_path, labels[1]),
        Queries(query, None, labels[0]),
        SilentProgress(),
        presets=UNORDERED,
        kernel=kernel,
    )
    whole = hashbench.evaluate(query, database, *labels, presets=UNORDERED)
    assert_equal(whole, merged)
    for mean, curve in whole.curves().items():
        assert np.array_equal(curve.precision, merged.curves()[mean].precision, equal_nan=True)


@pytest.mark.parametrize(("kernel", "cuts"), [("numpy", [3]), ("numba", [1, 2, 120, 229])])
@pytest.mark.parametrize("kind", ["binary", "inner_product", "squared_l2", "float"])
def test_the_nearest_of_shards_score_as_the_whole(kernel, cuts, kind, tmp_path):
    query, database, embeddings = both(kind)
    presets = ["hashbench", "wsdhq", replace(SUITE, name="worst", ties=Ties.PESSIMISTIC)]
    merged = evaluate_shards(
        shards(tmp_path / "set", database, cuts),
        labelled(tmp_path, LABELS[1]),
        Queries(query, embeddings, LABELS[0]),
        SilentProgress(),
        presets=presets,
        metrics=DOWN_TO,
        kernel=kernel,
    )
    whole = hashbench.evaluate(
        query, database, *LABELS, presets=presets, metrics=DOWN_TO, query_embeddings=embeddings
    )
    assert_equal(whole, merged)


def test_labels_may_lie_in_shards_too(tmp_path):
    query, database, _ = both("binary")
    folder = shards(tmp_path / "set", database, [100, 150])
    asking = Queries(query, None, LABELS[0])
    (tmp_path / "labels").mkdir()
    for name, place in (("a", slice(0, 100)), ("b", slice(100, 150)), ("c", slice(150, ITEMS))):
        np.savez(tmp_path / "labels" / f"{name}.npz", database_labels=LABELS[1][place])
    merged = evaluate_shards(folder, DatabaseLabels(tmp_path / "labels"), asking, SilentProgress())
    assert_equal(hashbench.evaluate(query, database, *LABELS), merged)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"presets": ["trec"]}, "'trec' orders ties by a rule"),
        ({"presets": ["deephash_pytorch"]}, "'map@all' of preset 'deephash_pytorch' needs all items"),
        ({"presets": [replace(SUITE, ties=Ties.RANDOM)]}, "the whole database at once"),
        ({"relevance": "some"}, "relevance 'some'"),
        ({"metrics": ["mop@3"]}, "mop"),
    ],
)
def test_what_shards_cannot_tell_is_refused(options, complaint, tmp_path):
    query, database, _ = both("binary")
    folder = shards(tmp_path / "set", database, [100])
    with pytest.raises(hashbench.errors.HashbenchError, match=complaint):
        evaluate_shards(
            folder,
            labelled(tmp_path, LABELS[1]),
            Queries(query, None, LABELS[0]),
            SilentProgress(),
            **options,
        )


def test_all_of_a_quantized_ranking_is_refused(tmp_path):
    query, database, embeddings = both("squared_l2")
    folder = shards(tmp_path / "set", database, [100])
    asking = Queries(query, embeddings, LABELS[0])
    with pytest.raises(ConfigError, match=r"--metric map@1000"):
        evaluate_shards(folder, labelled(tmp_path, LABELS[1]), asking, SilentProgress())


def test_queries_of_another_kind_or_size_are_refused(tmp_path):
    folder = shards(tmp_path / "set", both("binary")[1], [100])
    other = BinaryCodes(np.zeros((ASKING, 2), dtype=np.uint8))
    for query in (other, both("float")[0]):
        with pytest.raises(DataError, match="Expected codes of one method"):
            evaluate_shards(
                folder, labelled(tmp_path, LABELS[1]), Queries(query, None, LABELS[0]), SilentProgress()
            )


def test_labels_that_do_not_fit_are_refused(tmp_path):
    query, database, _ = both("binary")
    folder, asking = shards(tmp_path / "set", database, [100]), Queries(query, None, LABELS[0])
    with pytest.raises(DataError, match="holds 229 labels for 230 items"):
        evaluate_shards(folder, labelled(tmp_path, LABELS[1][1:]), asking, SilentProgress())
    (tmp_path / "labels").mkdir()
    np.save(tmp_path / "labels" / "a.npy", LABELS[1])
    with pytest.raises(DataError, match="1 files of labels for 2 shards"):
        evaluate_shards(folder, DatabaseLabels(tmp_path / "labels"), asking, SilentProgress())
    np.save(tmp_path / "labels" / "b.npy", LABELS[1])
    with pytest.raises(DataError, match="holds 230 labels for 100 items"):
        evaluate_shards(folder, DatabaseLabels(tmp_path / "labels"), asking, SilentProgress())


def test_queries_are_read_from_a_set_a_run_or_another_tools_file(tmp_path):
    query, database, embeddings = both("squared_l2")
    writer = SetWriter.begin(tmp_path / "asking", 2, {})
    for number, place in enumerate((slice(0, 5), slice(5, ASKING))):
        writer.put(number, take(query, place), embeddings=embeddings[place])
    writer.finish()
    save_codes(tmp_path / "codes.npz", query, database, embeddings)
    np.save(tmp_path / "truth.npy", LABELS[0])
    for source in ("asking", "codes.npz"):
        read = Queries.read(tmp_path / source, tmp_path / "truth.npy", {})
        assert np.array_equal(read.codes.indices, query.indices)
        assert np.array_equal(read.embeddings, embeddings)
    signs = np.where(RNG.random((ASKING, 16)) < 0.5, 1, -1)
    np.save(tmp_path / "signs.npy", signs)
    read = Queries.read(tmp_path / "signs.npy", tmp_path / "truth.npy", {})
    assert np.array_equal(read.codes.signs(), signs)
    np.save(tmp_path / "signs.npy", signs[:, :12])
    with pytest.raises(DataError, match="codes of 12 bits"):
        Queries.read(tmp_path / "signs.npy", tmp_path / "truth.npy", {})


def test_memory_does_not_grow_with_the_database(tmp_path):
    def most(many):
        database = BinaryCodes(RNG.integers(0, 256, (many * 20_000, 8), dtype=np.uint8))
        writer = SetWriter.begin(tmp_path / f"set{many}", many, {})
        for number in range(many):
            writer.put(number, take(database, slice(number * 20_000, (number + 1) * 20_000)))
        writer.finish()
        np.save(tmp_path / "labels.npy", np.arange(len(database)) % 7)
        asking = Queries(take(database, slice(0, 20)), None, np.arange(20) % 7)
        del database
        options = tmp_path / f"set{many}", DatabaseLabels(tmp_path / "labels.npy"), asking, SilentProgress()
        evaluate_shards(*options)
        tracemalloc.start()
        evaluate_shards(*options)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert most(12) < 1.3 * most(2)
