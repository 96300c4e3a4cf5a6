"""Steps of tag protocols: each takes a tag and gives it back, changed, or "" where the tag goes.

A step may know the tag and the label names, and nothing else: not which image carries the tag, no
label of an image, and no query. What it does to a tag is therefore the same for every image, and is worked
out once for each distinct tag.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hashbench.tags.compounds import ranks, split_compound
from hashbench.tags.stop_words import CAMERA_BRANDS, CAMERA_EXTRAS, CAMERA_SERIES, STOP_WORDS
from hashbench.tags.text import label_words, normalise, singular, stem, words

Change = Callable[[str], str]
# Shorter label words begin or end too many words that mean something else.
_SHORTEST_WITHIN = 3


@dataclass(frozen=True)
class Step:
    """One step of a protocol.

    Attributes:
        name: What it does, in a few words.
        given: From the label names to what it does to a tag.
    """

    name: str
    given: Callable[[Sequence[str]], Change]

    @classmethod
    def always(cls, name: str, change: Change) -> Step:
        """A step that does the same whatever the labels are."""
        return cls(name, lambda label_names: change)


# As programs type them, and as Flickr shows them in its simple form: "geo:lat=52.5" becomes "geolat525".
_MACHINE = re.compile(r"[a-z]\w*:\w+=.*", re.ASCII | re.IGNORECASE | re.DOTALL)
_SHOWN = re.compile(
    r"geo(tag|tagged|tagging|coded|(lat|lon|long|alt)(itude)?\d*)|(upcoming|lastfm)event\d+|osm(way|node)\d+"
    r"|(uploadedby|flickriosappfilter|foursquarevenue|cameramake|cameramodel)\w+"
    r"|taxonomy(kingdom|phylum|class|order|family|genus|species|binomial|trinomial|common)\w+"
)


def without_machine_tag(typed: str) -> str:
    """Drop what a program typed: `namespace:predicate=value`, also without its signs.

    It has to come first, while the signs are there.

    >>> [without_machine_tag(tag) for tag in ("geo:lat=52.5", "geolat525", "geotagged", "geology")]
    ['', '', '', 'geology']
    """
    shown = normalise(typed).replace(" ", "")
    return "" if _MACHINE.fullmatch(typed.strip()) or _SHOWN.fullmatch(shown) else typed


# Latin letters that are no letter with a mark, and two apostrophes that count as letters.
_LETTERS = str.maketrans(
    {"ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ł": "l", "Ł": "L", "ħ": "h", "Ħ": "H"}
    | {"ı": "i", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th", "ʻ": "", "ʼ": ""}
)


def without_diacritics(tag: str) -> str:
    """Take the marks off Latin letters, as people do who type fast; other scripts keep theirs.

    In Cyrillic or Japanese the marks make other letters: й is no и.

    >>> [without_diacritics(tag) for tag in ("Café", "Ærø", "Łódź", "ß", "йод", "がく")]
    ['Cafe', 'AEro', 'Lodz', 'ß', 'йод', 'がく']
    """
    if tag.isascii():
        return tag
    kept, after_latin = [], False
    for sign in unicodedata.normalize("NFKD", tag):
        if not unicodedata.combining(sign):
            after_latin = _is_latin(sign)
        elif after_latin:
            continue
        kept.append(sign)
    return unicodedata.normalize("NFC", "".join(kept)).translate(_LETTERS)


def only_latin(tag: str) -> str:
    """Drop a tag with a letter of another script: what there is to tell languages by, in single words.

    >>> [only_latin(tag) for tag in ("sunset 2", "закат", "tokyo 東京")]
    ['sunset 2', '', '']
    """
    latin = tag.isascii() or all(_is_latin(sign) for sign in tag if sign.isalpha())
    return tag if latin else ""


def _is_latin(sign: str) -> bool:
    return unicodedata.name(sign, "").startswith("LATIN ")


# Of f-numbers those that are no racing car and no aircraft (f1, f16, f22, f35).
_CAMERA_MODEL = (
    r"d\d{1,4}[a-z]?|k\d{2,3}d|([15-7]|\d{2,4})d|e\d{3}|fz\d+|sd\d+"  # d90, k10d, 400d, e510, fz50, sd700
    r"|iso\d*|\d{1,4}mm|f(12|14|17|18|28|40|45|56|63|71)"  # iso400, 50mm, f18
)
_CAMERA = re.compile(
    rf"({'|'.join(sorted(CAMERA_BRANDS))})?({'|'.join(sorted(CAMERA_SERIES))}|digital|rebel|xt){{0,3}}"
    rf"({_CAMERA_MODEL})?(camera|lens|marki*)?"
)


def without_camera_words(tag: str) -> str:
    """Drop a tag that says nothing but a camera, a lens or how it was set.

    Every word must be a brand, a series, a model or a setting, or a number or a word such as "lens" beside
    one of them.

    >>> [without_camera_words(tag) for tag in ("nikon d90", "canoneos400d", "50mm", "f 1 8", "iso 400")]
    ['', '', '', '', '']
    >>> [without_camera_words(tag) for tag in ("grand canyon", "3d", "lens")]
    ['grand canyon', '3d', 'lens']
    """
    parts = words(tag)
    if parts[:1] == ["f"] and "".join(parts[1:]).isdecimal():
        parts = ["".join(parts)]
    own = [part for part in parts if part not in CAMERA_EXTRAS and not part.isdecimal()]
    return "" if own and all(map(_CAMERA.fullmatch, own)) else tag


def split_compounds(tag: str) -> str:
    """Split each word that is several; see `compounds.split_compound`.

    >>> split_compounds("goldengatebridge")
    'golden gate bridge'
    """
    return " ".join(split_compound(word) for word in words(tag))


def without_stop_words(tag: str) -> str:
    """Drop a tag of nothing but stop words, numbers and single letters, or a stop word in pieces.

    >>> [without_stop_words(tag) for tag in ("my photos", "2007", "a big fave", "the sea")]
    ['', '', '', 'the sea']
    """
    parts = words(tag)
    empty = all(part in STOP_WORDS or part.isnumeric() or len(part) == 1 for part in parts)
    return "" if empty or "".join(parts) in STOP_WORDS else tag


def fold_plurals(tag: str) -> str:
    """Put the last word of a tag into the singular; see `singular_of`.

    >>> [fold_plurals(tag) for tag in ("wild animals", "leaves", "lens", "united states")]
    ['wild animal', 'leaf', 'lens', 'united states']
    """
    parts = words(tag)
    return " ".join([*parts[:-1], *map(singular_of, parts[-1:])])


def singular_of(word: str) -> str:
    """The singular by the English rules, where the word list has it and it is about as common."""
    return singular(word, ranks())


def without_label_words(label_names: Sequence[str]) -> Change:
    """Drop a tag that shares a word with a label's name, in singular or plural."""
    forbidden = label_words(label_names)
    return lambda tag: "" if any(stem(word) in forbidden for word in words(tag)) else tag


