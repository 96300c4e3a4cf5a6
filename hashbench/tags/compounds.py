"""Words that were typed without the spaces between them, and the word list that tells them from others."""

from __future__ import annotations

from functools import cache

from hashbench.tags.embeddings import bundled_words

# Words of the list up to this rank are words, and stay whole: "waterfall", "sandcastle".
KNOWN = 200_000
# Parts are common words, and short parts very common ones, because any letters are somebody's initials.
_COMMON = 30_000
_COMMON_SHORT = 6_000
_SHORT = 3
_SHORTEST, _LONGEST = 8, 64
_INSIDE = frozenset({"of", "and"})


@cache
def ranks() -> dict[str, int]:
    """Rank of each known word by frequency, from 1, in the bundled word vectors' list."""
    return {word: rank for rank, word in enumerate(bundled_words(KNOWN), start=1)}


def split_compound(word: str) -> str:
    """Put the spaces back where one word is several: "goldengatebridge".

    Of all ways to write an unknown word of 8 to 64 letters as common words, the one with the least
    product of ranks is taken (unigram Viterbi: by Zipf's law a word of rank r has a frequency of about
    1/r). Whole numbers make that exact. A part has at least 3 letters; "of" may stand inside,
    and "and" only there.

    Returns:
        The parts joined by spaces, or the word as it is.

    >>> [split_compound(word) for word in ("goldengatebridge", "depthoffield", "waterfall", "xqzvwkjhq")]
    ['golden gate bridge', 'depth of field', 'waterfall', 'xqzvwkjhq']
    """
    if not _SHORTEST <= len(word) <= _LONGEST or word in ranks():
        return word
    parts, longest = _parts()
    # For each prefix that can be split, the least product and where its last part begins.
    best: dict[int, tuple[int, int]] = {0: (1, 0)}
    for start in range(len(word)):
        if start not in best:
            continue
        for end in range(start + 2, min(len(word), start + longest) + 1):
            part = word[start:end]
            rank = parts.get(part)
            if rank is None or (part in _INSIDE and (start == 0 or end == len(word))):
                continue
            product = best[start][0] * rank
            if end not in best or product < best[end][0]:
                best[end] = product, start
    return " ".join(_trace(word, best)) if len(word) in best else word


def _trace(word: str, best: dict[int, tuple[int, int]]) -> list[str]:
    """The parts, from the last one back to the first."""
    parts: list[str] = []
    end = len(word)
    while end:
        start = best[end][1]
        parts.append(word[start:end])
        end = start
    return parts[::-1]


@cache
def _parts() -> tuple[dict[str, int], int]:
    """Words that a compound may consist of with their ranks, and the length of the longest."""
    parts = {word: rank for word, rank in ranks().items() if word.isalpha() and _is_part(word, rank)}
    return parts, max(map(len, parts))


def _is_part(word: str, rank: int) -> bool:
    if len(word) < _SHORT:
        return word in _INSIDE
    return rank <= (_COMMON_SHORT if len(word) == _SHORT else _COMMON)
