"""Each step of the tag protocols, on tags as people type them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashbench.tags.compounds import ranks
from hashbench.tags.embeddings import bundled_words
from hashbench.tags.protocol import PhotoTagsWithoutLabelWords
from hashbench.tags.steps import (
    CAMERA_WORDS,
    COMPOUNDS,
    LABEL_COMPOUNDS,
    LABEL_WORDS,
    LATIN,
    MACHINE_TAGS,
    STOP_TAGS,
    fold_plurals,
    only_latin,
    split_compounds,
    without_camera_words,
    without_diacritics,
    without_label_compounds,
    without_machine_tag,
    without_stop_words,
)
from hashbench.tags.stop_words import CAMERA_BRANDS, CAMERA_EXTRAS, CAMERA_SERIES, STOP_WORDS
from hashbench.tags.text import label_words, normalise, stem, words

LABELS = ("sky", "sunset", "plant_life", "Café", "leaves", "people", "car_r1")
tags = st.one_of(
    st.text(max_size=20),
    st.lists(st.sampled_from(bundled_words(3000)), min_size=1, max_size=4).map("".join),
    st.lists(st.sampled_from(["sky", "Skies", "blue", "cars", "old", "leaf", "of", "d90"])).map(" ".join),
    st.lists(st.sampled_from(["sky", "skies", "blue", "plant", "life", "old"]), min_size=1).map("".join),
)


@pytest.mark.parametrize(
    "tag", ["geo:lat=52.5", " Upcoming:event=1 ", "a1:b_c=", "dc:title=a b\nc", "geolon130", "Geotagged"]
)
def test_what_a_program_typed_goes(tag):
    assert without_machine_tag(tag) == ""


@pytest.mark.parametrize(
    "tag", ["geometry", "10:30", "a=b", "ratio 3:2=1.5", "геo:lat=1", "wall:e", "upcoming"]
)
def test_what_only_looks_like_a_machine_tag_stays(tag):
    assert without_machine_tag(tag) == tag


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Café", "cafe"),
        ("Cafe\u0301", "cafe"),
        ("ｃａｆé", "cafe"),
        ("SMÖRGÅSBORD", "smorgasbord"),
        ("Straße", "strasse"),
        ("STRAẞE", "strasse"),
        ("København", "kobenhavn"),
        ("Łódź", "lodz"),
        ("İstanbul ışık", "istanbul isik"),
        ("Œuvre", "oeuvre"),
        ("Þingvellir", "thingvellir"),
        ("Hawaiʻi", "hawaii"),
        ("Việt Nam", "viet nam"),
    ],
)
def test_latin_letters_lose_their_marks(typed, folded):
    assert normalise(without_diacritics(typed)) == folded
    assert only_latin(folded) == folded


@pytest.mark.parametrize(
    "typed", ["йод", "ёлка", "Ελλάδα", "がく", "ドイツ", "한국어", "हिन्दी", "שָׁלוֹם", "ไทย"]
)
def test_other_scripts_keep_their_marks(typed):
    assert without_diacritics(typed) == unicodedata.normalize("NFKC", typed)
    assert only_latin(normalise(typed)) == ""


@given(st.text())
def test_folding_twice_changes_nothing(typed):
    once = without_diacritics(typed)
    assert without_diacritics(once) == once


@given(st.text(st.characters(codec="ascii")))
def test_ascii_has_no_marks(typed):
    assert without_diacritics(typed) == typed


CAMERAS = """
    Nikon D90, nikond90, Canon EOS 5D Mark II, canoneos400d, Canon Digital Rebel XTi, digitalrebelxt, e510,
    EF 50mm f/1.8, f/1.8, f18, ISO 400, iso400, 10-20mm, Sigma 10-20mm, 50mm
