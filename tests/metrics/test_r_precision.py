"""R-precision against brute force over orders, trec_eval and torchmetrics."""

from hypothesis import given
from torchmetrics.functional.retrieval import retrieval_r_precision

from hashbench.metrics.r_precision import r_precision

from .oracles import close, for_torchmetrics, literal_r_precision, ranked, rankings, trec_eval, untied


@given(ranking=rankings())
def test_expected_ties_equal_the_mean_over_all_orders(ranking):
    assert r_precision(ranking.blocks(), ranking.k) == close([ranking.expected(literal_r_precision)])


def test_equals_trec_eval():
    distances, relevant = untied()
    assert r_precision(ranked(distances, relevant)) == close(
        trec_eval(distances, relevant, "Rprec")["Rprec"]
    )


def test_equals_torchmetrics():
    distances, relevant = untied()
    pairs = for_torchmetrics(distances, relevant)
    expected = [float(retrieval_r_precision(score, wanted)) for score, wanted in pairs]
    assert r_precision(ranked(distances, relevant)) == close(expected, 1e-6)


def test_each_query_stops_at_its_own_number_of_relevant_items():
    blocks = ranked([[1, 2, 3], [1, 2, 3]], [[0, 1, 0], [0, 1, 1]])
    assert r_precision(blocks).tolist() == [0.0, 0.5]
