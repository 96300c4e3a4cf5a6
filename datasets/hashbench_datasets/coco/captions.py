"""From a sentence to words that can be tags."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]{2,}")
# What holds sentences together and is in every other one; of isn't and the like, what is before the
# apostrophe.
_FUNCTION = """
    about above across after against all along also although am among amongst an and another any
    anything are aren around as at away be because been before behind being below beneath beside
    besides between beyond both but by can cannot could couldn did didn do does doesn doing don down
    during each either else etc every few for from had hadn has hasn have haven having he her here
    hers herself him himself his how however if in inside into is isn it its itself just like many
    may me might more most much must my near neither next no nor not nothing of off on once one ones
    only onto or other others our out outside over own per quite rather same several shall she
    should shouldn since so some someone something somewhere still such than that the their theirs
    them themselves then there these they this those through throughout till to together too toward
    towards under underneath until up upon upside us very via was wasn we were weren what when where
    which while who whom whose why will with within without won would wouldn yet you your
"""
_FUNCTION_WORDS = frozenset(_FUNCTION.split())


def content_words(sentence: str) -> list[str]:
    """The words of two letters or digits and more, as typed, without those that only join others.

    >>> content_words("The man's dog isn't on a skateboard, it's ON the red Sofa.")
    ['man', 'dog', 'skateboard', 'red', 'Sofa']
    """
    return [word for word in _WORD.findall(sentence) if word.lower() not in _FUNCTION_WORDS]
