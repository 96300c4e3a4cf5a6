"""Metrics by name: what can be said, and what is answered to what cannot."""

import pytest

from hashbench.errors import ConfigError
from hashbench.metrics.named import NamedMetric


@pytest.mark.parametrize(
    ("name", "kind", "k"),
    [
        ("map@5000", "map", 5000),
        ("map@all", "map", None),
        ("precision@1", "precision", 1),
        ("recall@10", "recall", 10),
        ("hit_rate@5", "hit_rate", 5),
        ("r_precision", "r_precision", None),
        ("ndcg@all", "ndcg", None),
        ("acg@100", "acg", 100),
        ("wap@all", "wap", None),
        ("precision_within@0", "precision_within", 0),
        ("recall_within@2", "recall_within", 2),
    ],
)
def test_good_names_are_parsed_and_written_again(name, kind, k):
    metric = NamedMetric.parse(name)
    assert metric == NamedMetric(kind, k)
    assert str(metric) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mAP@5000", "unknown metric 'mAP@5000'. Known: acg, hit_rate, map, "),
        ("", "unknown metric ''. Known: "),
        ("map", "metric 'map'. Expected map with @ and a rank or all."),
        ("map@-1", "metric 'map@-1'. Expected map with @ and a rank or all."),
        ("map@0", "metric 'map@0'. Expected map with @ and a rank or all."),
        ("map@10 ", "metric 'map@10 '. Expected map with @ and a rank or all."),
        ("precision@all", "metric 'precision@all'. Expected precision with @ and a rank."),
        ("hit_rate@1.5", "metric 'hit_rate@1.5'. Expected hit_rate with @ and a rank."),
        ("r_precision@5", "metric 'r_precision@5'. Expected r_precision with nothing after it."),
        ("recall_within@", "metric 'recall_within@'. Expected recall_within with @ and a radius."),
    ],
)
def test_bad_names_are_answered_in_one_line(name, expected):
    with pytest.raises(ConfigError) as stop:
        NamedMetric.parse(name)
    assert str(stop.value).startswith(expected) and "\n" not in str(stop.value)


def test_only_what_asks_for_degrees_is_graded():
    graded = [name for name in ("map@all", "ndcg@5", "acg@5", "wap@5") if NamedMetric.parse(name).graded]
    assert graded == ["ndcg@5", "acg@5", "wap@5"]
