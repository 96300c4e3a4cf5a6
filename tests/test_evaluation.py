"""`hashbench.evaluate` against literal computations, whatever the codes come as."""

import json
import re
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

import hashbench
from hashbench import evaluate
from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.reading import CODES, Layout
from hashbench.data.label_files import LABELS
from hashbench.errors import ConfigError, DataError, UnknownNameError
from hashbench.metrics.code_statistics import statistics
from hashbench.metrics.presets import PRESETS
from hashbench.metrics.radius import EmptyBall
from hashbench.ranking.relevance import Match, RelevanceRule


def case(bits=16, queries=12, items=80, labels=4, seed=0):
    """Signs of queries and database, and their labels, of which some queries have none."""
    generator = np.random.default_rng(seed)
    codes = [np.where(generator.random((n, bits)) < 0.5, 1, -1) for n in (queries, items)]
    truth = [(generator.random((n, labels)) < 0.3).astype(np.uint8) for n in (queries, items)]
    return *codes, *truth


def distances(query, database):
    return (query[:, None] != database[None]).sum(axis=2)


def average_precision(hits):
    """Of one ranking of 0 and 1, over what it retrieved; 0 where that is nothing."""
    at = np.flatnonzero(hits)
    return float(np.mean(np.arange(1, len(at) + 1) / (at + 1))) if len(at) else 0.0


def means(report, preset="hashbench", distance="hamming"):
    return report.scores[distance][preset].means()


@pytest.mark.parametrize("bits", [8, 12, 64])
def test_the_map_that_papers_report(bits):
    query, database, query_labels, database_labels = case(bits)
    report = evaluate(query, database, query_labels, database_labels, presets=["deephash_pytorch"])
    relevant = query_labels @ database_labels.T > 0
    order = np.argsort(distances(query, database), axis=1, kind="stable")
    ranked = np.take_along_axis(relevant, order, axis=1)
    expected = np.array([average_precision(hits) for hits in ranked])
    found = report.scores["hamming"]["deephash_pytorch"]
    assert found.per_query["map@all"] == pytest.approx(expected)
    assert found.means()["map@all"] == pytest.approx(expected.mean())
    assert report.bits == bits and (report.queries, report.items) == (12, 80)


def test_ties_are_expected_over_all_their_orders():
    query, database, query_labels, database_labels = case(3, queries=6, items=6)
    report = evaluate(query, database, query_labels, database_labels)
    relevant, apart = query_labels @ database_labels.T > 0, distances(query, database)
    for q, (hits, distance) in enumerate(zip(relevant, apart, strict=True)):
        orders = [np.array(order) for order in permutations(range(6))]
        values = [average_precision(hits[o][np.argsort(distance[o], kind="stable")]) for o in orders]
        found = {name: of[q] for name, of in report.scores["hamming"]["hashbench"].per_query.items()}
        if hits.any():
            assert found["map@all"] == pytest.approx(np.mean(values))
            assert found["map@all/pessimistic"] == pytest.approx(min(values))
            assert found["map@all/optimistic"] == pytest.approx(max(values))
        else:
            assert np.isnan(found["map@all"])


