"""Seeds: the one of the context decides, and nothing else."""

from __future__ import annotations

import numpy as np

from hashbench.testing.comparing import equal
from hashbench.testing.outcome import require
from hashbench.testing.subject import Disturbance, Subject


def check_same_seed(subject: Subject) -> None:
    """The same seed gives the same codes to the bit, whatever was drawn elsewhere.

    Raises:
        CheckFailed: It does not.
    """
    happened = subject.difference(Disturbance.ELSEWHERE)
    require(
        not happened,
        f"a second fit of the same seed {happened}. Derive everything random from the context's seed: "
        "hashbench.training.seeding.numpy_generator(self.context.seed, 'purpose'), and never draw from the "
        "global generators of random, numpy or torch.",
    )


def check_other_seed(subject: Subject) -> None:
    """Another seed changes what is learnt, unless `RANDOM = False` says that nothing is drawn.

    Raises:
        CheckFailed: `RANDOM` is not true.
    """
    reference, query = subject.reference, subject.pictures.query()
    subject.require_repeatable()
    other = subject.fitted(seed=1)
    same = equal(reference.query, other.encode(query)) and _same_state(
        reference.method.state(), other.state()
    )
    if subject.cls.RANDOM:
        require(
            not same,
            "seeds 0 and 1 give equal codes from equal states. Set RANDOM = False on the class, so that "
            "all seeds are one run; or derive what is drawn from context.seed.",
        )
    else:
        require(
            same,
            "RANDOM is False, and seeds 0 and 1 give different codes. Set RANDOM = True, or leave the seed "
            "alone.",
        )


def _same_state(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)
