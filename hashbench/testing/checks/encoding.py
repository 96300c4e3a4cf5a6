"""Encoding: an image's code is its own, and a large database fits into memory."""

from __future__ import annotations

from functools import partial

import numpy as np

from hashbench.data.views import ImageView
from hashbench.methods.method import Method
from hashbench.runs.measure import peak_memory
from hashbench.testing.comparing import equal, meaning, share_differing
from hashbench.testing.outcome import CheckFailed, CheckSkipped, require
from hashbench.testing.subject import Subject

# One product of another shape may round a projection across zero.
_MOST_DIFFERING = 0.01
_PART = 70
_ALONE = 24
_ROWS = 20_000
# Below what an array of rows x rows takes, a byte each: 381 MiB.
_MOST_MIB = 256
_MEND = "Go through the images some hundred or thousand at a time, and keep embeddings and codes only."


def check_batches(subject: Subject) -> None:
    """An image's code does not depend on which images are encoded with it, nor on their order.

    Of the numbers that codes stand for, 1 % may differ, as sums of another shape round otherwise.

    Raises:
        CheckFailed: It does.
    """
    method, pictures = subject.reference.method, subject.pictures
    items, view = pictures.items, pictures.view
    parts = {
        f"in parts of {_PART}": [items[start : start + _PART] for start in range(0, len(items), _PART)],
        "one by one": [items[place : place + 1] for place in range(min(_ALONE, len(items)))],
        "in reverse": [items[::-1].copy()],
    }
    rows = meaning(subject.reference.database)
    for how, given in parts.items():
        found = np.concatenate([meaning(method.encode(view(part))) for part in given])
        expected = rows[::-1] if how == "in reverse" else rows[: len(found)]
        differing = share_differing(found, expected)
        require(
            differing <= _MOST_DIFFERING,
            f"encoded {how}, {differing:.0%} of the codes' numbers are others than encoded at once. Learn "
            "in fit, and not from the images that are encoded: no mean, norm or rank over the batch, and "
            "no dropout (network.eval()).",
        )


def check_encoding_learns_nothing(subject: Subject) -> None:
    """Encoding leaves what was learnt as it was, so that queries teach nothing.

    Raises:
        CheckFailed: The state is another afterwards.
    """
    fit = subject.reference
    before, after = fit.state, fit.method.state()
    changed = [
        name for name in before if name not in after or not np.array_equal(before[name], after[name])
    ]
    again = fit.method.encode(subject.pictures.database())
    told = ", ".join(changed) or "the same images have other codes when they are encoded again"
    require(
        not changed and equal(fit.database, again),
        f"encoding changed what was learnt ({told}). Let embed and quantize read what fit has set, and set "
        "nothing.",
    )


def check_memory(subject: Subject) -> None:
    """Encoding 20,000 images takes 256 MiB at most beyond the features.

    Raises:
        CheckFailed: It takes more, as an array of images x images does.
    """
    fit = subject.reference
    if subject.pictures.inputs == "pixels":
        raise CheckSkipped("20,000 pictures as pixels are not at hand")
    items = subject.pictures.items
    view = subject.pictures.view(np.resize(items, (_ROWS, items.shape[1])))
    encode = partial(_encode, fit.method)
    encode(subject.pictures.view(items))  # what is loaded by the first call does not count
    try:
        held, codes = peak_memory(lambda: encode(view), "cpu")
    except MemoryError as error:
        raise CheckFailed(f"encoding {_ROWS:,} images ran out of memory. {_MEND}") from error
    require(codes == _ROWS, f"{_ROWS:,} images gave {codes:,} codes. Return one an image.")
    require(
        held <= _MOST_MIB << 20,
        f"encoding {_ROWS:,} images took {held >> 20:,} MiB. Expected {_MOST_MIB} or less. {_MEND}",
    )


def _encode(method: Method, images: ImageView) -> int:
    return len(method.encode(images))
