"""The correlation graph and the merging of near-synonyms against loops."""

import numpy as np
import pytest

from hashbench.tags.graph import enhance
from hashbench.tags.merging import merge
from hashbench.tags.table import TagTable


@pytest.mark.parametrize("threshold", [0.2, 0.6, 1.0])
def test_enhancing_equals_the_loop(threshold, monkeypatch):
    vectors = np.random.default_rng(0).standard_normal((30, 5)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    expected = [
        np.mean([vectors[j] for j in range(30) if j == i or unit[i] @ unit[j] >= threshold], axis=0)
        for i in range(30)
    ]
    assert enhance(vectors, threshold) == pytest.approx(np.array(expected), abs=1e-6)
    monkeypatch.setattr("hashbench.tags.graph._ROWS", 7)
    assert enhance(vectors, threshold) == pytest.approx(np.array(expected), abs=1e-6)


@pytest.fixture
def near_synonyms():
    vectors = np.array([[1, 0, 0], [0.99, 0.1, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
    lists = [["car"], ["automobile"], ["car", "tree"], ["sky"], []]
    return TagTable.from_lists(lists, ("car", "automobile", "tree", "sky")), vectors


def test_an_image_carries_a_merged_tag_if_it_carries_a_member(near_synonyms):
    table, vectors = merge(*near_synonyms, radius=0.05)
    assert table.vocabulary == ("car+automobile", "tree", "sky")
    assert vectors[0] == pytest.approx([0.995, 0.05, 0])
    assert table.incidence.toarray().astype(int).tolist() == [
        [1, 0, 0],
        [1, 0, 0],
        [1, 1, 0],
        [0, 0, 1],
        [0, 0, 0],
    ]


def test_radius_zero_merges_nothing_that_differs(near_synonyms):
    table, vectors = merge(*near_synonyms, radius=0)
    assert table.vocabulary == near_synonyms[0].vocabulary
    assert vectors == pytest.approx(near_synonyms[1])


def test_noise_is_dropped(near_synonyms):
    table, _ = merge(*near_synonyms, radius=0.05, min_tags=2)
    assert table.vocabulary == ("car+automobile",)
