"""The names of NUS-WIDE's concepts, as its files spell them."""

from __future__ import annotations

# In the order of Concepts81.txt, which is the alphabet's.
CONCEPTS = (
    *("airport", "animal", "beach", "bear", "birds", "boats", "book", "bridge", "buildings", "cars"),
    *("castle", "cat", "cityscape", "clouds", "computer", "coral", "cow", "dancing", "dog", "earthquake"),
    *("elk", "fire", "fish", "flags", "flowers", "food", "fox", "frost", "garden", "glacier", "grass"),
    *("harbor", "horses", "house", "lake", "leaf", "map", "military", "moon", "mountain", "nighttime"),
    *("ocean", "person", "plane", "plants", "police", "protest", "railroad", "rainbow", "reflection"),
    *("road", "rocks", "running", "sand", "sign", "sky", "snow", "soccer", "sports", "statue", "street"),
    *("sun", "sunset", "surf", "swimmers", "tattoo", "temple", "tiger", "tower", "town", "toy", "train"),
    *("tree", "valley", "vehicle", "water", "waterfall", "wedding", "whales", "window", "zebra"),
)

# By the number of images in Groundtruth/AllLabels, the largest first.
_MOST_FREQUENT = (
    *("sky", "clouds", "person", "water", "animal", "grass", "buildings", "window", "plants", "lake"),
    *("ocean", "road", "flowers", "sunset", "reflection", "rocks", "vehicle", "snow", "tree", "beach"),
    "mountain",
)


def most_frequent(count: int) -> tuple[str, ...]:
    """The concepts that the most images carry, at most 21, in the order of `CONCEPTS`.

    >>> most_frequent(3)
    ('clouds', 'person', 'sky')
    """
    return tuple(sorted(_MOST_FREQUENT[:count]))
