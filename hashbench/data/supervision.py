"""What a method may learn from."""

from __future__ import annotations

from enum import StrEnum


class Supervision(StrEnum):
    """The one kind of teacher that a method declares; the leaderboard groups rows by it.

    >>> Supervision("tags").sees_tags, Supervision("tags").sees_labels
    (True, False)
    """

    NONE = "none"
    TAGS = "tags"
    WEB = "web"
    LABELS = "labels"

    @property
    def sees_tags(self) -> bool:
        """Whether the training images' tags are handed out."""
        return self is Supervision.TAGS

    @property
    def sees_web(self) -> bool:
        """Whether a web set is handed out."""
        return self is Supervision.WEB

    @property
    def sees_labels(self) -> bool:
        """Whether the training images' ground truth is handed out."""
        return self is Supervision.LABELS
