"""Held-out tags: nothing of the answer is left among the tags, and the choice is nobody's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashbench.errors import DataError
from hashbench.tags import held_out
from hashbench.tags.held_out import MIN_IMAGES, MOST_SHARE, PART, hold_out
from hashbench.tags.protocol import PhotoTags, PlainTags, TagsWithoutLabelWords
from hashbench.tags.text import label_words, normalise, stem, words

# Spellings of one word and words that hold others, as people type them.
TAGS = (
    *(
        "Sunset",
        "sunsets",
        "red sunset",
        "redsunset",
        "sea",
        "Seas",
        "red",
        "café",
        "Cafe",
        "wolf",
        "wolves",
    ),
    *("child", "Children", "golden gate", "goldengatebridge", "gate", "dog", "dogs", "cat", "lawn", "pier"),
    *("2019", "Canon EOS", "geo:lat=52.5", "photo", "boat", "rose", "tree", "sky", "harbour", "church"),
)
SINGLE = ("beach", "boat", "cat", "dog", "lawn", "rose", "sky", "sofa", "tree")


def drawn(seed, images=120, tags=TAGS):
    """Lists of tags, some of which many images carry and some few."""
    generator = np.random.default_rng(seed)
    shares = generator.uniform(0.02, 0.3, len(tags))
    carried = generator.random((images, len(tags))) < shares
    return [tuple(tags[t] for t in np.flatnonzero(row)) for row in carried]


lists = st.integers(0, 10_000).map(drawn)


def held(typed):
    """What is held out; examples with too few tags for that are no examples."""
    try:
        return hold_out(typed)
    except DataError:
        return None


@given(lists)
def test_no_visible_tag_shares_a_word_with_a_held_out_one(typed):
    found = held(typed)
    if found:
        forbidden = label_words(found.names)
        for tags in found.tags:
            assert not forbidden & {stem(word) for tag in tags for word in words(normalise(tag))}


@given(lists)
def test_protocols_find_no_held_out_tag_either(typed):
    """Steps of a protocol split words, fold accents and irregular plurals: that may not bring one back."""
    found = held(typed)
    if found:
        for protocol in (PlainTags(), PhotoTags()):
            vocabulary = protocol.table(found.tags, found.names).vocabulary
            assert not label_words(found.names) & label_words(vocabulary)


@given(lists)
def test_stripping_label_words_changes_nothing_more(typed):
    found = held(typed)
    if found:
        plain = PlainTags().table(found.tags, found.names)
        assert TagsWithoutLabelWords().table(found.tags, found.names).vocabulary == plain.vocabulary


@given(lists, st.randoms())
def test_the_order_of_the_images_does_not_matter(typed, random):
    order = list(range(len(typed)))
    random.shuffle(order)
    first, second = held(typed), held([typed[i] for i in order])
    assert (first is None) == (second is None)
    if first and second:
        assert first.names == second.names
        assert [first.tags[i] for i in order] == list(second.tags)
        assert np.array_equal(first.labels[order], second.labels)


@given(lists)
def test_every_tag_is_visible_or_withheld_whole_and_labels_follow_a_naive_count(typed):
    found = held(typed)
    if not found:
        return
    visible = {tag for tags in found.tags for tag in tags}
    for tags, left, row in zip(typed, found.tags, found.labels, strict=True):
        assert left == tuple(tag for tag in tags if tag in visible)
        says = [label_words([plain(tag)]) for tag in tags]
        assert row.tolist() == [any(set(words(name)) <= one for one in says) for name in found.names]
    counts = found.labels.sum(axis=0)
    assert (counts >= MIN_IMAGES).all() and (counts <= len(typed) // MOST_SHARE).all()


def plain(tag):
    """The spellings in `TAGS`, by hand."""
    return {"café": "cafe", "wolves": "wolf", "Children": "child"}.get(tag, tag)


@given(st.integers(0, 1000))
def test_images_that_are_added_push_out_one_tag_for_each_that_comes_in(seed):
    few = [(tag,) for tag in SINGLE for _ in range(10)]
    added = [(f"word{seed}",)] * 10
    before, after = set(hold_out(few).names), set(hold_out(few + added).names)
    assert len(before - after) <= 1
    assert len(before) == len(SINGLE) // PART


def test_spellings_count_as_one_and_longer_tags_say_the_shorter():
    typed = [("Sunsets", "pier"), ("red sunset", "lawn"), ("redsunset", "dog"), ("cat", "sofa")] * 10
    found = hold_out(typed + [()] * 40)
    assert "sunset" in found.names
    column = found.labels[:4, found.names.index("sunset")]
    assert column.tolist() == [True, True, False, False]
    assert not any("sunset" in tag.casefold() for tags in found.tags for tag in tags)


def test_years_cameras_filler_and_machine_tags_are_no_answers():
    typed = [("2019", "Canon EOS", "photo", "geo:lat=52.5", "D90")] * 10 + [()] * 40
    with pytest.raises(
        DataError, match=r"^0 tags are carried by 10 to 12 of 50 images. Expected 6 or more"
    ):
        hold_out(typed)


@pytest.mark.parametrize("images", [0, 1, 5, 39])
def test_few_images_give_a_clear_error(images):
    with pytest.raises(DataError, match=f"of {images} images. Expected 6 or more"):
        hold_out([SINGLE] * images)


def test_something_must_be_left_to_learn_from():
    pairs = ["red dog", "red cat", "dog cat", "red rose", "dog rose", "cat rose"]
    typed = [(pair,) for pair in pairs for _ in range(10)]
    with pytest.raises(DataError, match="no tag is left to learn from beside 2 held-out ones"):
        hold_out(typed)


def test_what_is_spelt_within_one_word_tells_too():
    """Of the third with the smallest hashes, sunset and golden gate written together are held out."""
    pairs = [("sunset", "pier"), ("goldengatebridge", "lawn"), ("cat", "sofa"), ("golden gate", "rose")]
    found = hold_out([*(pairs * 10), *([("sun", "setting")] * 5), *([()] * 60)])
    assert set(found.names) <= {"sunset", "goldengatebridge", "cat", "golden gate"}
    left = {tag for tags in found.tags for tag in tags}
    assert not left & {"sun", "golden gate", "goldengatebridge"} and {"setting", "sofa"} <= left


def test_the_number_of_held_out_tags_is_bounded(monkeypatch):
    monkeypatch.setattr(held_out, "MAX_HELD_OUT", 2)
    names = hold_out([(tag,) for tag in SINGLE for _ in range(10)]).names
    monkeypatch.undo()
    assert len(names) == 2 and set(names) < set(
        hold_out([(tag,) for tag in SINGLE for _ in range(10)]).names
    )


def test_plurals_within_words_tell_nothing(monkeypatch):
    """Of any leaf nothing is left where leaves are held out, and of any woman where young women are."""
    kinds = ("leaf", "autumnleaves", "youngwomen", "women", "womenportrait", "pier", "boat", "lawn")
    typed = [(kinds[image % 8],) for image in range(96)] + [("leaves",)] * 4
    monkeypatch.setattr(
        held_out,
        "_place",
        lambda key: ("leaf", "youngwomen").index(key) if key in ("leaf", "youngwomen") else 2,
    )
    monkeypatch.setattr(held_out, "PART", 4)
    found = hold_out(typed)
    assert found.names == ("leaf", "youngwomen")
    assert {tag for tags in found.tags for tag in tags} == {"pier", "boat", "lawn"}


def test_filler_is_no_answer():
    filler = ("foo:bar=baz", "nikon lens", "mywinners", "photos", "2007")
    typed = [
        (("dog", "cat", "sofa", "rose", "tree", "lawn")[image % 6], filler[image % 5])
        for image in range(90)
    ]
    assert not {"foo bar baz", "nikon len", "mywinner", "photo", "2007"} & set(hold_out(typed).names)
