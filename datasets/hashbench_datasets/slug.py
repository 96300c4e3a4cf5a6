"""A file's or folder's name as part of a run's."""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 40


def slug(name: str, otherwise: str) -> str:
    """A name of lower-case letters, digits and hyphens; another one where nothing of it is left.

    >>> slug("Été 2024, Summer!", "photos"), slug("照片", "photos")
    ('ete-2024-summer', 'photos')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", plain)[:_LONGEST].strip("-") or otherwise