def without_label_compounds(label_names: Sequence[str]) -> Change:
    """Drop a tag with a word of a label's name, also in two pieces ("sun set") or within an unknown word.

    "seagull" is a word of its own and stays where the label is "sea"; "bluesky", which is in no list of
    words, goes where it is "sky". It has to come after compounds were split and plurals folded.
    """
    plain = [normalise(without_diacritics(name)) for name in label_names]
    named = {word for name in plain for word in (*words(name), *words(split_compounds(name)))}
    forbidden = label_words(label_names) | {form for word in named for form in _forms(word)}
    ends = tuple(sorted(word for word in forbidden if len(word) >= _SHORTEST_WITHIN))

    def is_label(word: str) -> bool:
        return not forbidden.isdisjoint(_forms(word))

    def holds_label(word: str) -> bool:
        return word not in ranks() and any(
            form.startswith(ends) or form.endswith(ends) for form in _forms(word)
        )

    def change(tag: str) -> str:
        parts = words(tag)
        pairs = [first + second for first, second in pairwise(parts)]
        return "" if any(map(is_label, [*parts, *pairs])) or any(map(holds_label, parts)) else tag

    return change


def _forms(word: str) -> tuple[str, str]:
    """What a word is compared by."""
    return stem(word), stem(singular_of(word))


NORMALISE = Step.always("letter case and separators", normalise)
MACHINE_TAGS = Step.always("machine tags dropped", without_machine_tag)
DIACRITICS = Step.always("diacritics folded", without_diacritics)
LATIN = Step.always("Latin script only", only_latin)
CAMERA_WORDS = Step.always("camera words dropped", without_camera_words)
COMPOUNDS = Step.always("compounds split", split_compounds)
STOP_TAGS = Step.always("stop tags dropped", without_stop_words)
PLURALS = Step.always("plurals folded", fold_plurals)
LABEL_WORDS = Step("label words dropped", without_label_words)
LABEL_COMPOUNDS = Step("label words dropped, in compounds too", without_label_compounds)
