"""Protocols: normalising, label words, frequency cut, chosen vocabularies."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashbench.errors import DataError
from hashbench.tags.protocol import (
    PhotoTags,
    PhotoTagsWithoutLabelWords,
    PlainTags,
    TagProtocol,
    TagsWithoutLabelWords,
)
from hashbench.tags.steps import NORMALISE, Step
from hashbench.tags.table import TagTable
from hashbench.tags.text import label_words, normalise, stem, words

LABELS = ("plant_life", "animals")
PROTOCOLS = (PlainTags, TagsWithoutLabelWords, PhotoTags, PhotoTagsWithoutLabelWords)
typed = st.one_of(
    st.sampled_from(
        ["Cat", "cats", "black cat", "blackcat", "Animal", "plant-life", "Plants", "geo:lat=1", "photo"]
    ),
    st.text(max_size=6),
)
lists = st.lists(st.lists(typed, max_size=6), max_size=30)


@given(st.text())
def test_normalising_twice_changes_nothing(typed):
    once = normalise(typed)
    assert normalise(once) == once
    assert once == once.strip() and "  " not in once and "_" not in once


def raw(*tags, times=5):
    return [list(tags)] * times


def by_hand(raw, label_names, strip, least=5):
    """The table image by image, as version 1 of the two plain protocols made it."""
    forbidden = label_words(label_names) if strip else frozenset()
    lists = [
        sorted(
            {
                tag
                for typed in tags
                if (tag := normalise(typed)) and not any(stem(word) in forbidden for word in words(tag))
            }
        )
        for tags in raw
    ]
    counts = Counter(tag for tags in lists for tag in tags)
    return TagTable.from_lists(lists, tuple(sorted(tag for tag, n in counts.items() if n >= least)))


@given(lists)
@pytest.mark.parametrize(("protocol", "strip"), [(PlainTags, False), (TagsWithoutLabelWords, True)])
def test_the_plain_protocols_give_what_version_1_gave(protocol, strip, raw):
    expected = by_hand(raw, LABELS, strip)
    if not expected.vocabulary:
        with pytest.raises(DataError, match="leaves no tag"):
            protocol().table(raw, LABELS)
        return
    table = protocol().table(raw, LABELS)
    assert protocol.VERSION == 1
    assert table.vocabulary == expected.vocabulary
    for part in ("indptr", "indices", "data"):
        assert np.array_equal(getattr(table.incidence, part), getattr(expected.incidence, part))


@given(lists, st.randoms())
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_tables_are_sound_whatever_the_order_of_tags(protocol, raw, random):
    raw = [*raw, *([["tree", "lake"]] * 5)]
    table = protocol().table(raw, LABELS)
    assert list(table.vocabulary) == sorted(set(table.vocabulary))
    assert table.carried().min() >= protocol.MIN_IMAGES and len(table) == len(raw)
    shuffled = [random.sample(tags, len(tags)) for tags in raw]
    again = protocol().table(shuffled, LABELS)
    assert again.vocabulary == table.vocabulary
    assert (again.incidence != table.incidence).nnz == 0
    if "label" in protocol.PLUGIN_NAME:
        assert not label_words(LABELS) & {stem(word) for tag in table.vocabulary for word in words(tag)}


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


def test_photo_tags_are_cleaned_before_they_are_counted():
    images = [
        ["Golden Gate Bridge", "geo:lat=37.8", "Canon EOS 400D"],
        ["goldengatebridge", "geotagged", "2007"],
        ["golden-gate_bridges", "закат"],
        ["GOLDENGATEBRIDGE", "photo"],
        ["Gólden Gate Bridge"],
    ]
    assert PhotoTags().table(images, LABELS).vocabulary == ("golden gate bridge",)


def test_compounds_with_a_label_word_go():
    tags = raw("blackcat", "houseanimals", "wildanimals", "redplants", "planet")
    assert PhotoTagsWithoutLabelWords().table(tags, LABELS).vocabulary == ("black cat", "planet")


def test_a_protocol_tells_its_steps():
    assert PlainTags().steps() == ("letter case and separators", "tags of at least 5 training images")
    assert TagsWithoutLabelWords().steps()[1] == "label words dropped"
    for protocol in PROTOCOLS:
        assert len(set(protocol().steps())) == len(protocol.STEPS) + 1


def test_a_new_protocol_is_a_list_of_steps():
    class Backwards(TagProtocol):
        PLUGIN_NAME = "backwards"
        DESCRIPTION = "words from right to left"
        STEPS = (NORMALISE, Step.always("reversed", lambda tag: tag[::-1]))
        MIN_IMAGES = 1

    assert Backwards().table([["Cat"]], LABELS).vocabulary == ("tac",)


def test_no_tag_left_is_an_error():
    with pytest.raises(DataError, match="'tags-no-label-words' leaves no tag: none of 0 is"):
        TagsWithoutLabelWords().table(raw("animal"), LABELS)
    with pytest.raises(DataError, match="none of 1 is carried by 5 training images or more"):
        PlainTags().table(raw("cat", times=4), LABELS)
    with pytest.raises(DataError, match="none of 0 is"):
        PlainTags().table([], LABELS)


def test_a_vocabulary_keeps_its_words_and_rare_ones_too():
    images = [["Red Rose", "sky"], ["sky"], *raw("sea")]
    table = PlainTags().table(images, LABELS, ["RED_rose", "sky", "moon", "!"])
    assert table.vocabulary == ("red rose", "sky")
    assert table.carried().tolist() == [1, 2]


def test_the_words_of_a_vocabulary_go_through_the_steps():
    images = [["blackcats", "animal", "nikon"]]
    chosen = frozenset({"Black Cats", "animals", "nikon"})
    assert PhotoTags().table(images, LABELS, chosen).vocabulary == ("animal", "black cat")
    assert PhotoTagsWithoutLabelWords().table(images, LABELS, chosen).vocabulary == ("black cat",)


def test_a_vocabulary_that_nobody_typed_is_an_error():
    with pytest.raises(DataError, match="no training image carries a word of the vocabulary"):
        PlainTags().table(raw("cat"), LABELS, ["dog"])


def test_words_outside_the_vocabulary_are_left_out():
    table = TagTable.from_lists([["a", "x"], [], ["b"]], ("a", "b"))
    assert table.incidence.toarray().tolist() == [[True, False], [False, False], [False, True]]


def test_rare_tags_are_cut_from_a_table():
    table = TagTable.from_lists([["a", "b"], ["a"], []], ("a", "b"))
    assert table.carried_by(1) is table
    assert table.carried_by(2).vocabulary == ("a",)
    assert table.carried_by(2).incidence.toarray().tolist() == [[True], [True], [False]]
    assert table.carried_by(3).vocabulary == ()
