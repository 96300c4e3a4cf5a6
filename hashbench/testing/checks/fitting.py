"""Learning: from what was declared, on a CPU, with what it was given left as it was."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from hashbench.data.views import TrainView
from hashbench.errors import HashbenchError, SupervisionError
from hashbench.tags.table import TagTable
from hashbench.testing.outcome import CheckFailed, CheckSkipped, require, said
from hashbench.testing.subject import Disturbance, Fit, Subject


def check_fit(subject: Subject) -> None:
    """It learns and encodes on a CPU, from 336 pictures (16 where it works on pixels).

    Raises:
        CheckFailed: Something is raised.
    """
    outcome = subject.trial()
    if isinstance(outcome, SupervisionError):
        raise CheckSkipped("it asked for what it did not declare: see check_supervision")
    if not isinstance(outcome, Fit):
        raise CheckFailed(
            f"fit, state, embed or quantize raised {said(outcome)}. Make it work for 32 bits on "
            "hashbench.testing.pictures: fit(pictures().train(...)), then encode(pictures().query())."
        ) from outcome


def check_supervision(subject: Subject) -> None:
    """It asks for the supervision that it declares, and codes do not depend on any other.

    Raises:
        CheckFailed: It asks for more, or codes change with what it did not declare.
    """
    declared, outcome = subject.cls.SUPERVISION, subject.trial()
    if isinstance(outcome, SupervisionError):
        raise CheckFailed(
            f"{said(outcome)}. Learn from what SUPERVISION = {declared.value!r} brings, or declare more."
        ) from outcome
    happened = subject.difference(Disturbance.HIDDEN)
    require(
        not happened,
        f"with other supervision than the declared {declared.value!r} changed, a fit {happened}. "
        "Use view.images and what was declared, and nothing that is found on other ways.",
    )


def check_inputs_unchanged(subject: Subject) -> None:
    """It changes none of the arrays that it is given, and works where they are read-only.

    Raises:
        CheckFailed: It does.
    """
    mutated = subject.reference.mutated
    require(
        not mutated,
        f"fit or encode changed what it was given ({', '.join(mutated)}). Work on a copy: "
        "`features - mean` makes one, `features -= mean` does not.",
    )
    happened = subject.difference(Disturbance.READ_ONLY)
    require(
        not happened,
        f"with read-only arrays, as a run hands them out, a fit {happened}. Copy before you write.",
    )


def check_prepare(subject: Subject) -> None:
    """`prepare` can be called twice, and makes no difference to the codes.

    Raises:
        CheckFailed: It cannot.
    """
    happened = subject.difference(Disturbance.PREPARED)
    require(
        not happened,
        f"after prepare() was called twice, a fit {happened}. Import there what is slow to import; "
        "draw, learn and count nothing.",
    )


def check_bad_input(subject: Subject) -> None:
    """It takes a single training image, or refuses it in one line; not-a-number and no width are refused.

    Raises:
        CheckFailed: Something else than a `HashbenchError` comes out, or more than a line, or nothing.
    """
    subject.reference  # noqa: B018 - without one, nothing can be told
    one = subject.pictures.part(np.arange(1))
    _refuse_or_do(subject, "one training image", lambda: one.train(subject.cls.SUPERVISION), may=True)
    if subject.pictures.inputs == "pixels":
        return
    items = subject.pictures.items
    broken = items.copy()
    broken[3, 5] = np.nan
    nothing = np.zeros((len(items), 0), dtype=np.float32)
    for what, features in (("a feature that is not a number", broken), ("features of no width", nothing)):
        _refuse_or_do(subject, what, partial(_shown, subject, features), may=False)


def _refuse_or_do(
    subject: Subject, what: str, view: Callable[[], TrainView[TagTable]], *, may: bool
) -> None:
    """Fit to bad input.

    Args:
        subject: What is fitted.
        what: The input, in words.
        view: Makes it; the core may refuse it here already.
        may: Whether it may be learnt from, too.
    """
    mend = (
        "Raise hashbench.errors.DataError with a sentence that says what was wrong and what was expected."
    )
    try:
        embedded = subject.fitted(view()).embed(subject.pictures.query())
    except HashbenchError as error:
        if "\n" in str(error) or not str(error):
            raise CheckFailed(f"{what} is refused by {str(error)!r}. Say it in one line.") from error
    except Exception as error:
        raise CheckFailed(f"{what} ends in {said(error)}. {mend}") from error
    else:
        require(may, f"{what} is learnt from as if nothing were wrong. {mend}")
        require(bool(np.isfinite(embedded).all()), f"{what} gives embeddings that are not finite. {mend}")


def _shown(subject: Subject, features: np.ndarray) -> TrainView[TagTable]:
    pictures = subject.pictures
    return pictures.train(subject.cls.SUPERVISION, pictures.view(features))
