"""What is kept of an evaluation besides its means: columns, what queries find, and how learning went."""

import json
from pathlib import Path

import numpy as np
import pytest

from hashbench.codes.binary import BinaryCodes
from hashbench.codes.storage import load_codes
from hashbench.metrics.presets import CURVE, PRESETS, SUITE
from hashbench.progress import SilentProgress
from hashbench.ranking.distances import hamming
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.relevance import Relevance
from hashbench.ranking.search import nearest
from hashbench.runs.evaluate import Answers, first_found, score_by
from hashbench.runs.folder import column, per_query, read_json

LABELS = np.eye(2, dtype=bool)


def answers(queries, items):
    relevance = Relevance.of(LABELS[queries], LABELS[items])
    return Answers(relevance, [f"q{n}" for n in range(len(queries))], [f"i{n}" for n in range(len(items))])


def codes(*rows):
    return BinaryCodes(np.array([[row] for row in rows], dtype=np.uint8))


def test_what_queries_find_first_is_listed_with_what_is_relevant():
    distances = hamming(codes(0b0000, 0b1111), codes(0b0001, 0b0111, 0b1111, 0b0000))
    found = nearest(distances, 100, NumpyKernel())
    assert first_found("hamming", found, answers([0, 1], [0, 1, 1, 1])) == {
        "distance": "hamming",
        "queries": [
            {"query": "q0", "found": ["i3", "i0", "i1", "i2"], "relevant": [False, True, False, False]},
            {"query": "q1", "found": ["i2", "i1", "i0", "i3"], "relevant": [True, True, False, True]},
        ],
    }


@pytest.mark.parametrize(("queries", "shown"), [(1, ["q0"]), (7, ["q0", "q1", "q2", "q4", "q5", "q6"])])
def test_queries_are_spread_over_the_list(queries, shown):
    found = np.zeros((queries, 1), dtype=np.int64)
    listed = first_found("hamming", found, answers([0] * queries, [0]))["queries"]
    assert [one["query"] for one in listed] == shown


def test_no_more_than_ten_items_are_listed():
    distances = hamming(codes(0), codes(*[0] * 30))
    found = nearest(distances, 100, NumpyKernel())
    (one,) = first_found("hamming", found, answers([0], [0] * 30))["queries"]
    assert one["found"] == [f"i{n}" for n in range(10)]


def test_every_mean_of_the_suite_and_every_map_has_its_column():
    rng = np.random.default_rng(0)
    distances = hamming(codes(*rng.integers(0, 256, 9)), codes(*rng.integers(0, 256, 50)))
    relevance = answers(rng.integers(0, 2, 9), rng.integers(0, 2, 50)).relevance
    scored = score_by(distances, relevance, NumpyKernel(), SilentProgress())
    assert set(scored.means) == {*PRESETS, CURVE.name}
    wanted = {column("hamming", metric) for metric in scored.means[SUITE.name]}
    for name, preset in PRESETS.items():
        wanted |= {column("hamming", metric, name) for metric in preset.metrics if metric[:4] == "map@"}
    assert set(scored.per_query) == wanted
    for name in ("map@all", "ndcg@100"):
        values = scored.per_query[f"hamming.{name}"]
        assert values.shape == (9,)
        assert scored.means[SUITE.name][name] == np.nanmean(values)


def test_a_run_keeps_what_its_codes_find(run):
    (record,) = run("--method", "lsh", "--bits", "16")
    folder = Path(record["run_dir"])
    query, database, _ = load_codes(folder / "codes.npz")
    shown = read_json(folder, "retrieval.json")
    ids = list(per_query(folder, ["query"])["query"])
    assert (shown["distance"], len(shown["queries"])) == ("hamming", 6)
    for one in shown["queries"]:
        place = ids.index(one["query"])
        away = np.bitwise_count(database.packed ^ query.packed[place]).sum(axis=1)
        wanted = [f"shape{24 + item:03d}" for item in np.argsort(away, kind="stable")[:10]]
        assert one["found"] == wanted
        kind = int(one["query"][-3:]) % 3
        assert one["relevant"] == [int(item[-3:]) % 3 == kind for item in wanted]


def test_a_run_keeps_its_learning_curve(run):
    (record,) = run("--method", "wsdhq", "--bits", "16", "--set", "iterations=30")
    points = json.loads((Path(record["run_dir"]) / "history.json").read_text())
    assert points and all(isinstance(point["phase"], str) for point in points)
    for phase in {point["phase"] for point in points}:
        steps = [point["iteration"] for point in points if point["phase"] == phase]
        assert steps == sorted(steps)