FORMS = {
    "signs": lambda signs: signs.astype(np.float32),
    "bits": lambda signs: signs > 0,
    "packed": lambda signs: np.packbits(signs > 0, axis=1),
    "codes": lambda signs: BinaryCodes(np.packbits(signs > 0, axis=1)),
    "lists": lambda signs: signs.tolist(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_layout_scores_alike(form):
    query, database, *labels = case()
    expected = evaluate(query, database, *labels, presets="all")
    report = evaluate(form(query), form(database), *labels, presets="all")
    assert list(report.scores["hamming"]) == list(PRESETS)
    for preset in PRESETS:
        assert means(report, preset) == means(expected, preset)


@pytest.mark.parametrize("form", [scipy.sparse.csr_matrix, np.ndarray.tolist, lambda a: a.astype(float)])
def test_every_form_of_labels_scores_alike(form):
    query, database, *labels = case()
    expected = evaluate(query, database, *labels)
    assert means(evaluate(query, database, *map(form, labels))) == means(expected)


def test_class_numbers_are_labels_of_one():
    query, database, _, _ = case()
    numbers = np.arange(12) % 5, np.arange(80) % 7
    one_hot = [np.eye(7, dtype=bool)[n] for n in numbers]
    assert means(evaluate(query, database, *numbers)) == means(evaluate(query, database, *one_hot))


@pytest.mark.parametrize("kernel", ["numpy", "numba", "torch"])
def test_kernels_agree(kernel):
    inputs = case()
    report = evaluate(*inputs, kernel=kernel)
    assert report.kernel == kernel
    assert means(report) == pytest.approx(means(evaluate(*inputs)))


def test_the_rule_of_relevance():
    query, database, *labels = case()
    report = evaluate(query, database, *labels, relevance="shared>=2", metrics=["recall@5"])
    assert report.relevance == "shared>=2"
    own = evaluate(query, database, *labels, relevance=RelevanceRule(Match.SHARED, 2), metrics=["recall@5"])
    assert means(own) == means(report) != means(evaluate(query, database, *labels, metrics=["recall@5"]))


def test_metrics_of_ones_own():
    report = evaluate(*case(), metrics=["map@3", "ndcg@4", "precision_within@2"])
    assert set(means(report)) == {
        *("map@3", "map@3/pessimistic", "map@3/optimistic"),
        *("ndcg@4", "precision_within@2", "chance"),
    }


def test_a_preset_of_ones_own():
    from dataclasses import replace

    mine = replace(PRESETS["hashbench"], name="mine", no_relevant="zero")
    query, database, query_labels, database_labels = case()
    query_labels[:3] = 0
    report = evaluate(query, database, query_labels, database_labels, presets=["hashbench", mine])
    assert report.skipped()["hamming"]["mine"]["map@all"] == 0
    skipped = int((query_labels.sum(axis=1) == 0).sum())
    assert report.skipped()["hamming"]["hashbench"]["map@all"] == skipped >= 3
    assert means(report, "mine")["map@all"] == pytest.approx(means(report)["map@all"] * (12 - skipped) / 12)


def additive(similarity="squared_l2"):
    generator = np.random.default_rng(1)
    books = generator.standard_normal((3, 16, 5)).astype(np.float32)
    numbers = [generator.integers(0, 16, (n, 3)) for n in (12, 80)]
    embeddings = generator.standard_normal((12, 5))
    whole = [sum(books[m][side[:, m]] for m in range(3)) for side in numbers]
    return books, numbers, embeddings, whole


@pytest.mark.parametrize("similarity", list(Similarity))
def test_quantization_codes(similarity):
    books, numbers, embeddings, whole = additive()
    _, _, *labels = case()
    report = evaluate(
        *numbers, *labels, codebooks=books, query_embeddings=embeddings, similarity=similarity,
        presets=["deephash_pytorch"],
    )  # fmt: skip
    assert list(report.scores) == ["aqd", "sqd"] and report.bits == 12
    relevant = labels[0] @ labels[1].T > 0
    for name, queries in (("aqd", embeddings), ("sqd", whole[0])):
        if similarity is Similarity.INNER_PRODUCT:
            apart = -queries @ whole[1].T
        else:
            apart = ((queries[:, None] - whole[1][None]) ** 2).sum(axis=2)
        order = np.argsort(apart, axis=1, kind="stable")
        expected = [average_precision(hits) for hits in np.take_along_axis(relevant, order, axis=1)]
        found = report.scores[name]["deephash_pytorch"].per_query["map@all"]
        assert found == pytest.approx(np.array(expected))


def test_quantization_codes_by_what_is_there():
    books, numbers, embeddings, _ = additive()
    _, _, *labels = case()
    floats = evaluate(None, numbers[1], *labels, codebooks=books, query_embeddings=embeddings)
    assert list(floats.scores) == ["aqd"]
    codes = evaluate(*numbers, *labels, codebooks=books)
    assert list(codes.scores) == ["sqd"]
    indices = [side.astype(np.uint8) for side in numbers]
    own = [AdditiveCodes(side, books, Similarity.INNER_PRODUCT) for side in indices]
    again = evaluate(*own, *labels, query_embeddings=embeddings, similarity="squared_l2")
    assert means(again, distance="aqd") == means(floats, distance="aqd")
    assert means(again, distance="sqd") == means(codes, distance="sqd")
    assert "unused_codewords" in again.code_statistics


@pytest.mark.parametrize("bits", [1, 12, 48])
def test_statistics_leave_padding_out(bits):
    query, database, *labels = case(bits)
    database[:, -1] = 1  # a constant bit
    found = evaluate(query, database, *labels).code_statistics
    ones = (database > 0).mean(axis=0)
    assert found["bit_imbalance"] == pytest.approx(np.abs(ones - 0.5).mean())
    assert found["distinct_codes"] == len(np.unique(database, axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.nan_to_num(np.abs(np.corrcoef(database.T)).reshape(bits, bits), nan=1.0)
    pairs = correlation[~np.eye(bits, dtype=bool)]
    assert found["bit_correlation"] == pytest.approx(pairs.mean() if len(pairs) else 0.0)
    if bits == 48:
        assert found == statistics(BinaryCodes(np.packbits(database > 0, axis=1)))


def test_curves_by_radius():
    query, database, query_labels, database_labels = case(12)
    report = evaluate(query, database, query_labels, database_labels)
    relevant, apart = query_labels @ database_labels.T > 0, distances(query, database)
    counted = relevant.any(axis=1)
    curves = report.curves(EmptyBall.SKIP)
    for radius in range(13):
        inside = apart[counted] <= radius
        hits = inside & relevant[counted]
        micro, macro = curves["micro"], curves["macro"]
        assert micro.recall[radius] == pytest.approx(hits.sum() / relevant.sum())
        recalls = hits.sum(axis=1) / relevant[counted].sum(axis=1)
        assert macro.recall[radius] == pytest.approx(recalls.mean())
        full = inside.any(axis=1)
        if full.any():
            shares = hits.sum(axis=1)[full] / inside.sum(axis=1)[full]
            assert macro.precision[radius] == pytest.approx(shares.mean())
            assert micro.precision[radius] == pytest.approx(hits.sum() / inside.sum())
    assert curves["micro"].at.tolist() == list(range(13))


def test_the_summary_is_strict_json():
    query, database, query_labels, database_labels = case(32)
    query_labels[:2] = 0
    report = evaluate(query, database, query_labels, database_labels, presets="all")
    summary = report.summary(curves=True)
    told = json.loads(json.dumps(summary, allow_nan=False))
    assert told == summary
    assert set(told) == {
        *("bits", "queries", "items", "relevance", "kernel", "presets", "scores", "skipped"),
        *("code_statistics", "seconds", "curves"),
    }
    assert told["scores"]["hamming"]["hashbench"] == means(report)
    assert told["presets"]["trec"]["ties"] == "id_descending"
    assert told["skipped"]["hamming"]["hashbench"]["map@all"] >= 2
    assert len(told["curves"]["macro"]["recall"]) == 33
    assert None in told["curves"]["micro"]["precision"]  # nothing is at distance 0
    assert "curves" not in report.summary()


def test_nothing_given_is_changed():
    inputs = case()
    books, numbers, embeddings, _ = additive()
    given = [*inputs, books, *numbers, embeddings]
    copies = [array.copy() for array in given]
    for array in given:
        array.flags.writeable = False
    evaluate(*inputs, presets="all").curves()
    evaluate(*numbers, *inputs[2:], codebooks=books, query_embeddings=embeddings, similarity="squared_l2")
    for array, copy in zip(given, copies, strict=True):
        assert np.array_equal(array, copy)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"presets": ["hashbnch"]}, UnknownNameError, "unknown metric preset 'hashbnch'. Did you mean"),
        ({"presets": []}, ConfigError, "metric presets: none is given"),
        ({"presets": ["trec", "trec"]}, ConfigError, "metric presets: 'trec' is given twice"),
        ({"presets": ["all", "trec"]}, ConfigError, "'trec' is given twice"),
        ({"metrics": ["map"]}, ConfigError, "metric 'map'. Expected map with @ and a rank or all"),
        ({"metrics": ["mop@3"]}, ConfigError, "unknown metric 'mop@3'"),
        ({"presets": ["sklearn"], "metrics": ["ndcg@3"]}, ConfigError, "defined for map@all only"),
        ({"relevance": "some"}, ConfigError, "relevance 'some'. Expected shared"),
        ({"layout": "bytes"}, UnknownNameError, "unknown layout 'bytes'"),
        ({"kernel": "fast"}, UnknownNameError, "unknown ranking kernel 'fast'"),
        ({"device": "toaster"}, ConfigError, "device 'toaster' cannot be used here"),
        ({"codebooks": [[[0.0]]], "similarity": "l1"}, UnknownNameError, "unknown similarity 'l1'"),
        ({"query_embeddings": [[0.0]]}, ConfigError, "query embeddings rank quantization codes only"),
        ({"query_codes": None}, ConfigError, "no query codes are given"),
        ({"query_codes": np.ones((0, 16))}, DataError, "query codes have shape (0, 16)"),
        ({"query_codes": np.ones((12, 8))}, DataError, "query codes have 8 bits, database codes 16."),
        ({"database_codes": np.zeros((80, 16)) + 0.5}, DataError, "database codes hold 0.5"),
        ({"query_labels": np.ones((11, 4))}, DataError, "codes of 12 queries and 80 items, labels of 11"),
        ({"database_labels": np.ones((80, 5))}, DataError, "Expected as many labels (columns) in both"),
        ({"query_labels": np.full((12, 4), 2)}, DataError, "query labels hold other values than 0 and 1"),
    ],
)
def test_one_line_that_says_what_is_wrong(change, kind, message):
    names = ("query_codes", "database_codes", "query_labels", "database_labels")
    with pytest.raises(kind) as refused:
        evaluate(**{**dict(zip(names, case(), strict=True)), **change})
    assert message in str(refused.value)