"""


@pytest.mark.parametrize("typed", [camera.strip() for camera in CAMERAS.split(",")])
def test_cameras_go(typed):
    assert without_camera_words(normalise(typed)) == ""


@pytest.mark.parametrize(
    "tag",
    [
        "grand canyon",
        "canonball",
        "3d",
        "d day",
        "f16",
        "f1",
        "k9",
        "k2",
        "macro lens",
        "mark",
        "rebel",
        "2007",
    ],
)
def test_what_is_in_the_picture_is_no_camera(tag):
    assert without_camera_words(tag) == tag


@pytest.mark.parametrize(
    "tag", ["my photos", "2007", "25 12 2006", "x", "the", "abigfave", "a big fave", "٢٠٠٧"]
)
def test_filler_goes(tag):
    assert without_stop_words(tag) == ""


@pytest.mark.parametrize(
    "tag", ["photo booth", "route 66", "may", "december", "winter 2007", "x ray", "self portrait"]
)
def test_a_word_that_says_something_keeps_its_tag(tag):
    assert without_stop_words(tag) == tag


def test_lists_of_words_are_normalised():
    for listed in STOP_WORDS | CAMERA_BRANDS | CAMERA_SERIES | CAMERA_EXTRAS:
        assert normalise(without_diacritics(listed)) == listed and " " not in listed


@pytest.mark.parametrize(
    ("tag", "folded"),
    [
        ("movies", "movie"),
        ("wild berries", "wild berry"),
        ("beaches", "beach"),
        ("children", "child"),
        ("oak leaves", "oak leaf"),
        ("series", "series"),
        ("christmas", "christmas"),
        ("texas", "texas"),
        ("athens", "athens"),
        ("news", "news"),
        ("species", "species"),
        ("1980s", "1980s"),
        ("xqzvws", "xqzvws"),
        ("", ""),
    ],
)
def test_plurals_become_singulars_where_there_is_one(tag, folded):
    assert fold_plurals(tag) == folded


@pytest.mark.parametrize(
    "tag",
    [
        "sky",
        "Skies",
        "blacksky",
        "bluesky",
        "Black Sky",
        "plantlife",
        "cafés",
        "leaf",
        "leave",
        "oldcars",
        "red sun set",
    ],
)
def test_a_label_word_goes_however_it_is_spelled(tag):
    assert PhotoTagsWithoutLabelWords().change(LABELS)(tag) == ""


@pytest.mark.parametrize("tag", ["skyscraper", "carpet", "carousel", "houseplant", "lifeguard", "cat"])
def test_a_word_of_its_own_stays_though_it_holds_a_label(tag):
    assert PhotoTagsWithoutLabelWords().change(LABELS)(tag) == tag


def test_labels_without_a_letter_forbid_nothing():
    assert without_label_compounds(["", "!!"])("bluesky") == "bluesky"


@given(tags)
def test_no_label_word_is_left(typed):
    left = PhotoTagsWithoutLabelWords().change(LABELS)(typed)
    forbidden = label_words([*LABELS, "cafe"])
    assert not forbidden & {stem(word) for word in words(left)}
    unknown = [word for word in words(left) if word not in ranks()]
    assert not any(word.startswith(("sky", "plant")) or word.endswith(("sky", "plant")) for word in unknown)


@given(tags)
@pytest.mark.parametrize(
    "step",
    [MACHINE_TAGS, LATIN, CAMERA_WORDS, STOP_TAGS, LABEL_WORDS, LABEL_COMPOUNDS],
    ids=lambda step: step.name,
)
def test_a_step_that_drops_invents_nothing(step, typed):
    tag = typed if step is MACHINE_TAGS else normalise(typed)
    assert step.given(LABELS)(tag) in {tag, ""}


@given(tags)
def test_splitting_only_puts_spaces_in(typed):
    tag = normalise(typed)
    assert COMPOUNDS.given(LABELS)(tag).replace(" ", "") == tag.replace(" ", "")
    assert split_compounds(split_compounds(tag)) == split_compounds(tag)


@given(tags)
def test_only_the_last_word_loses_its_plural(typed):
    tag = normalise(typed)
    assert words(fold_plurals(tag))[:-1] == words(tag)[:-1]
    assert len(words(fold_plurals(tag))) == len(words(tag))
