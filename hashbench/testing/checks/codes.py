"""Codes: what they are, how much they take, and whether they find anything."""

from __future__ import annotations

import numpy as np

from hashbench.codes.additive import AdditiveCodes
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.floats import FloatCodes
from hashbench.codes.scalar import ScalarCodes
from hashbench.codes.storage import Codes
from hashbench.errors import HashbenchError
from hashbench.metrics.presets import SUITE
from hashbench.metrics.score import score
from hashbench.ranking.distances import suited
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.ranking.relevance import Relevance
from hashbench.testing.outcome import CheckFailed, CheckSkipped, require, said
from hashbench.testing.subject import BITS, Subject

_KINDS = (BinaryCodes, AdditiveCodes, ScalarCodes, FloatCodes)
# What a method has to reach, in chance levels.
_LEAST = 1.1


def check_codes(subject: Subject) -> None:
    """`embed` gives finite float32 (N, D), and `quantize` one code for each of them.

    Raises:
        CheckFailed: Something else is given.
    """
    fit, query = subject.reference, subject.pictures.query()
    embedded = fit.method.embed(query)
    told = f"{embedded.dtype} {embedded.shape}" if isinstance(embedded, np.ndarray) else str(type(embedded))
    require(
        isinstance(embedded, np.ndarray) and embedded.dtype == np.float32 and embedded.ndim == 2,
        f"embed gave {told}. Return a NumPy array float32 (N, D): .astype(np.float32) makes one.",
    )
    require(
        len(embedded) == len(query) and bool(np.isfinite(embedded).all()),
        f"embed gave {told} for {len(query)} images, or numbers that are not finite. Return a finite row "
        "an image; where a norm or a variance may be zero, divide by something else.",
    )
    require(
        isinstance(fit.query, _KINDS),
        f"quantize gave {type(fit.query).__name__}. Return one of "
        f"{', '.join(kind.__name__ for kind in _KINDS)} of hashbench.codes.",
    )
    require(
        (len(fit.query), len(fit.database)) == (len(query), len(subject.pictures.database())),
        f"quantize gave {len(fit.query)} codes of {len(query)} images. Return one a row of the embeddings, "
        "in their order.",
    )


def check_bits(subject: Subject) -> None:
    """Codes take the bits that they were given, or as many as `bits_for` says.

    Raises:
        CheckFailed: They take another number.
    """
    _spends(subject, BITS, subject.reference.query)
    for bits in subject.bits:
        try:
            codes = subject.fitted(bits=bits).encode(subject.pictures.query())
        except Exception as error:
            raise CheckFailed(
                f"with {bits} bits, it raised {said(error)}. Make codes of context.bits, for every "
                "multiple of 8; where they have a size of their own, say so by overriding bits_for."
            ) from error
        _spends(subject, bits, codes)


def _spends(subject: Subject, bits: int, codes: Codes) -> None:
    expected = subject.build(bits).bits_for(subject.width)
    require(
        expected > 0 and expected % 8 == 0,
        f"bits_for says {expected} bits. Return a positive multiple of 8.",
    )
    require(
        codes.bits == expected and codes.bytes_per_item * 8 == expected,
        f"asked for {bits} bits, it gave codes of {codes.bits}. Expected {expected}: make codes of "
        "context.bits, or override bits_for where they have a size of their own.",
    )


def check_chance(subject: Subject) -> None:
    """It finds more than chance would: mAP@all is above 1.1 times the chance level.

    Raises:
        CheckFailed: It does not.
    """
    fit, pictures = subject.reference, subject.pictures
    if pictures.inputs == "pixels":
        raise CheckSkipped("there are too few pictures as pixels to tell")
    try:
        distances = suited(fit.query, fit.database, fit.method.embed(pictures.query()))[0]
    except HashbenchError as error:
        raise CheckSkipped(f"codes cannot be compared ({said(error)}): see check_codes") from error
    relevance = Relevance.of(pictures.query_labels, pictures.labels)
    reached = score(distances, relevance, [SUITE], NumpyKernel())[SUITE.name].means()
    require(
        reached["map@all"] > _LEAST * reached["chance"],
        f"mAP@all is {reached['map@all']:.3f}, chance {reached['chance']:.3f}. Look whether codes of like "
        "pictures are near each other by the distance that the kind of code is ranked by, whether query "
        "and database are embedded alike, and whether the settings leave time to learn.",
    )