def test_quantization_needs_queries_of_some_kind():
    books, numbers, embeddings, _ = additive()
    _, _, *labels = case()
    with pytest.raises(ConfigError, match="neither query codes nor query embeddings"):
        evaluate(None, numbers[1], *labels, codebooks=books)
    with pytest.raises(DataError, match=r"query embeddings have shape \(5,\)"):
        evaluate(None, numbers[1], *labels, codebooks=books, query_embeddings=embeddings[0])
    with pytest.raises(ConfigError, match="the codes are not binary"):
        evaluate(*numbers, *labels, codebooks=books).curves()


def test_the_package_starts_without_what_it_may_not_need():
    code = (
        "import sys, hashbench; sys.exit('hashbench.evaluation' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert hashbench.evaluate is evaluate
    with pytest.raises(AttributeError, match="has no attribute 'evaluated'"):
        hashbench.evaluated  # noqa: B018


def test_the_example_of_the_page_runs(capsys):
    page = Path(__file__).parent.parent / "docs" / "evaluating-codes.md"
    (example,) = re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL)
    exec(example, {})
    assert "(100,)" in capsys.readouterr().out


def test_the_page_lists_every_known_name_and_layout():
    text = (Path(__file__).parent.parent / "docs" / "evaluating-codes.md").read_text()
    for query, database in (*CODES.pairs, *LABELS.pairs):
        assert f"`{query}`, `{database}`" in text
    for layout in Layout:
        assert f"| `{layout}` |" in text
