"""Normalising, label words and frequency cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashbench.errors import DataError
from hashbench.tags.protocol import PlainTags, TagsWithoutLabelWords
from hashbench.tags.table import TagTable
from hashbench.tags.text import normalise

LABELS = ("plant_life", "animals")


@given(st.text())
def test_normalising_twice_changes_nothing(typed):
    once = normalise(typed)
    assert normalise(once) == once
    assert once == once.strip() and "  " not in once and "_" not in once


def raw(*tags, times=5):
    return [list(tags)] * times


def test_spellings_count_together_and_rare_tags_go():
    table = PlainTags().table([*raw("Red Rose", "rose"), *raw("red_rose", times=1), ["once"]], LABELS)
    assert table.vocabulary == ("red rose", "rose")
    assert table.incidence.sum(axis=0).tolist() == [6, 5]


def test_a_tag_typed_twice_counts_once():
    table = PlainTags().table(raw("cat", "Cat", "CAT"), LABELS)
    assert table.incidence.sum() == 5


def test_label_words_go_in_singular_and_plural_and_inside_phrases():
    tags = ("animal", "Animals", "plant", "wild animal", "life", "cat", "planet")
    table = TagsWithoutLabelWords().table(raw(*tags), LABELS)
    assert table.vocabulary == ("cat", "planet")
    assert len(PlainTags().table(raw(*tags), LABELS).vocabulary) == len(tags)


def test_no_tag_left_is_an_error():
    with pytest.raises(DataError, match="'tags-no-label-words' leaves no tag"):
        TagsWithoutLabelWords().table(raw("animal"), LABELS)


def test_words_outside_the_vocabulary_are_left_out():
    table = TagTable.from_lists([["a", "x"], [], ["b"]], ("a", "b"))
    assert table.incidence.toarray().tolist() == [[True, False], [False, False], [False, True]]
